"""Schemas and the reference of keys are what the models say."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import validate
from snakemake_interface_common.exceptions import WorkflowError

from radflow.config.dataset import DatasetCard
from radflow.config.project import Project
from radflow.config.schema import COMMAND, documents, main, reference, schema
from radflow.config.study import Study

ROOT = Path(__file__).parents[2]
FILES = [
    ("config", "config/config.yaml"),
    ("dataset", "config/datasets/msd-hippocampus.yaml"),
    ("dataset", "config/datasets/phantom-tumour.yaml"),
    ("study", "config/studies/hippocampus.yaml"),
    ("study", "config/studies/phantom-tumour.yaml"),
]


@pytest.mark.parametrize("path", list(documents()), ids=str)
def test_the_files_are_in_step_with_the_models(path: Path) -> None:
    file = ROOT / path
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    assert text == documents()[path], f"{path} is out of step with the models: run `{COMMAND}`"


def test_the_command_writes_every_file(tmp_path: Path) -> None:
    main(tmp_path)
    assert {file.relative_to(tmp_path) for file in tmp_path.rglob("*.*")} == set(documents())


@pytest.mark.parametrize("model", [Project, DatasetCard, Study])
def test_every_object_refuses_unknown_keys(model: Any) -> None:
    made = schema(model)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for part in (made, *made.get("$defs", {}).values()):
        assert part["additionalProperties"] is False


@pytest.mark.parametrize(("name", "path"), FILES)
def test_snakemake_validates_the_shipped_files_with_them(name: str, path: str) -> None:
    record = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    schema_path = str(ROOT / f"workflow/schemas/{name}.schema.json")
    validate(record, schema_path, set_default=False)
    record["nonsense"] = 1
    with pytest.raises(WorkflowError, match="'nonsense' was unexpected"):
        validate(record, schema_path, set_default=False)


def test_the_key_named_title_is_kept_in_the_schema() -> None:
    assert "title" in schema(Study)["properties"]
    assert '"title": "Title"' not in json.dumps(schema(Study))


def test_sections_by_name_tell_which_names_they_take() -> None:
    (row,) = [line for line in reference().splitlines() if line.startswith("| `diagnoses`")]
    assert "`tumour`" in row
    assert ": number, ≥ 0" in row


def test_every_key_of_the_reference_has_a_meaning() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 60
    assert [row for row in rows if row.endswith("|  |")] == []

"""Studies that bring others along."""

from pathlib import Path

import pytest
import yaml
from minimal_study import minimal_study

from radflow.config.load import load_studies
from radflow.errors import ConfigError


def _write_study(folder: Path, name: str, *, beside: dict[str, str], **changes: object) -> None:
    record = minimal_study(**changes).model_dump(mode="json", exclude_defaults=True)
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(record | {"beside": beside}))


def test_studies_bring_those_that_they_stand_beside(tmp_path: Path) -> None:
    _write_study(tmp_path, "a", beside={"b": "why"})
    _write_study(tmp_path, "b", beside={"a": "why", "c": "why"})
    _write_study(tmp_path, "c", beside={})
    _write_study(tmp_path, "d", beside={})
    assert list(load_studies(tmp_path, ["a"])) == ["a", "b", "c"]
    assert list(load_studies(tmp_path, ["d", "c"])) == ["d", "c"]


def test_a_study_without_numbers_can_t_stand_beside_another(tmp_path: Path) -> None:
    _write_study(tmp_path, "a", beside={"look": "why"})
    _write_study(tmp_path, "look", beside={}, task="description", split=None, models={})
    with pytest.raises(ConfigError, match="a: `beside` names look, which trains nothing"):
        load_studies(tmp_path, ["a"])


def test_a_missing_study_beside_another_lists_those_that_exist(tmp_path: Path) -> None:
    _write_study(tmp_path, "a", beside={"gone": "why"})
    with pytest.raises(ConfigError, match="gone"):
        load_studies(tmp_path, ["a"])

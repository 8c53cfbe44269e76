"""One path through the project: rule, script, log and benchmark share one name."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from radflow.config.dataset import INTAKE_KEYS
from radflow.config.layouts import SECTION_LAYOUTS
from radflow.config.load import load_study
from radflow.config.stages import OPTIONAL_KEYS
from radflow.config.study import Study

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "workflow"
SCRIPTS = sorted((WORKFLOW / "scripts").glob("*.py"))
MOST_LINES_OF_A_SCRIPT = 40
MOST_LINES_OF_THE_SNAKEFILE = 60
ORDER = (
    *("input", "output", "log", "benchmark", "wildcard_constraints", "conda", "threads"),
    *("resources", "params", "message", "shell", "script"),
)


def rules() -> dict[str, dict[str, str]]:
    """Read the rules from their files: name to the text of each directive."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted((WORKFLOW / "rules").glob("*.smk")):
        for block in re.split(r"^rule ", file.read_text(encoding="utf-8"), flags=re.M)[1:]:
            name, body = block.split(":", 1)
            parts = re.split(r"^    (\w+):", body, flags=re.M)
            found[name] = dict(zip(parts[1::2], parts[2::2], strict=True))
    return found


RULES = rules()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_shares_its_name_with_script_log_and_benchmark(name):
    rule = RULES[name]
    if name == "train":
        assert '"python -m radflow.training ' in rule["shell"]
    else:
        assert rule["script"].strip() == f'"../scripts/{name}.py"'
        assert (WORKFLOW / "scripts" / f"{name}.py").is_file()
    assert rule["log"].strip().startswith(f'"logs/{name}/')
    assert rule["benchmark"].strip().startswith(f'"logs/benchmarks/{name}/')


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_everything_in_one_order(name):
    given = list(RULES[name])
    assert given == [each for each in ORDER if each in given]
    assert set(ORDER) - set(given) <= {"input", "wildcard_constraints", "script", "shell"}


@pytest.mark.parametrize("name", RULES)
def test_inputs_and_outputs_are_named_and_files(name):
    for kind in ("input", "output"):
        text = RULES[name].get(kind, "")
        assert all(re.match(r"\w+=", line.strip()) for line in text.splitlines() if is_entry(line))
        assert "directory(" not in text


def is_entry(line: str) -> bool:
    return re.match(r" {8}[^ )]", line) is not None


@pytest.mark.parametrize("name", sorted(set(RULES) - {"versions"}))
def test_a_rule_carries_the_version_of_its_code(name):
    assert f'code=code("{name}")' in RULES[name]["params"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_are_thin_and_belong_to_a_rule(script):
    text = script.read_text(encoding="utf-8")
    assert script.stem in RULES
    assert len(text.splitlines()) <= MOST_LINES_OF_A_SCRIPT
    assert "with step(snakemake.log[0]):" in text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_name_the_modules_they_import_so_that_their_code_is_known(script):
    text = script.read_text(encoding="utf-8")
    for module in re.findall(r"^from radflow(?:\.([\w.]+))? import", text, flags=re.M):
        base = ROOT / "src/radflow" / module.replace(".", "/")
        assert base.with_suffix(".py").is_file(), f"{script.name} must import from modules"
    assert "import radflow" not in text


def test_the_snakefile_is_configuration_includes_and_targets():
    text = (ROOT / "Snakefile").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES_OF_THE_SNAKEFILE
    assert "lambda" not in text
    assert "def " not in text


def test_every_rule_is_a_stage_of_dvc_with_its_script():
    stages = stage_texts()
    assert set(stages) == set(RULES)
    for name, stage in stages.items():
        assert f"${{run}} {name} " in stage["cmd"]
        script = "workflow/rules/train.smk" if name == "train" else f"workflow/scripts/{name}.py"
        assert script in stage["deps"] or name == "versions"
        assert "persist" not in str(stage)


def stage_texts() -> dict[str, dict]:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    stages = yaml.safe_load(text)["stages"]
    return {name: stage.get("do", stage) for name, stage in stages.items()}


def test_stages_depend_on_the_version_of_their_code():
    for name, stage in stage_texts().items():
        if name != "versions":
            assert {"results/versions.json": [name]} in stage["params"]


def test_the_stage_of_intake_watches_all_that_intake_depends_on():
    file, keys = next(iter(stage_texts()["intake"]["params"][0].items()))
    assert file == "config/datasets/${key}.yaml"
    plain = {key for key in keys if not key.startswith("$")}
    filled = {key.removeprefix("${item.").removesuffix("}") for key in set(keys) - plain}
    assert filled == {"section", *OPTIONAL_KEYS}
    assert plain | set(OPTIONAL_KEYS) | {"phantom", *SECTION_LAYOUTS} == set(INTAKE_KEYS)


STUDIES = sorted(path.stem for path in (ROOT / "config/studies").glob("*.yaml"))


@pytest.mark.parametrize("name", STUDIES)
def test_the_files_of_studies_write_every_section_that_dvc_watches(name):
    """DVC can't watch a key that is left to its default: write it, empty if need be."""
    if load_study(ROOT / "config/studies", name).describes:
        return  # its one stage watches the file as a whole
    written = yaml.safe_load((ROOT / f"config/studies/{name}.yaml").read_text(encoding="utf-8"))
    missing = set(Study.model_fields) - set(written)
    assert not missing, f"{name}.yaml: add {', '.join(f'{key}: {{}}' for key in missing)}"


@pytest.mark.workflow
def test_the_workflow_is_linted(project):
    assert "good condition" in project.snakemake("--lint")


@pytest.mark.workflow
def test_the_rules_are_formatted(project):
    project.run(sys.executable, "-m", "snakefmt", "--check", "Snakefile", "workflow")

"""One path through the project: rule, script, log and benchmark share one name.

A step that each family of tasks does its own way has one rule, and a script of its name in the
folder of each family.
"""

import re
import sys
from pathlib import Path
from typing import get_args

import pytest
import yaml

from radflow.config.dataset import INTAKE_KEYS
from radflow.config.layouts import SECTION_LAYOUTS
from radflow.config.load import load_study
from radflow.config.stages import OPTIONAL_KEYS, OPTIONAL_STUDY_KEYS
from radflow.config.study import Study
from radflow.config.task import Task
from radflow.provenance import closure

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "workflow"
SCRIPTS = sorted((WORKFLOW / "scripts").rglob("*.py"))
FAMILIES = sorted(set(get_args(Task)) - {"description"})
# Programs, no scripts: the rule to the module and its arguments, and the file of its rule.
PROGRAMS = {"train": "training", "trial": "search trial", "repeat": "search repeat"}
RULES_OF = {"train": "train", "trial": "search", "repeat": "search"}
OF_FAMILIES = {path.stem for path in SCRIPTS if path.parent.name in FAMILIES} | set(PROGRAMS)
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


def name_of(script: Path) -> str:
    return script.relative_to(WORKFLOW / "scripts").as_posix()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_shares_its_name_with_script_log_and_benchmark(name):
    rule = RULES[name]
    if name in PROGRAMS:
        assert f'"python -m radflow.{PROGRAMS[name]} ' in rule["shell"]
    else:
        folder = "{params.task}/" if name in OF_FAMILIES else ""
        assert rule["script"].strip() == f'"../scripts/{folder}{name}.py"'
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
        entries = (line.strip() for line in text.splitlines() if is_entry(line))
        # `unpack` takes names and files from a function.
        assert all(re.match(r"\w+=|unpack\(", entry) for entry in entries)
        assert "directory(" not in text


def is_entry(line: str) -> bool:
    return re.match(r" {8}[^ )]", line) is not None


@pytest.mark.parametrize("name", sorted(set(RULES) - {"versions"}))
def test_a_rule_carries_the_version_of_its_code(name):
    of = "code_of" if name in OF_FAMILIES else "code"
    assert f'code={of}("{name}")' in RULES[name]["params"]
    assert ('task=of_study("task")' in RULES[name]["params"]) == (name in OF_FAMILIES)


def test_each_family_has_a_script_or_a_module_for_each_step_that_families_do_their_own_way():
    written = {path.relative_to(WORKFLOW / "scripts").as_posix() for path in SCRIPTS}
    own = {f"{family}/{name}.py" for family in FAMILIES for name in OF_FAMILIES - set(PROGRAMS)}
    common = {f"{name}.py" for name in set(RULES) - OF_FAMILIES}
    assert written == own | common
    for family in FAMILIES:
        assert (ROOT / f"src/radflow/training/{family}.py").is_file()


def test_the_workflow_knows_the_same_families_and_steps_of_theirs():
    common = (WORKFLOW / "rules/common.smk").read_text(encoding="utf-8")
    (families,) = re.findall(r"^FAMILIES = (.*)$", common, flags=re.M)
    (steps,) = re.findall(r"^OF_FAMILIES = (.*)$", common, flags=re.M)
    assert sorted(re.findall(r'"(\w+)"', families)) == FAMILIES
    (programs,) = re.findall(r"^PROGRAMS = {(.*?)^}", common, flags=re.M | re.S)
    assert re.findall(r'"(\w+)":', programs) == list(PROGRAMS)
    assert {*re.findall(r'"(\w+)"', steps), *PROGRAMS} == OF_FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_depends_on_no_module_of_another(family):
    """The version of a step's code covers what it imports: other families must not change it."""
    others = set(FAMILIES) - {family}
    scripts = [path for path in SCRIPTS if path.parent.name == family]
    modules = {
        f"radflow.{module}"
        for script in scripts
        for module in re.findall(r"^from radflow\.([\w.]+) import", script.read_text("utf-8"), re.M)
    }
    reached = closure(*sorted(modules), f"radflow.training.{family}")
    strangers = [name for name in reached if set(name.split(".")) & others]
    # Configuration is one: a study's file is read whole, whatever its task.
    assert [name for name in strangers if not name.startswith("radflow.config.")] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_scripts_are_thin_and_belong_to_a_rule(script):
    text = script.read_text(encoding="utf-8")
    assert script.stem in RULES
    assert len(text.splitlines()) <= MOST_LINES_OF_A_SCRIPT
    assert "with step(snakemake.log[0]):" in text


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
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
        folder = "${item.task}/" if name in OF_FAMILIES else ""
        script = f"workflow/scripts/{folder}{name}.py"
        wanted = f"workflow/rules/{RULES_OF[name]}.smk" if name in PROGRAMS else script
        assert wanted in stage["deps"] or name == "versions"
        assert "persist" not in str(stage)


def stage_texts() -> dict[str, dict]:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    stages = yaml.safe_load(text)["stages"]
    return {name: stage.get("do", stage) for name, stage in stages.items()}


def test_stages_depend_on_the_version_of_their_code():
    for name, stage in stage_texts().items():
        if name != "versions":
            version = f"${{item.task}}.{name}" if name in OF_FAMILIES else name
            assert {"results/versions.json": [version]} in stage["params"]


def test_the_stage_of_intake_watches_all_that_intake_depends_on():
    file, keys = next(iter(stage_texts()["intake"]["params"][0].items()))
    assert file == "config/datasets/${key}.yaml"
    plain = {key for key in keys if not key.startswith("$")}
    filled = {key.removeprefix("${item.").removesuffix("}") for key in set(keys) - plain}
    assert filled == {"section", *OPTIONAL_KEYS}
    assert plain | set(OPTIONAL_KEYS) | {"phantom", *SECTION_LAYOUTS} == set(INTAKE_KEYS)


STUDIES = sorted(path.stem for path in (ROOT / "config/studies").glob("*.yaml"))


def watched_keys() -> set[str]:
    """Name the keys of a study's file that stages watch one by one, as they stand in `dvc.yaml`."""
    return {
        key.split(".")[0] if not key.startswith("$") else key
        for stage in stage_texts().values()
        for entry in stage.get("params", [])
        for key in entry.get("config/studies/${key}.yaml") or []
    }


def test_stages_watch_every_key_of_a_study_that_decides_a_result():
    plain = {key for key in watched_keys() if not key.startswith("$")}
    filled = {key.removeprefix("${item.").removesuffix("}") for key in watched_keys() - plain}
    assert filled == set(OPTIONAL_STUDY_KEYS)
    # Of these the report alone is made, whose stage watches the file as a whole.
    told = {"title", "question", "report", "beside"}
    assert plain | filled == set(Study.model_fields) - told


@pytest.mark.parametrize("name", STUDIES)
def test_the_files_of_studies_write_every_section_that_dvc_watches(name):
    """DVC can't watch a key that is left to its default: write it, empty if need be."""
    if load_study(ROOT / "config/studies", name).describes:
        return  # its one stage watches the file as a whole
    written = yaml.safe_load((ROOT / f"config/studies/{name}.yaml").read_text(encoding="utf-8"))
    watched = {key for key in watched_keys() if not key.startswith("$")}
    # The stage `explain` stands for those studies alone that have these sections.
    missing = watched - {"explain", "target"} - set(written)
    assert not missing, f"{name}.yaml: add {', '.join(f'{key}: {{}}' for key in missing)}"


@pytest.mark.workflow
def test_the_workflow_is_linted(project):
    assert "good condition" in project.snakemake("--lint")


@pytest.mark.workflow
def test_the_rules_are_formatted(project):
    project.run(sys.executable, "-m", "snakefmt", "--check", "Snakefile", "workflow")

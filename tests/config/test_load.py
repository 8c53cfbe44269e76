"""Configuration files are read strictly, and every problem of a file is told at once."""

from pathlib import Path

import pytest
import yaml

from radflow.config.base import Section
from radflow.config.dataset import DatasetCard
from radflow.config.load import load, load_card, load_project, load_study
from radflow.config.study import Study
from radflow.errors import ConfigError

ROOT = Path(__file__).parents[2]

STUDY = """\
title: T
question: Q
dataset: d
task: segmentation
split:
  key: k
  folds: 5
models:
  unet:
    training:
      learning_rate: 0.003
      compile: "on"
      budget: {steps: 100}
"""


class Small(Section):
    """A small file."""

    word: str = ""
    number: float = 0.0
    whole: int = 0
    flag: bool = False


def _load(tmp_path: Path, text: str, model: type[Section] = Study) -> Section:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, model)


def _problems(tmp_path: Path, text: str, model: type[Section] = Study) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text, model)
    first, *problems = str(caught.value).splitlines()
    assert first.startswith(f"{tmp_path / 'x.yaml'} has ")
    return [problem.strip() for problem in problems]


SHIPPED = sorted(file.stem for file in (ROOT / "config/studies").glob("*.yaml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_study_stands_beside_others_that_are_there(name: str) -> None:
    study = load_study(ROOT / "config/studies", name)
    load_card(ROOT / "config/datasets", study.dataset)
    assert set(study.beside) <= set(SHIPPED) - {name}


def test_the_quick_start_asks_for_studies_that_are_there() -> None:
    assert set(load_project(ROOT / "config/config.yaml").studies) <= set(SHIPPED)


def test_the_lesson_of_the_leak_differs_from_its_study_by_the_split_alone() -> None:
    fair, leak = (
        load_study(ROOT / "config/studies", name)
        for name in ("brain-tumour-type", "brain-tumour-type-leak")
    )
    for key in ("dataset", "target", "input", "plan", "preprocess", "patches"):
        assert getattr(leak, key) == getattr(fair, key), key
    assert leak.models == {name: fair.models[name] for name in leak.models}
    assert leak.split is not None
    assert leak.split.column is None


def test_dementia_with_two_and_three_classes_asks_the_same_network_of_the_same_subjects() -> None:
    three, two = (
        load_study(ROOT / "config/studies", name) for name in ("dementia", "dementia-pair")
    )
    for key in ("dataset", "split", "input", "plan", "preprocess", "patches", "models"):
        assert getattr(two, key) == getattr(three, key), key


def test_all_problems_come_in_one_message_with_line_and_path(tmp_path: Path) -> None:
    text = STUDY.replace("folds: 5", "fold: 5\n  test_share: 1.5").replace(
        "steps: 100", "step: 100"
    )
    assert _problems(tmp_path, text) == [
        "line 8: `split.test_share`: must be less than 0.9, got 1.5",
        "line 7: `split.fold` is an unknown key; did you mean `folds`?",
        "line 14: `models.unet.training.budget.step` is an unknown key; did you mean `steps`?",
    ]


def test_an_unknown_key_without_a_near_one_lists_the_valid_keys(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, STUDY.replace("folds: 5", "zzz: 5"))
    assert problem == (
        "line 7: `split.zzz` is an unknown key; "
        "the keys here are key, test_share, folds, column, test_values, similar_images, apart_from"
    )


def test_a_key_with_a_hyphen_or_capitals_is_suggested_in_its_form(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, STUDY.replace("learning_rate", "Learning-Rate"))
    assert problem.endswith("did you mean `learning_rate`?")


def test_a_model_may_have_the_name_of_a_section(tmp_path: Path) -> None:
    (problem,) = _problems(
        tmp_path, STUDY.replace("unet:", "network:").replace("training", "trainin")
    )
    assert problem.endswith("`models.network.trainin` is an unknown key; did you mean `training`?")


def test_a_key_of_one_section_among_several_is_suggested(tmp_path: Path) -> None:
    card = (ROOT / "config/datasets/msd-hippocampus.yaml").read_text(encoding="utf-8")
    (problem,) = _problems(tmp_path, card.replace("note:", "notes:"), DatasetCard)
    assert problem.endswith("`sources.1.notes` is an unknown key; did you mean `note`?")


def test_a_list_that_is_too_short_is_told(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, STUDY + "plan: {patch_size: [40, 56]}\n")
    assert problem == "line 14: `plan.patch_size.2` is missing"


def test_missing_keys_are_described(tmp_path: Path) -> None:
    problems = _problems(tmp_path, STUDY.replace("title: T\n", "").replace("  key: k\n", ""))
    assert problems == [
        "`title` is missing: title of the report",
        "line 5: `split.key` is missing: key of the hash of subject ids",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("word: 5", "`word`: must be a valid string, got 5 (put it in quotes)"),
        ("number: '5'", '`number`: must be a valid number, got "5"'),
        ("number: true", "`number`: must be a valid number, got true"),
        ("number: .nan", "`number`: must be a finite number, got NaN"),
        ("whole: 010", '`whole`: must be a valid integer, got "010"'),
        ("whole: 1.5", "`whole`: must be a valid integer, got 1.5"),
        ("flag: yes", '`flag`: must be a valid boolean, got "yes"'),
        ("number: [1, 2]", "`number`: must be a valid number, got [1, 2]"),
        ("whole: {a: 1}", '`whole`: must be a valid integer, got {"a": 1}'),
    ],
)
def test_a_wrong_type_is_told_with_value_and_expected_type(
    tmp_path: Path, line: str, message: str
) -> None:
    (problem,) = _problems(tmp_path, line, Small)
    assert problem.startswith(f"line 1: {message}")


def test_long_values_are_cut(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, f"number: {'x' * 500}", Small)
    assert len(problem) < 130


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 1e-3), ("1E5", 1e5), ("-2.5e+1", -25.0), (".5", 0.5), ("3", 3.0), ("1_000", 1000.0)],
)
def test_numbers_are_read_as_a_person_means_them(tmp_path: Path, text: str, value: float) -> None:
    assert _load(tmp_path, f"number: {text}", Small) == Small(number=value)


@pytest.mark.parametrize("text", ["on", "off", "yes", "no", "2026-01-01", "1:30", "010", "0x1F"])
def test_words_and_dates_stay_text(tmp_path: Path, text: str) -> None:
    assert _load(tmp_path, f"word: {text}", Small) == Small(word=text)


def test_words_that_yaml_1_1_reads_as_booleans_reach_the_model(tmp_path: Path) -> None:
    study = _load(tmp_path, STUDY.replace('"on"', "on"))
    assert isinstance(study, Study)
    assert study.models["unet"].training.compile == "on"


def test_duplicate_keys_are_all_told(tmp_path: Path) -> None:
    text = STUDY.replace("  folds: 5", "  key: j\n  folds: 5") + "title: again\n"
    assert _problems(tmp_path, text) == [
        "line 15: `title` stands twice, first in line 1; remove one",
        "line 7: `split.key` stands twice, first in line 6; remove one",
    ]


def test_class_numbers_written_in_two_ways_are_duplicates(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, "classes: {1: a, '1': b}", DatasetCard)
    assert "`classes.1` stands twice" in problem


def test_a_class_number_that_is_none_is_told(tmp_path: Path) -> None:
    card = (ROOT / "config/datasets/msd-hippocampus.yaml").read_text(encoding="utf-8")
    (problem,) = _problems(tmp_path, card.replace("{0: back", "{x: back"), DatasetCard)
    assert "`classes.x`: must be a valid integer" in problem


def test_tabs_are_explained(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, STUDY.replace("  key: k", "\tkey: k"))
    assert problem == "line 6: a tab; YAML is indented with spaces, replace the tab"


def test_a_few_aliases_are_read(tmp_path: Path) -> None:
    study = _load(tmp_path, STUDY.replace("title: T", "title: &t T").replace(": Q", ": *t"))
    assert isinstance(study, Study)
    assert study.question == "T"


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
    )
    (problem,) = _problems(tmp_path, bomb)
    assert problem.startswith("line 4: more than 20 aliases (`*name`); write")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty; it must hold keys and values: title, question"),
        ("# nothing\n", "the file is empty"),
        ("- 1\n", "the file holds a list"),
        ("a: *b\n", "line 1: found undefined alias 'b'; no `&name` stands before it"),
        ("a: &a [*a]\n", "an alias (`*name`) stands within the value it names"),
        ("a: " + "[" * 2000 + "]" * 2000, "line 1: nested more than 50 levels deep"),
        ("a: !!python/object/apply:os.system [x]\n", "line 1: the tag !!python/object/apply:os"),
        ("a: !!set {x}\n", "line 1: the tag !!set is not read"),
        ("a: &a {b: 1}\nc:\n  <<: *a\n", "line 3: merge keys (`<<`) are not read"),
        ("[a]: 1\n", "line 1: a key must be one word or number"),
        ("a: b: c\n", "line 1, column 5: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: but found another document"),
        ("a: \x00\n", "not YAML: unacceptable character #x0000"),
    ],
)
def test_what_is_no_plain_yaml_is_explained(tmp_path: Path, text: str, message: str) -> None:
    assert _problems(tmp_path, text)[0].startswith(message)


def test_a_rule_of_a_model_is_told_in_its_own_words(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, STUDY.replace("steps: 100", "steps: 100, epochs: 1"))
    assert problem.endswith("budget`: a budget names exactly one of steps, epochs, minutes")


def test_a_missing_file_lists_those_that_exist(tmp_path: Path) -> None:
    (tmp_path / "brain.yaml").touch()
    (tmp_path / "liver.yaml").touch()
    with pytest.raises(
        ConfigError, match=r"holds brain\.yaml, liver\.yaml; did you mean liver\.yaml"
    ):
        load_study(tmp_path, "livr")
    with pytest.raises(ConfigError, match="holds no YAML file"):
        load_card(tmp_path / "none", "livr")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a b", "a;b", "ä"])
def test_names_that_could_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="is no name of a study"):
        load_study(tmp_path, name)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes("title: é".encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(path, Study)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        load(tmp_path, Study)


def test_reading_does_not_change_the_safe_loader_of_others() -> None:
    assert yaml.safe_load("on") is True
    assert yaml.safe_load("1e-3") == "1e-3"

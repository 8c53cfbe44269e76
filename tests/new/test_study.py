"""A new study asks a first question that its data can answer."""

import json
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radflow.config import strict_yaml
from radflow.config.study import Study
from radflow.errors import ConfigError
from radflow.new.found import Found
from radflow.new.splits import LEAST_SUBJECTS, split_for
from radflow.new.study import study_text, task_for
from radflow.parts import assign, part_names


def found(subjects: int = 40, **changes) -> Found:
    values = {"classes": {0: "background", 1: "a"}, **changes}
    ids = tuple(f"s{number}" for number in range(subjects))
    return Found("msd", subjects, ids, ("T1",), "MR", **values)


def loaded(text: str) -> Study:
    return Study.model_validate_json(json.dumps(strict_yaml.parse(text)[0]))


@settings(max_examples=60, deadline=None)
@given(st.integers(LEAST_SUBJECTS, 90), st.text("abc-", min_size=1, max_size=9))
def test_no_part_of_the_split_is_empty(count, name):
    subjects = [f"sub-{number}" for number in range(count)]
    rules = split_for(name, subjects)
    sizes = Counter(assign(subject, rules) for subject in subjects)
    assert min(sizes[part] for part in part_names(rules.folds)) >= 2


def test_more_subjects_make_more_folds_and_the_key_is_the_name_where_it_can_be():
    few, many = (split_for("toy", [str(n) for n in range(count)]) for count in (12, 200))
    assert (few.folds, many.folds) == (3, 5)
    assert many.key == "toy"


def test_a_segmentation_trains_a_small_network_and_keeps_the_test_part_locked():
    study = loaded(study_text("toy", found(), task="segmentation"))
    assert study.models["unet"].network.channels == (16, 32)
    assert study.models["unet"].augmentation.mirror_axes == (0,)
    assert study.evaluation.test == "locked"
    assert study.question == "How well does a 3D U-Net outline a?"


def test_classes_with_sides_are_not_mirrored():
    classes = {0: "background", 1: "Left kidney", 2: "b", 3: "c"}
    study = loaded(study_text("toy", found(classes=classes), task="segmentation"))
    assert study.models["unet"].augmentation.mirror_axes == ()
    assert study.question.endswith("outline Left kidney, b and c?")


def test_a_description_has_neither_split_nor_models():
    study = loaded(study_text("toy", found(2, classes={}), task="description"))
    assert study.describes


@pytest.mark.parametrize(
    ("data", "problem"),
    [(found(LEAST_SUBJECTS - 1), "at least 10 subjects.*have 9"), (found(classes={}), "none were")],
)
def test_a_segmentation_that_can_not_be_is_refused_with_the_way_out(data, problem):
    with pytest.raises(ConfigError, match=problem) as caught:
        study_text("toy", data, task="segmentation")
    assert "--task description" in str(caught.value)


def classed(counts, **changes) -> Found:
    """Make pictures with so many subjects of each class."""
    names = [name for name, count in counts.items() for _ in range(count)]
    of = {f"s{number}": frozenset([name]) for number, name in enumerate(names)}
    values = {"classes": {}, "targets": tuple(sorted(counts)), "classes_of": of, "flat": True}
    return Found("images", len(of), tuple(of), ("image",), "other", **values | changes)


def test_data_choose_their_task_outlines_before_classes_before_description():
    both = found(targets=("a", "b"), classes_of={f"s{n}": frozenset("ab") for n in range(40)})
    assert task_for(both) == "segmentation"
    assert task_for(classed({"a": 9, "b": 9})) == "classification"
    assert task_for(found(LEAST_SUBJECTS - 1)) == "description"
    assert task_for(classed({"a": 9, "b": 3})) == "description"
    assert task_for(found(classes={})) == "description"


def test_two_classes_are_binary_with_the_negative_first():
    study = loaded(study_text("toy", classed({"Glioma": 20, "Normal": 20}), task="classification"))
    assert (study.target.kind, study.target.classes) == ("binary", ("Normal", "Glioma"))
    assert study.question == "How well does a 2D network tell Glioma and Normal apart?"
    assert study.models["cnn"].network.name == "cnn"
    assert study.evaluation.test == "locked"


def test_volumes_get_a_3d_network_and_see_the_whole_image():
    text = study_text("toy", classed({"a": 9, "b": 9, "c": 9}, flat=False), task="classification")
    study = loaded(text)
    assert (study.target.kind, study.input.view) == ("multi-class", "whole")
    assert "3D network" in study.question
    assert len(study.models["cnn"].network.channels) == 4
    assert "# subjects of each: a 9, b 9, c 9" in text


def test_classes_of_different_size_are_drawn_alike():
    def balance(**counts):
        text = study_text("toy", classed(counts), task="classification")
        return loaded(text).models["cnn"].training.balance

    assert (balance(a=30, b=9), balance(a=12, b=9)) == ("sampling", "none")


def test_classes_that_name_sides_are_not_mirrored():
    text = study_text("toy", classed({"left": 9, "right": 9}), task="classification")
    assert loaded(text).models["cnn"].augmentation.mirror_axes == ()


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 40), st.integers(8, 40))
def test_every_part_of_the_split_has_each_class(one, other):
    data = classed({"a": one, "b": other})
    rules = split_for("toy", data.subjects, data.classes_of)
    parts = defaultdict(set)
    for subject, names in data.classes_of.items():
        parts[assign(subject, rules)] |= names
    assert all(parts[part] == {"a", "b"} for part in part_names(rules.folds))


def test_a_column_of_folds_is_the_split_of_a_new_study():
    data = classed({"a": 9, "b": 9}, folds={"fold": ("1", "2", "3")})
    study = loaded(study_text("toy", data, task="classification"))
    assert (study.split.column, study.split.folds, study.folds) == ("fold", 3, "all")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (classed({"a": 20}), "a class of each case .*none were found"),
        (classed({"a": 4, "b": 5}), "at least 10 subjects .*have 9"),
        (classed({"a": 20, "b": 3}), "at least 4 subjects of each class.*'b' has 3"),
    ],
)
def test_a_classification_that_can_not_be_is_refused_with_the_way_out(data, problem):
    with pytest.raises(ConfigError, match=problem) as caught:
        study_text("toy", data, task="classification")
    assert "--task description" in str(caught.value)

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radflow.config import strict_yaml
from radflow.config.study import Study
from radflow.errors import ConfigError
from radflow.new.found import Found
from radflow.new.study import LEAST_SUBJECTS, split_for, study_text
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

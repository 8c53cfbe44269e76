from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from radflow.datasets.checks.listing import Candidate, Mark
from radflow.datasets.checks.presence import label_presence, listed_presence

MARK = Mark("point", "voxel", (0, 0, 0), (0, 0, 0))


def candidate(**changes):
    return replace(Candidate("case_1", "case_1", (), None, target="tumour"), **changes)


def label(voxels, classes=(0, 1)):
    array = np.zeros((4, 4, 4), np.uint8)
    array.flat[:voxels] = 1
    return SimpleNamespace(array=array, classes=classes)


@pytest.mark.parametrize(
    ("positive", "voxels", "said"),
    [(True, 0, "a lesion (class 'tumour'"), (False, 7, "no lesion (class 'tumour'")],
)
def test_a_label_map_that_contradicts_the_sheet_stops_with_both(positive, voxels, said):
    (finding,) = label_presence(candidate(positive=positive), label(voxels))
    assert (finding.rule, finding.fault, finding.level) == ("label-presence", 45, "STOP")
    assert finding.message.startswith("case_1 (label): the sheet says " + said)
    assert f"the label map has {voxels} voxels" in finding.message


@pytest.mark.parametrize(("positive", "voxels"), [(True, 7), (False, 0), (None, 0), (None, 7)])
def test_a_label_map_that_agrees_is_accepted(positive, voxels):
    assert label_presence(candidate(positive=positive), label(voxels)) == []


def test_organs_in_the_label_map_do_not_contradict_a_case_without_lesion():
    assert label_presence(candidate(positive=False), label(7, (0, 1, 2))) == []
    assert len(label_presence(candidate(positive=True), label(0, (0, 1, 2)))) == 1


def test_no_label_map_contradicts_nothing():
    assert label_presence(candidate(positive=True), None) == []


@pytest.mark.parametrize(
    ("target", "marks", "said"), [("tumour", (), "says a lesion"), ("none", (MARK,), "no lesion")]
)
def test_a_class_that_contradicts_the_listed_lesions_stops(target, marks, said):
    case = candidate(target=target, marks=marks)
    (finding,) = listed_presence(case, "none", marked=True)
    assert (finding.rule, finding.fault, finding.level) == ("lesion-presence", 45, "STOP")
    assert said in finding.message
    assert f"listed are {len(marks)}" in finding.message


def test_classes_that_say_nothing_of_lesions_contradict_nothing():
    assert listed_presence(candidate(), None, marked=True) == []
    assert listed_presence(candidate(), "none", marked=False) == []
    assert listed_presence(candidate(target=""), "none", marked=True) == []
    assert listed_presence(candidate(marks=(MARK,)), "none", marked=True) == []

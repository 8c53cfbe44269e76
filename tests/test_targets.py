"""Classes as codes and back; cases of no class are refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from radflow.config.classification import TargetRules
from radflow.datasets.cases import Case
from radflow.errors import IntakeError
from radflow.targets import Target

CLASSES = ("a", "b", "c")


def target(**rules: Any) -> Target:
    return Target(TargetRules.model_validate({"classes": CLASSES, **rules}))


def case(value: str, name: str = "x", **covariates: str) -> Case:
    return Case(
        case=name,
        subject=name,
        images=(Path("x.nii.gz"),),
        label=None,
        shape=(4, 4, 1),
        spacing_mm=(1.0, 1.0, 1.0),
        orientation="RAS",
        image_sha256=("0" * 64,),
        label_sha256=None,
        label_voxels={},
        target=value,
        covariates=covariates,
    )


@pytest.mark.parametrize("kind", ["multi-class", "ordinal"])
def test_the_code_of_one_class_is_its_place(kind: str) -> None:
    codes = [target(kind=kind).code_of(case(name)) for name in CLASSES]
    assert codes == [0, 1, 2]
    np.testing.assert_array_equal(target(kind=kind).multi_hot(codes), np.eye(3))


@given(st.lists(st.sampled_from(CLASSES)))
def test_several_classes_are_a_bit_each_and_come_back(names: list[str]) -> None:
    of = target(kind="multi-label")
    code = of.code_of(case(" ; ".join(names)))
    (hot,) = of.multi_hot([code]).astype(bool)
    assert {name for name, given in zip(CLASSES, hot, strict=True) if given} == set(names)
    assert code == sum(2 ** CLASSES.index(name) for name in set(names))


def test_no_class_at_all_is_an_answer_where_there_may_be_several_and_none_elsewhere() -> None:
    assert target(kind="multi-label").code_of(case("")) == 0
    assert target().names_of(case("")) is None


def test_another_column_holds_the_classes_where_the_study_says_so() -> None:
    assert target(column="grade").code_of(case("a", grade="c")) == 2
    with pytest.raises(IntakeError, match="no class of the study in 'grade'"):
        target(column="grade").code_of(case("a"))


def test_a_separator_of_one_s_own_divides_classes() -> None:
    assert target(kind="multi-label", separator="|").code_of(case("a|c")) == 0b101


def test_all_strangers_are_counted_and_the_first_named() -> None:
    cases = [case("a", "one"), case("x", "two"), case("", "three")]
    with pytest.raises(IntakeError, match=r"2 cases .*two \('x'\), three \(''\).*leave-out"):
        target().select(cases)
    assert [kept.case for kept in target(others="leave-out").select(cases)] == ["one"]


def test_one_unknown_name_among_several_makes_a_stranger() -> None:
    assert target(kind="multi-label").names_of(case("a;z")) is None


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"classes": ("a", "a")}, "each needs a name of its own"),
        ({"classes": ("a", "")}, "each needs a name of its own"),
        ({"classes": ("a",)}, "multi-class needs at least 2 classes"),
        ({"kind": "binary"}, r"binary needs exactly 2 classes, got \['a', 'b', 'c'\]"),
        ({"kind": "binary", "classes": ("a",)}, "binary needs exactly 2 classes"),
    ],
)
def test_classes_that_do_not_fit_their_kind_are_refused(
    rules: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        target(**rules)

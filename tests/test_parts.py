"""Parts that a column fixes: every subject is in exactly one, whatever the order of the rows."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selected import make_case

from radflow.config.split import SplitRules
from radflow.datasets.cases import Case
from radflow.errors import LeakError
from radflow.parts import (
    TEST,
    assign,
    fixed_parts,
    fold_name,
    fold_number,
    hashed_parts,
    part_names,
)


def rules_of(folds: int, *test_values: str, column: str = "fold") -> SplitRules:
    return SplitRules(key="k", column=column, folds=folds, test_values=test_values)


def case_of(subject: str, value: str, *, name: str = "", patient: str = "") -> Case:
    facts = {"fold": value} if value else {}
    return make_case(name or subject, subject=subject, covariates=facts, patient=patient)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Case], SplitRules]:
    """Draw cases of which some share a subject, values of which each occurs, and fitting rules."""
    values = draw(st.lists(st.text("abc019", min_size=1, max_size=3), min_size=2, unique=True))
    values = values[:20]
    tested = draw(st.integers(0, len(values) - 2))
    more = draw(st.lists(st.sampled_from(values), max_size=20))
    of_subject = {f"s{n}": value for n, value in enumerate([*values, *more])}
    cases = [
        case_of(subject, value, name=f"{subject}-{visit}")
        for subject, value in of_subject.items()
        for visit in range(draw(st.integers(1, 3)))
    ]
    return cases, rules_of(len(values) - tested, *values[:tested])


@given(tables(), st.randoms())
def test_every_subject_is_in_exactly_one_part_and_the_order_of_rows_decides_nothing(
    table: tuple[list[Case], SplitRules], order: random.Random
) -> None:
    cases, rules = table
    parts = fixed_parts(cases, rules)
    assert set(parts) == {case.subject for case in cases}
    assert set(parts.values()) | {TEST} == set(part_names(rules.folds))
    shuffled = fixed_parts(order.sample(cases, k=len(cases)), rules)
    assert list(shuffled.items()) == list(parts.items())


@given(tables())
def test_subjects_share_a_part_where_they_share_a_value_and_test_values_are_the_test_part(
    table: tuple[list[Case], SplitRules],
) -> None:
    cases, rules = table
    parts = fixed_parts(cases, rules)
    part_of: dict[str, set[str]] = {}
    for case in cases:
        part_of.setdefault(case.covariates["fold"], set()).add(parts[case.subject])
    assert all(len(found) == 1 for found in part_of.values())
    assert {value for value, found in part_of.items() if TEST in found} == set(rules.test_values)


def test_numbers_are_folds_by_their_size_and_words_come_after_them() -> None:
    cases = [case_of(f"s{value}", value) for value in ("10", "b", "9", "1", "a")]
    parts = fixed_parts(cases, rules_of(5))
    ordered = sorted(parts, key=parts.__getitem__)
    assert ordered == ["s1", "s9", "s10", "sa", "sb"]
    assert all(parts[one] < parts[other] for one, other in pairwise(ordered))


def test_values_may_name_the_parts_of_others_such_as_train_and_test() -> None:
    cases = [case_of("a", "1"), case_of("b", "2"), case_of("c", "test"), case_of("d", "5")]
    parts = fixed_parts(cases, rules_of(2, "test", "5"))
    assert parts == {"a": "fold-0", "b": "fold-1", "c": TEST, "d": TEST}


def test_subjects_of_one_patient_must_have_one_value() -> None:
    same = [case_of("a", "1", patient="P"), case_of("b", "1", patient="P"), case_of("c", "2")]
    assert fixed_parts(same, rules_of(2)) == {"a": "fold-0", "b": "fold-0", "c": "fold-1"}
    apart = [case_of("a", "1", patient="P"), case_of("b", "2", patient="P")]
    with pytest.raises(LeakError, match=r"1 subjects don't have .*P: \['1', '2'\]"):
        fixed_parts(apart, rules_of(2))


def test_subjects_with_several_values_or_none_are_refused_together() -> None:
    cases = [
        case_of("a", "1", name="a-1"),
        case_of("a", "2", name="a-2"),
        case_of("b", ""),
        case_of("c", "1"),
    ]
    with pytest.raises(LeakError, match=r"^2 subjects .*a: \['1', '2'\], b: \[''\].*covariates"):
        fixed_parts(cases, rules_of(2))


def test_a_column_that_no_case_has_is_refused() -> None:
    with pytest.raises(LeakError, match="2 subjects don't have exactly one value in 'fild'"):
        fixed_parts([case_of("a", "1"), case_of("b", "2")], rules_of(2, column="fild"))


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (rules_of(3), r"has the values \['1', '2'\]; split.folds is 3"),
        (rules_of(2, "2"), r"split.test_values are \['2'\]"),
        (rules_of(2, "9"), r"split.test_values are \['9'\]"),
    ],
)
def test_values_that_are_not_as_many_as_folds_or_do_not_occur_are_refused(
    rules: SplitRules, told: str
) -> None:
    with pytest.raises(LeakError, match=told):
        fixed_parts([case_of("a", "1"), case_of("b", "2")], rules)


def test_without_a_column_the_hash_of_the_patient_decides() -> None:
    rules = SplitRules(key="k", folds=3)
    cases = [case_of(f"s{n}", "1", patient="P" if n < 5 else "") for n in range(20)]
    parts = hashed_parts(cases, rules)
    assert {parts[f"s{n}"] for n in range(5)} == {assign("P", rules)}
    assert all(parts[f"s{n}"] == assign(f"s{n}", rules) for n in range(5, 20))


def test_parts_are_named_folds_first_then_the_test() -> None:
    assert part_names(2) == (fold_name(0), fold_name(1), TEST)


@given(st.integers(0, 99))
def test_the_number_of_a_fold_is_in_its_name(fold: int) -> None:
    assert fold_number(fold_name(fold)) == fold


@pytest.mark.parametrize("part", ["fold", "fold-", "fold-x", "fold--1", "tests", "1", TEST])
def test_a_part_of_another_name_has_no_number(part: str) -> None:
    with pytest.raises(LeakError, match=f"'{part}' is no part of a split"):
        fold_number(part)

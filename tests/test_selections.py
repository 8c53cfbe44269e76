"""Training cases of a fold, and subsets of them."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_classes import make_cases

from radflow.errors import LeakError, TrainingError
from radflow.selections import TrainingCases

COUNTS = st.lists(st.integers(1, 30), min_size=2, max_size=4)


def training(count: int) -> TrainingCases:
    cases = make_cases(count)
    return TrainingCases(tuple(cases), tuple("fold-1" for _ in cases), 0)


def codes_of(counts: list[int]) -> dict[str, int]:
    codes = [code for code, count in enumerate(counts) for _ in range(count)]
    return {f"case-{number}": code for number, code in enumerate(codes)}


@given(COUNTS, st.integers(0, 9), st.data())
def test_a_larger_subset_holds_the_smaller_one(
    counts: list[int], seed: int, data: st.DataObject
) -> None:
    whole, codes = training(sum(counts)), codes_of(counts)
    larger = data.draw(st.integers(1, len(whole)))
    smaller = data.draw(st.integers(1, larger))
    one, two = (whole.subset(size, codes, seed=seed) for size in (smaller, larger))
    assert {c.case for c in one} <= {c.case for c in two} <= {c.case for c in whole}
    assert (len(one), len(two)) == (smaller, larger)
    assert isinstance(one, TrainingCases)


@given(COUNTS, st.integers(0, 9), st.data())
def test_each_class_has_its_share_of_a_subset(
    counts: list[int], seed: int, data: st.DataObject
) -> None:
    whole, codes = training(sum(counts)), codes_of(counts)
    size = data.draw(st.integers(1, len(whole)))
    found = Counter(codes[case.case] for case in whole.subset(size, codes, seed=seed))
    for code, count in enumerate(counts):
        assert abs(found[code] - size * count / len(whole)) < len(counts) / 2 + 1e-9


def test_seeds_choose_differently_and_repeat_themselves() -> None:
    whole, codes = training(30), codes_of([15, 15])
    chosen = [whole.subset(10, codes, seed=seed).cases for seed in (0, 1, 0)]
    assert chosen[0] != chosen[1]
    assert chosen[0] == chosen[2]


@pytest.mark.parametrize("size", [0, 31])
def test_a_subset_that_is_no_part_is_refused(size: int) -> None:
    with pytest.raises(TrainingError, match=f"{size} cases can't be chosen from the 30"):
        training(30).subset(size, codes_of([15, 15]), seed=0)


def test_a_subset_of_leaked_cases_cannot_be_made() -> None:
    cases = tuple(make_cases(2))
    with pytest.raises(LeakError, match=r"case-1 \(fold-0\)"):
        TrainingCases(cases, ("fold-1", "fold-0"), 0)

"""Which views are drawn: each once a turn, or classes alike; shuffled labels; weights."""

import pickle
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from radflow.patches.view_sampler import ViewSampler, class_weights
from radflow.patches.views import ViewCentres, ViewReader


class Reader:
    """Gives the centre's first voxel as an image of one pixel."""

    def read(self, case: str, centre: list[int]) -> np.ndarray:
        del case
        return np.full((1, 1, 1), centre[0], np.float32)


def views(of_case: dict[str, tuple[int, int]]) -> ViewCentres:
    """Make views: case to its code and how many views it has; the n-th view has centre n."""
    cases = [case for case, (_, count) in sorted(of_case.items()) for _ in range(count)]
    codes = [of_case[case][0] for case in cases]
    centres = np.arange(len(cases))[:, None].repeat(3, 1)
    made = SimpleNamespace(cases=cases, codes=np.array(codes, np.int64), centres=centres)
    made_type = type("Views", (SimpleNamespace,), {"__len__": lambda self: len(self.cases)})
    return cast("ViewCentres", made_type(**vars(made)))


def sampler(of_case: dict[str, tuple[int, int]], **options: Any) -> ViewSampler:
    given = {"balanced": False, "seed": 0, "shuffled": False} | options
    return ViewSampler(views(of_case), cast("ViewReader", Reader()), **given)


def rows(drawn: ViewSampler, samples: range) -> list[int]:
    return [int(drawn[n][0].item()) for n in samples]


MANY = {f"{n:02d}": (n % 3 == 0, 1 + n % 4) for n in range(20)}
MANY = {case: (int(code), count) for case, (code, count) in MANY.items()}
RARE = {"a": (0, 9), "b": (0, 1), "c": (0, 5), "d": (4, 2), "e": (1, 1), "f": (1, 8)}


def test_every_view_comes_once_in_each_turn_in_another_order() -> None:
    drawn = sampler(MANY)
    turns = [rows(drawn, range(t * len(drawn), (t + 1) * len(drawn))) for t in range(4)]
    assert all(sorted(turn) == list(range(len(drawn))) for turn in turns)
    assert len({tuple(turn) for turn in turns}) == 4


def test_a_sample_is_a_function_of_its_number_and_the_seed() -> None:
    drawn, other = sampler(MANY), sampler(MANY, seed=1)
    numbers = [5, 300, 5, 77, 6, 1000, 5]
    first = [int(drawn[n][0].item()) for n in numbers]
    # Two samplers in turn, of other lengths and seeds, do not disturb each other.
    between = [(int(drawn[n][0].item()), other[n], sampler(RARE)[n]) for n in reversed(numbers)]
    assert [each[0] for each in reversed(between)] == first
    assert rows(drawn, range(60)) != rows(other, range(60))
    image, code, sample = drawn[300]
    assert image.shape == (1, 1, 1)
    assert int(code) == int(drawn.codes[int(image.item())])
    assert int(sample) == 300


def test_balance_draws_classes_alike_then_cases_then_views() -> None:
    drawn = sampler(RARE, balanced=True)
    made = views(RARE)
    draws = 6000
    found = rows(drawn, range(draws))
    shares = Counter(made.codes[row] for row in found)
    assert {code: count / draws for code, count in shares.items()} == pytest.approx(
        {0: 1 / 3, 1: 1 / 3, 4: 1 / 3}, abs=0.03
    )
    cases = Counter(made.cases[row] for row in found)
    assert cases["a"] / cases["b"] == pytest.approx(1, abs=0.15)
    assert cases["e"] / cases["f"] == pytest.approx(1, abs=0.15)
    assert set(found) == set(range(len(made)))


def test_balance_is_ready_at_once_for_many_cases() -> None:
    many = {f"{n:06d}": (n % 3, 3) for n in range(20_000)}
    drawn = sampler(many, balanced=True)
    assert len(drawn) == 60_000
    groups = drawn._groups
    assert groups is not None
    assert [len(cases) for cases in groups] == [6667, 6667, 6666]


@given(st.integers(0, 50))
def test_shuffled_labels_keep_their_numbers_and_one_code_for_a_case(seed: int) -> None:
    plain, shuffled = sampler(MANY), sampler(MANY, shuffled=True, seed=seed)
    made = views(MANY)
    of_case: dict[str, set[int]] = {}
    for case, code in zip(made.cases, shuffled.codes.tolist(), strict=True):
        of_case.setdefault(case, set()).add(code)
    assert all(len(codes) == 1 for codes in of_case.values())
    given_codes = sorted(code for codes in of_case.values() for code in codes)
    assert given_codes == sorted(code for code, _ in MANY.values())
    assert plain.codes.tolist() == made.codes.tolist()
    again = sampler(MANY, shuffled=True, seed=seed)
    np.testing.assert_array_equal(again.codes, shuffled.codes)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=120), st.integers(0, 1000))
def test_shuffled_labels_say_nothing_of_those_that_were_there(codes: list[int], seed: int) -> None:
    """Each shuffled code has its share of each true code, but for rounding."""
    given_codes = {f"{n:03d}": (code, 1) for n, code in enumerate(codes)}
    moved = sampler(given_codes, shuffled=True, seed=seed).codes
    true = views(given_codes).codes
    table = np.array([[np.sum((true == k) & (moved == c)) for c in range(6)] for k in range(6)])
    expected = np.outer(table.sum(1), table.sum(0)) / len(codes)
    assert abs(table - expected).max() < 3


def test_shuffled_labels_are_not_those_that_were_there() -> None:
    moved = [sampler(MANY, shuffled=True, seed=seed).codes.tolist() for seed in range(5)]
    assert len({tuple(codes) for codes in moved}) == 5


def test_a_sampler_that_is_sent_to_a_worker_draws_the_same() -> None:
    for balanced in (False, True):
        drawn = ViewSampler(
            ViewCentresLike(),
            cast("ViewReader", Reader()),
            balanced=balanced,
            seed=3,
            shuffled=True,
        )
        copied = pickle.loads(pickle.dumps(drawn))  # noqa: S301
        assert rows(drawn, range(40)) == rows(copied, range(40))


class ViewCentresLike(ViewCentres):
    """Three views of two cases, without an index."""

    def __init__(self) -> None:
        self.cases = ["a", "a", "b"]
        self.codes = np.array([0, 0, 1])
        self.centres = np.arange(9).reshape(3, 3)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40))
def test_weights_are_those_scikit_learn_calls_balanced(codes: list[int]) -> None:
    array = np.array(codes, np.int64)
    weights = class_weights(array)
    classes = np.unique(array)
    expected = compute_class_weight("balanced", classes=classes, y=array)
    assert weights == pytest.approx(dict(zip(classes.tolist(), expected.tolist(), strict=True)))
    each = np.array([weights[code] for code in codes])
    assert each.mean() == pytest.approx(1)
    sums = [each[array == code].sum() for code in classes]
    assert sums == pytest.approx([sums[0]] * len(sums))

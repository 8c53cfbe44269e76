"""Raters disagree a little, each in a manner of their own, and repeatably."""

import numpy as np
import numpy.typing as npt

from radflow.phantom.raters import outline


def _ball() -> npt.NDArray[np.bool_]:
    axes = np.indices((40, 40, 40)) - 20
    return (axes**2).sum(0) < 10**2


def _rated(rater: int, number: int = 1) -> npt.NDArray[np.uint8]:
    return outline(_ball(), rater, spacing_mm=1.0, seed=5, number=number)


def _dice(one: npt.NDArray[np.uint8], two: npt.NDArray[np.uint8]) -> float:
    return 2 * float((one & two).sum()) / float(one.sum() + two.sum())


def test_raters_disagree_but_not_much() -> None:
    overlap = _dice(_rated(1), _rated(2))
    assert 0.75 < overlap < 0.995


def test_a_rater_repeats_what_was_drawn() -> None:
    np.testing.assert_array_equal(_rated(1), _rated(1))
    assert (_rated(1) != _rated(1, number=2)).any()


def test_a_rater_is_generous_in_all_subjects_or_in_none() -> None:
    truth = _ball().sum()
    larger = [[_rated(r, n).sum() > truth for n in range(5)] for r in range(1, 7)]
    assert sum(len(set(row)) == 1 for row in larger) >= 3


def test_outlines_stay_within_a_few_millimetres_of_the_truth() -> None:
    far = _ball().astype(bool)
    axes = np.indices(far.shape) - 20
    radius = np.sqrt((axes**2).sum(0))
    for rater in range(1, 5):
        drawn = _rated(rater)
        assert not drawn[radius > 15].any()
        assert drawn[radius < 5].all()


def test_nothing_is_outlined_where_there_is_nothing() -> None:
    empty = np.zeros((8, 8, 8), np.bool_)
    assert not outline(empty, 1, spacing_mm=1.0, seed=5, number=1).any()


def test_disagreement_is_in_millimetres_not_voxels() -> None:
    fine, coarse = (
        (outline(_ball(), 1, spacing_mm=spacing, seed=5, number=1) != _ball()).sum()
        for spacing in (0.5, 2.0)
    )
    assert fine > 2.5 * coarse

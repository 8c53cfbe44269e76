"""Tests of the Dice similarity coefficient."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score

from radflow.errors import EvaluationError
from radflow.evaluation.overlap import dice, dice_from_counts

masks = arrays(np.bool_, (4, 3, 5))


@settings(deadline=None)
@given(masks, masks)
def test_dice_is_the_f1_score_of_scikit_learn(reference, prediction):
    expected = f1_score(reference.ravel(), prediction.ravel(), zero_division=1.0)
    assert dice(reference, prediction) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(masks, masks)
def test_dice_is_symmetric_and_ignores_a_common_flip(reference, prediction):
    found = dice(reference, prediction)
    assert found == dice(prediction, reference)
    assert found == dice(np.flip(reference, 0), np.flip(prediction, 0))


@settings(deadline=None)
@given(masks)
def test_a_perfect_prediction_scores_one_and_its_complement_zero(mask):
    assert dice(mask, mask) == 1.0
    assert dice(mask, ~mask) == 0.0


@settings(deadline=None)
@given(st.integers(1, 10**6))
def test_nothing_predicted_scores_zero(voxels):
    assert dice_from_counts(0, voxels, 0) == 0.0
    assert dice_from_counts(0, 0, voxels) == 0.0
    assert dice_from_counts(0, 0, 0) == 1.0


def test_masks_on_different_grids_are_refused():
    with pytest.raises(EvaluationError, match=r"\(2, 2\).*\(2, 3\)"):
        dice(np.ones((2, 2), bool), np.ones((2, 3), bool))

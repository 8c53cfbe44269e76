import numpy as np
import pytest
import torch
from monai.metrics import SSIMMetric
from scipy.stats import spearmanr

from radflow.explain.similarity import rank_correlation, structural_similarity


@pytest.fixture
def maps():
    rng = np.random.default_rng(0)
    one = rng.random((24, 20)).astype(np.float32)
    other = (one + rng.random((24, 20))).astype(np.float32).round(1)
    return one, other


def test_ranks_correlate_as_scipy_says(maps):
    expected = spearmanr(maps[0].ravel(), maps[1].ravel()).statistic
    assert rank_correlation(*maps) == pytest.approx(expected, abs=1e-12)


def test_a_map_that_is_the_same_everywhere_correlates_with_nothing(maps):
    assert rank_correlation(np.zeros_like(maps[0]), maps[1]) == 0


@pytest.mark.parametrize("shape", [(24, 20), (12, 10, 9)])
def test_structural_similarity_is_that_of_monai(shape):
    rng = np.random.default_rng(1)
    one = rng.random(shape).astype(np.float32)
    other = (0.5 * one + rng.random(shape)).astype(np.float32)
    scaled = [(each - each.min()) / (each.max() - each.min()) for each in (one, other)]
    metric = SSIMMetric(len(shape), data_range=1.0, kernel_type="uniform", win_size=7)
    tensors = [torch.from_numpy(each)[None, None].double() for each in scaled]
    assert structural_similarity(one, other) == pytest.approx(float(metric(*tensors)), abs=1e-4)


def test_equal_maps_are_alike_up_to_scale(maps):
    assert structural_similarity(maps[0], 3 * maps[0] + 1) == pytest.approx(1, abs=1e-5)
    assert rank_correlation(maps[0], 3 * maps[0] + 1) == pytest.approx(1)

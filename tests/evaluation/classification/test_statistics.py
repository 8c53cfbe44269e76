"""Tests of weighted statistics."""

import numpy as np
import pytest

from radflow.evaluation.classification.statistics import average, share, value_of


def test_a_share_is_a_weighted_mean_over_some_cases():
    values, weights = np.array([1.0, 0.0, 0.5, 1.0]), np.array([[1.0, 2.0, 0.0, 3.0]])
    assert value_of(share(values), 4) == 0.625
    assert share(values)(weights) == pytest.approx(np.average(values, weights=weights[0]))
    among = np.array([True, True, False, False])
    assert share(values, among)(weights) == pytest.approx(1 / 3)
    assert np.isnan(value_of(share(values, np.zeros(4, bool)), 4))


def test_an_average_is_not_defined_where_one_of_its_statistics_is_not():
    half, nothing = share([0.0, 1.0]), share([1.0, 1.0], [False, False])
    assert value_of(average([half, share([1.0, 1.0])]), 2) == 0.75
    assert np.isnan(value_of(average([half, nothing]), 2))

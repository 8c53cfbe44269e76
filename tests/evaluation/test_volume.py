"""Tests of volumes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radflow.evaluation.volume import volume_ml


def test_a_thousand_cubic_millimetres_are_a_millilitre():
    assert volume_ml(1000, (1.0, 1.0, 1.0)) == 1.0
    assert volume_ml(0, (1.0, 1.0, 1.0)) == 0.0


@settings(deadline=None)
@given(st.integers(0, 10**9), st.tuples(*[st.floats(0.1, 10)] * 3))
def test_doubling_the_spacing_makes_eight_times_the_volume(voxels, spacing):
    doubled = tuple(2 * each for each in spacing)
    assert volume_ml(voxels, doubled) == pytest.approx(8 * volume_ml(voxels, spacing))

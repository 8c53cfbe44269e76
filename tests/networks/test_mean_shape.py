"""The trivial baseline against frequencies counted by hand."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from selected import training_cases
from torch import Tensor

from radflow.networks.mean_shape import MeanShape, centred, mean_shape


def _mean(labels: list[npt.NDArray[np.uint8]], *, outputs: int) -> Tensor:
    named = {f"case-{number}": label for number, label in enumerate(labels)}
    return mean_shape(training_cases(named), named.__getitem__, outputs=outputs)


def test_the_mean_shape_is_the_frequency_of_each_class_per_voxel() -> None:
    one = np.zeros((3, 3, 3), np.uint8)
    two = one.copy()
    one[1, 1, 1], two[1, 1, 1] = 1, 2
    maps = _mean([one, two, two, two], outputs=3)
    assert maps.shape == (3, 3, 3, 3)
    np.testing.assert_allclose(maps[:, 1, 1, 1], [0, 0.25, 0.75])
    np.testing.assert_allclose(maps[:, 0, 0, 0], [1, 0, 0])


def test_maps_of_different_sizes_meet_at_their_centres() -> None:
    small, large = np.ones((1, 1, 1), np.uint8), np.zeros((5, 3, 3), np.uint8)
    maps = _mean([small, large], outputs=2)
    assert maps.shape == (2, 5, 3, 3)
    assert maps[1, 2, 1, 1] == 0.5
    assert maps[1].sum() == 0.5


def test_no_maps_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        _mean([], outputs=2)


def test_the_answer_is_the_likeliest_class_and_background_beyond_the_map() -> None:
    network = MeanShape(outputs=2, shape=(1, 1, 1))
    network.probabilities[:, 0, 0, 0] = torch.tensor([0.25, 0.75])
    answer = network(torch.zeros(2, 1, 3, 3, 3)).argmax(1)
    assert answer.shape == (2, 3, 3, 3)
    assert answer[0].sum() == 1
    assert answer[0, 1, 1, 1] == 1


@given(st.lists(st.integers(1, 6), min_size=6, max_size=6))
def test_padding_then_cropping_about_the_centre_gives_the_map_back(sizes: list[int]) -> None:
    shape = tuple(sizes[:3])
    larger = tuple(a + b for a, b in zip(shape, sizes[3:], strict=True))
    maps = torch.rand(2, *shape)
    assert torch.equal(centred(centred(maps, larger), shape), maps)

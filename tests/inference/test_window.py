import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.data.utils import compute_importance_map
from monai.inferers.utils import sliding_window_inference
from torch import Tensor, nn

from radflow.inference.window import (
    WindowRules,
    gaussian_weights,
    lay_windows,
    window_probabilities,
)

CLASSES = 3


class Convolution(nn.Module):
    """Two local layers: what a voxel gets depends on its surroundings, so windows matter."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.first = nn.Parameter(torch.randn(4, 1, 3, 3, 3, generator=generator) / 3)
        self.last = nn.Parameter(torch.randn(CLASSES, 4, 3, 3, 3, generator=generator) / 3)
        self.sizes: list[tuple[int, ...]] = []

    def forward(self, image: Tensor) -> Tensor:
        self.sizes.append(tuple(image.shape))
        hidden = torch.conv3d(image, self.first, padding=1).tanh()
        return torch.conv3d(hidden, self.last, padding=1)


def volume(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(1, *shape, generator=torch.Generator().manual_seed(seed))


def softmax(network: nn.Module, image: Tensor) -> Tensor:
    with torch.no_grad():
        return network(image).softmax(1)


@settings(deadline=None)
@given(
    length=st.integers(1, 400),
    patch=st.integers(1, 160),
    overlap=st.floats(0, 0.9),
    level=st.integers(0, 5),
)
def test_windows_cover_the_axis_and_share_at_least_the_overlap(
    length: int, patch: int, overlap: float, level: int
) -> None:
    divisor = 2**level
    windows = lay_windows(length, patch=patch, overlap=overlap, divisor=divisor)

    assert windows.size % divisor == 0
    assert patch <= windows.size <= max(1.5 * patch, patch + divisor)
    assert windows.starts[0] == 0
    assert windows.padded == max(length, windows.size)
    for start, after in itertools.pairwise(windows.starts):
        assert after > start
        shared = start + windows.size - after
        # Starts are whole voxels, which may take one from the overlap.
        assert shared >= min(overlap * patch, windows.size - 1) - 1


def test_an_axis_up_to_one_and_a_half_patches_is_one_window() -> None:
    assert lay_windows(60, patch=40, overlap=0.5, divisor=4).starts == (0,)
    assert len(lay_windows(61, patch=40, overlap=0.5, divisor=4).starts) > 1


def test_the_window_is_the_one_that_costs_the_fewest_voxels() -> None:
    # 4 windows of 56 would be 224 voxels, 3 of 64 are 192; 2 of 80 are 160.
    assert lay_windows(128, patch=56, overlap=0.5, divisor=8).size == 80


def test_weights_are_those_of_monai() -> None:
    theirs = compute_importance_map((16, 24, 20), mode="gaussian", sigma_scale=0.125)
    np.testing.assert_allclose(gaussian_weights((16, 24, 20)), theirs, rtol=1e-5)


def test_a_volume_that_fits_is_one_forward_pass_over_all_of_it() -> None:
    network, image = Convolution(), volume(16, 24, 20)
    result = window_probabilities(network, image, WindowRules((16, 24, 20), divisor=4))

    assert network.sizes == [(1, 1, 16, 24, 20)]
    np.testing.assert_allclose(result, softmax(network, image[None])[0], atol=1e-6)


def test_a_small_volume_is_padded_and_comes_back_in_its_own_size() -> None:
    network, image = Convolution(), volume(9, 15, 12)
    result = window_probabilities(network, image, WindowRules((16, 16, 16), divisor=4))

    padded = nn.functional.pad(image, (2, 2, 0, 1, 3, 4))
    expected = softmax(network, padded[None])[0, :, 3:12, 0:15, 2:14]
    np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("batch_voxels", [1, 3 * 16**3, 2**30])
def test_windows_equal_those_of_monai(monkeypatch: pytest.MonkeyPatch, batch_voxels: int) -> None:
    # Sizes at which both lay the same windows: no larger window is cheaper, and spacing is even.
    monkeypatch.setattr("radflow.inference.window._BATCH_VOXELS", {"cpu": batch_voxels})
    monkeypatch.setattr("radflow.inference.window._GROWTH", 1.0)
    network, image = Convolution(), volume(32, 24, 40)
    ours = window_probabilities(network, image, WindowRules((16, 16, 16)))
    theirs = sliding_window_inference(
        image[None],
        (16, 16, 16),
        sw_batch_size=2,
        predictor=lambda windows: softmax(network, windows),
        overlap=0.5,
        mode="gaussian",
        sigma_scale=0.125,
    )
    assert isinstance(theirs, Tensor)
    np.testing.assert_allclose(ours, theirs[0], atol=1e-4)


def test_mirroring_averages_over_all_combinations_of_the_axes() -> None:
    network, image = Convolution(), volume(8, 8, 8)
    rules = WindowRules((8, 8, 8), mirror_axes=(0, 2))
    result = window_probabilities(network, image, rules)

    flips = [(), (2,), (4,), (2, 4)]
    copies = [softmax(network, image[None].flip(flip)).flip(flip) for flip in flips]
    np.testing.assert_allclose(result, torch.stack(copies).mean(0)[0], atol=1e-6)


def test_a_mirrored_volume_gives_the_mirrored_answer() -> None:
    network, image = Convolution(), volume(40, 16, 16)
    rules = WindowRules((16, 16, 16), mirror_axes=(0,))
    there = window_probabilities(network, image, rules)
    back = window_probabilities(network, image.flip(1), rules).flip(1)
    np.testing.assert_allclose(there, back, atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.tuples(*[st.integers(1, 30)] * 3))
def test_probabilities_of_any_size_sum_to_one(shape: tuple[int, int, int]) -> None:
    rules = WindowRules((8, 8, 8), overlap=0.25, divisor=4, mirror_axes=(1,))
    result = window_probabilities(Convolution(), volume(*shape), rules)
    assert result.shape == (CLASSES, *shape)
    assert result.dtype == torch.float32
    np.testing.assert_allclose(result.sum(0), 1, atol=1e-5)


def test_bfloat16_stays_close_to_float32() -> None:
    network, image = Convolution(), volume(24, 24, 24)
    exact = window_probabilities(network, image, WindowRules((16, 16, 16)))
    rules = WindowRules((16, 16, 16), dtype=torch.bfloat16)
    rounded = window_probabilities(network, image, rules)
    assert rounded.dtype == torch.float32
    assert float((exact - rounded).abs().max()) < 0.05


def test_two_runs_give_the_same_bytes() -> None:
    network, image = Convolution(), volume(40, 24, 24)
    rules = WindowRules((16, 16, 16), mirror_axes=(0,))
    first = window_probabilities(network, image, rules)
    assert torch.equal(first, window_probabilities(network, image, rules))

"""Augmentation of images without label maps, of two axes, as classifiers see them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from radflow.augment.apply import augment, augment_image
from radflow.augment.params import Parameters, draw
from radflow.config.training import AugmentationRules

_OFF = AugmentationRules(
    mirror_axes=(), spatial=0, gamma=0, brightness=0, noise=0, blur=0, low_resolution=0
)


def _flat(shape: tuple[int, int] = (12, 16), **changes: object) -> Parameters:
    neutral = draw(_OFF, [0, 1], shape, seed=0)
    plain = replace(
        neutral,
        matrix=torch.eye(2).expand(2, 2, 2),
        shift=torch.zeros(2, 2),
        elastic=torch.zeros_like(neutral.elastic),
    )
    return replace(plain, **changes)


@pytest.fixture
def slices() -> torch.Tensor:
    return torch.randn(2, 3, 12, 16, generator=torch.Generator().manual_seed(0))


def test_neutral_parameters_leave_images_alone(slices: torch.Tensor) -> None:
    before = slices.clone()
    assert torch.equal(augment_image(slices, _flat()), slices)
    through = augment_image(slices, _flat(spatial=torch.tensor([True, True])))
    torch.testing.assert_close(through, slices, atol=1e-5, rtol=0)
    assert torch.equal(slices, before)


@pytest.mark.parametrize("axis", [0, 1])
def test_images_are_mirrored_along_their_own_axes(slices: torch.Tensor, axis: int) -> None:
    mirror = torch.zeros(2, 2, dtype=torch.bool)
    mirror[1, axis] = True
    result = augment_image(slices, _flat(mirror=mirror))
    assert torch.equal(result[0], slices[0])
    assert torch.equal(result[1], slices[1].flip(axis + 1))


def test_a_shifted_image_repeats_its_edge_where_a_shifted_patch_is_blank() -> None:
    image = torch.arange(12.0)[:, None].expand(12, 16).repeat(2, 1, 1, 1) + 1
    shift = torch.tensor([[3.0, 0.0], [-3.0, 0.0]])
    moved = _flat(spatial=torch.tensor([True, True]), shift=shift)
    result = augment_image(image, moved)
    expected = (torch.arange(12) + 3).clamp(max=11) + 1.0
    torch.testing.assert_close(result[0, 0, :, 5], expected, atol=1e-4, rtol=0)
    expected = (torch.arange(12) - 3).clamp(min=0) + 1.0
    torch.testing.assert_close(result[1, 0, :, 5], expected, atol=1e-4, rtol=0)
    patch, _ = augment(image, torch.zeros(2, 12, 16, dtype=torch.uint8), moved)
    assert float(patch[0, 0, -1, 5]) == pytest.approx(0, abs=1e-4)


def test_a_quarter_turn_of_a_square_image_is_rot90() -> None:
    image = torch.randn(1, 2, 9, 9, generator=torch.Generator().manual_seed(1))
    turn = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])
    parameters = replace(
        draw(_OFF, [0], (9, 9), seed=0),
        spatial=torch.tensor([True]),
        matrix=turn,
        shift=torch.zeros(1, 2),
        elastic=torch.zeros(1, 2, 2, 2),
    )
    # Output position p reads from input position M p, about the centre.
    result = augment_image(image, parameters)
    torch.testing.assert_close(result, image.rot90(-1, (2, 3)), atol=1e-4, rtol=0)


def test_a_box_is_cut_out_of_every_channel(slices: torch.Tensor) -> None:
    box = torch.zeros(2, 2, 2)
    box[1] = torch.tensor([[0.25, 0.5], [0.5, 1.0]])
    result = augment_image(slices, _flat(box=box))
    assert torch.equal(result[0], slices[0])
    expected = slices[1].clone()
    expected[:, 3:6, 8:16] = 0
    assert torch.equal(result[1], expected)


@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_slices_are_blurred_as_by_scipy(slices: torch.Tensor, sigma: float) -> None:
    result = augment_image(slices, _flat(blur_sigma=torch.tensor([0.0, sigma])))
    assert torch.equal(result[0], slices[0])
    radius = max(int(3 * sigma + 0.5), 1)
    expected = ndimage.gaussian_filter(
        slices[1].numpy(), (0, sigma, sigma), mode="nearest", radius=(0, radius, radius)
    )
    np.testing.assert_allclose(result[1], expected, atol=1e-5)


def test_a_batch_of_images_is_augmented_like_its_images_alone(slices: torch.Tensor) -> None:
    rules = AugmentationRules(cutout=0.5)
    together = augment_image(slices, draw(rules, [3, 4], (12, 16), seed=1))
    alone = augment_image(slices[1:], draw(rules, [4], (12, 16), seed=1))
    torch.testing.assert_close(together[1:], alone)
    assert not torch.equal(together[1], slices[1])

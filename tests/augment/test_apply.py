"""Augmentation as a pure function, checked against transformations known in closed form."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from radflow.augment.apply import augment
from radflow.augment.params import Parameters, draw
from radflow.config.training import AugmentationRules

_SHAPE = (12, 16, 8)
_OFF = AugmentationRules(
    mirror_axes=(), spatial=0, gamma=0, brightness=0, noise=0, blur=0, low_resolution=0
)


@pytest.fixture
def patches() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(2, 2, *_SHAPE, generator=generator)
    label = torch.randint(0, 3, (2, *_SHAPE), generator=generator, dtype=torch.uint8)
    return image, label


def _neutral(**changes: object) -> Parameters:
    neutral = draw(_OFF, [0, 1], _SHAPE, seed=0)
    identity = torch.eye(3).expand(2, 3, 3)
    plain = replace(
        neutral,
        matrix=identity,
        shift=torch.zeros(2, 3),
        elastic=torch.zeros_like(neutral.elastic),
    )
    return replace(plain, **changes)


def test_neutral_parameters_change_nothing(patches: tuple[torch.Tensor, torch.Tensor]) -> None:
    image, label = augment(*patches, _neutral())
    assert torch.equal(image, patches[0])
    assert torch.equal(label, patches[1])


def test_the_identity_sampled_through_the_grid_changes_nothing(
    patches: tuple[torch.Tensor, torch.Tensor],
) -> None:
    image, label = augment(*patches, _neutral(spatial=torch.tensor([True, True])))
    torch.testing.assert_close(image, patches[0], atol=1e-5, rtol=0)
    assert torch.equal(label, patches[1])


def test_inputs_are_left_alone_and_two_calls_agree(
    patches: tuple[torch.Tensor, torch.Tensor],
) -> None:
    before = patches[0].clone(), patches[1].clone()
    parameters = draw(AugmentationRules(), [3, 4], _SHAPE, seed=1)
    one, two = augment(*patches, parameters), augment(*patches, parameters)
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    assert torch.equal(patches[0], before[0])
    assert torch.equal(patches[1], before[1])


def test_a_batch_is_augmented_like_its_patches_alone(
    patches: tuple[torch.Tensor, torch.Tensor],
) -> None:
    together, _ = augment(*patches, draw(AugmentationRules(), [3, 4], _SHAPE, seed=1))
    alone, _ = augment(
        patches[0][1:], patches[1][1:], draw(AugmentationRules(), [4], _SHAPE, seed=1)
    )
    torch.testing.assert_close(together[1:], alone)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_mirroring_flips_image_and_label_along_the_axis(
    patches: tuple[torch.Tensor, torch.Tensor], axis: int
) -> None:
    mirror = torch.zeros(2, 3, dtype=torch.bool)
    mirror[1, axis] = True
    image, label = augment(*patches, _neutral(mirror=mirror))
    assert torch.equal(image[0], patches[0][0])
    assert torch.equal(image[1], patches[0][1].flip(axis + 1))
    assert torch.equal(label[1], patches[1][1].flip(axis))


def test_a_shift_of_whole_voxels_moves_image_and_label_alike(
    patches: tuple[torch.Tensor, torch.Tensor],
) -> None:
    shift = torch.tensor([[2.0, 0, 0], [0, -3.0, 1.0]])
    image, label = augment(*patches, _neutral(spatial=torch.tensor([True, True]), shift=shift))
    torch.testing.assert_close(image[0, :, :-2], patches[0][0, :, 2:], atol=1e-4, rtol=0)
    assert (image[0, :, -2:] == 0).all()
    assert torch.equal(label[1, :, 3:, :-1], patches[1][1, :, :-3, 1:])


def test_an_affine_agrees_with_scipy(patches: tuple[torch.Tensor, torch.Tensor]) -> None:
    parameters = draw(AugmentationRules(elastic=0, spatial=1), [5, 6], _SHAPE, seed=3)
    only = _neutral(
        spatial=torch.tensor([True, True]), matrix=parameters.matrix, shift=parameters.shift
    )
    image, _ = augment(*patches, only)
    matrix = parameters.matrix[0].double().numpy()
    centre = (np.array(_SHAPE) - 1) / 2
    offset = centre - matrix @ centre + parameters.shift[0].double().numpy()
    expected = ndimage.affine_transform(
        patches[0][0, 0].numpy(), matrix, offset, order=1, mode="grid-constant"
    )
    np.testing.assert_allclose(image[0, 0], expected, atol=1e-3)


def test_labels_are_the_class_with_the_largest_share_of_each_voxel_read() -> None:
    label = torch.zeros(1, *_SHAPE, dtype=torch.uint8)
    label[0, 4:8, 4:10, 2:6] = 200
    label[0, 4:8, 10:12, 2:6] = 7
    parameters = draw(AugmentationRules(elastic=0, spatial=1), [5], _SHAPE, seed=3)
    only = _neutral(spatial=torch.tensor([True]), matrix=parameters.matrix, shift=parameters.shift)
    _, result = augment(torch.zeros(1, 1, *_SHAPE), label, only)
    matrix = parameters.matrix[0].double().numpy()
    centre = (np.array(_SHAPE) - 1) / 2
    offset = centre - matrix @ centre + parameters.shift[0].double().numpy()
    classes = np.array([0, 7, 200])
    shares = [
        ndimage.affine_transform(
            (label[0].numpy() == value).astype(float),
            matrix,
            offset,
            order=1,
            mode="grid-constant",
            cval=float(value == 0),
        )
        for value in classes
    ]
    first, second = np.sort(shares, axis=0)[::-1][:2]
    clear = first - second > 1e-3
    np.testing.assert_array_equal(result[0].numpy()[clear], classes[np.argmax(shares, 0)][clear])
    assert clear.mean() > 0.99


def test_a_patch_without_targets_keeps_none() -> None:
    label = torch.zeros(2, *_SHAPE, dtype=torch.uint8)
    spatial = _neutral(spatial=torch.tensor([True, True]), shift=torch.full((2, 3), 0.5))
    _, result = augment(torch.zeros(2, 1, *_SHAPE), label, spatial)
    assert result.dtype == torch.uint8
    assert not result.any()


def test_elastic_displacements_bend_by_their_voxels(
    patches: tuple[torch.Tensor, torch.Tensor],
) -> None:
    elastic = torch.zeros_like(_neutral().elastic)
    elastic[0, 1] = 2.0  # constant control points: a plain shift along j
    image, _ = augment(*patches, _neutral(spatial=torch.tensor([True, False]), elastic=elastic))
    torch.testing.assert_close(image[0, :, :, :-2], patches[0][0, :, :, 2:], atol=1e-4, rtol=0)


def test_blur_agrees_with_scipy(patches: tuple[torch.Tensor, torch.Tensor]) -> None:
    image, _ = augment(*patches, _neutral(blur_sigma=torch.tensor([0.8, 0])))
    expected = ndimage.gaussian_filter(
        patches[0][0, 0].numpy(), 0.8, mode="nearest", radius=int(3 * 0.8 + 0.5)
    )
    np.testing.assert_allclose(image[0, 0], expected, atol=1e-4)
    assert torch.equal(image[1], patches[0][1])


def test_gamma_keeps_mean_and_sd_and_the_order_of_intensities(
    patches: tuple[torch.Tensor, torch.Tensor],
) -> None:
    image, _ = augment(*patches, _neutral(gamma=torch.tensor([1.4, 1.0])))
    assert image[0, 0].mean() == pytest.approx(float(patches[0][0, 0].mean()), abs=1e-4)
    assert image[0, 0].std() == pytest.approx(float(patches[0][0, 0].std()), abs=1e-4)
    order = patches[0][0, 0].flatten().argsort()
    assert (image[0, 0].flatten()[order].diff() >= -1e-6).all()


def test_noise_has_the_asked_sd_and_depends_on_its_seed_only(
    patches: tuple[torch.Tensor, torch.Tensor],
) -> None:
    noisy = _neutral(noise_sd=torch.tensor([0.5, 0.5]), noise_seed=(7, 7))
    image, _ = augment(*patches, noisy)
    added = image - patches[0]
    assert added[0].std() == pytest.approx(0.5, rel=0.05)
    torch.testing.assert_close(added[0], added[1], atol=1e-5, rtol=0)


def test_low_resolution_keeps_the_shape_and_loses_detail(
    patches: tuple[torch.Tensor, torch.Tensor],
) -> None:
    image, _ = augment(*patches, _neutral(zoom=torch.tensor([0.5, 1.0])))
    assert image.shape == patches[0].shape
    assert image[0].diff(dim=1).abs().mean() < patches[0][0].diff(dim=1).abs().mean()


def test_a_constant_patch_survives_every_change() -> None:
    image = torch.zeros(1, 1, *_SHAPE)
    rules = AugmentationRules(gamma=1, noise=1, blur=1, low_resolution=1, spatial=1)
    result, label = augment(
        image, torch.zeros(1, *_SHAPE, dtype=torch.uint8), draw(rules, [0], _SHAPE, seed=0)
    )
    assert torch.isfinite(result).all()
    assert label.dtype == torch.uint8


def test_volumes_are_augmented_as_they_always_were() -> None:
    """Numbers of a release before slices and cut-out were known: trainings must not change."""
    generator = torch.Generator().manual_seed(5)
    image = torch.randn(4, 2, *_SHAPE, generator=generator)
    label = torch.randint(0, 3, (4, *_SHAPE), generator=generator, dtype=torch.uint8)
    names = ("spatial", "elastic", "gamma", "brightness", "noise", "blur", "low_resolution")
    rules = AugmentationRules(mirror_axes=(0, 1, 2), **dict.fromkeys(names, 1.0))
    image, label = augment(image, label, draw(rules, [0, 1, 2, 70], _SHAPE, seed=3))
    assert float(image.double().sum()) == pytest.approx(-84.61426137998933, rel=1e-5)
    assert float((image.double() ** 2).sum()) == pytest.approx(443.43539044883363, rel=1e-5)
    assert float(image[1, 1, 3, 4, 5]) == pytest.approx(0.2734924256801605, rel=1e-4)
    places = torch.arange(label.numel()).reshape(label.shape)
    assert int(label.sum()) == 4085
    assert int((label * places).sum()) == 11896078

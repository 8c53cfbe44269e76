"""Tests of surface distances: closed forms, invariances, and MONAI as the independent oracle."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from monai.metrics import (
    compute_average_surface_distance,
    compute_hausdorff_distance,
    compute_surface_dice,
)

from radflow.errors import EvaluationError
from radflow.evaluation.surface import boundary, diagonal_mm, surface_distances

masks = arrays(np.bool_, (6, 5, 7))
spacings = st.tuples(*[st.sampled_from([0.5, 0.7, 1.0, 2.5])] * 3)
UNIT = (1.0, 1.0, 1.0)
FLOAT32_MM = 1e-4  # MONAI takes percentiles in float32


def _box(low, high, shape=(24, 24, 24)):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


def _ball(radius, centre=(20, 20, 20), shape=(41, 41, 41)):
    offsets = np.indices(shape).T - np.array(centre)
    return (np.linalg.norm(offsets, axis=-1) <= radius).T


def _numbers(reference, prediction, spacing=UNIT, tolerance=1.0):
    distances = surface_distances(reference, prediction, spacing)
    return np.array([distances.nsd(tolerance), distances.hd95(), distances.assd()])


def _monai(reference, prediction, spacing, tolerance):
    y, y_pred = (
        torch.from_numpy(mask[None, None].astype(np.float32)) for mask in (reference, prediction)
    )
    options = {"include_background": True, "spacing": list(spacing)}
    return np.array(
        [
            compute_surface_dice(y_pred, y, class_thresholds=[tolerance], **options).item(),
            compute_hausdorff_distance(y_pred, y, percentile=95, **options).item(),
            compute_average_surface_distance(y_pred, y, symmetric=True, **options).item(),
        ]
    )


@settings(max_examples=40, deadline=None)
@given(masks, masks, spacings, st.sampled_from([0.45, 1.1, 2.3]))
def test_all_three_numbers_are_those_of_monai(reference, prediction, spacing, tolerance):
    assume(reference.any() and prediction.any())
    expected = _monai(reference, prediction, spacing, tolerance)
    found = _numbers(reference, prediction, spacing, tolerance)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=FLOAT32_MM)


def test_all_three_numbers_are_those_of_monai_on_smooth_shapes():
    reference, prediction = _ball(9), _ball(8, centre=(22, 19, 20))
    expected = _monai(reference, prediction, (0.8, 1.0, 3.0), 2.0)
    np.testing.assert_allclose(
        _numbers(reference, prediction, (0.8, 1.0, 3.0), 2.0), expected, rtol=1e-5
    )


@settings(deadline=None)
@given(masks, spacings)
def test_a_perfect_prediction_has_no_distance(mask, spacing):
    assume(mask.any())
    assert _numbers(mask, mask, spacing, 0.1).tolist() == [1.0, 0.0, 0.0]


@settings(deadline=None)
@given(masks, masks, spacings)
def test_reference_and_prediction_can_be_exchanged(reference, prediction, spacing):
    assume(reference.any() and prediction.any())
    found = _numbers(reference, prediction, spacing)
    np.testing.assert_allclose(found, _numbers(prediction, reference, spacing), rtol=1e-12)


@settings(deadline=None)
@given(masks, masks, spacings)
def test_doubling_the_millimetres_doubles_the_distances(reference, prediction, spacing):
    assume(reference.any() and prediction.any())
    nsd, hd95, assd = _numbers(reference, prediction, spacing, 1.1)
    doubled = tuple(2 * each for each in spacing)
    found = _numbers(reference, prediction, doubled, 2.2)
    np.testing.assert_allclose(found, [nsd, 2 * hd95, 2 * assd], rtol=1e-12)


@settings(deadline=None)
@given(masks, masks, spacings, st.integers(0, 2))
def test_a_common_flip_and_a_wider_image_are_ignored(reference, prediction, spacing, axis):
    assume(reference.any() and prediction.any())
    found = _numbers(reference, prediction, spacing)
    flipped = _numbers(np.flip(reference, axis), np.flip(prediction, axis), spacing)
    wider = _numbers(np.pad(reference, 3), np.pad(prediction, 3), spacing)
    np.testing.assert_allclose(flipped, found, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(wider, found, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("grown", [1, 3])
def test_a_box_inside_a_box_has_its_closed_form(grown):
    side = 6
    inner = _box([8] * 3, [8 + side] * 3)
    outer = _box([8 - grown] * 3, [8 + side + grown] * 3)
    shell, wide = side**3 - (side - 2) ** 3, side + 2 * grown
    # Distance to the inner box of the outer box's boundary voxels: the excess along each axis.
    over = np.concatenate([np.arange(grown, 0, -1), np.zeros(side), np.arange(1, grown + 1)])
    excess = np.sqrt(sum(np.meshgrid(over**2, over**2, over**2)))
    outward = excess[boundary(np.ones((wide,) * 3, bool))]
    distances = surface_distances(inner, outer, UNIT)
    assert distances.to_prediction.tolist() == [float(grown)] * shell
    np.testing.assert_allclose(np.sort(distances.to_reference), np.sort(outward))
    assert distances.nsd(grown) == (shell + np.sum(outward <= grown)) / (shell + outward.size)
    assert distances.hd95() == pytest.approx(np.percentile(outward, 95))


def test_single_voxels_are_as_far_apart_as_their_centres():
    one, other = _box((1, 2, 3), (2, 3, 4)), _box((4, 6, 3), (5, 7, 4))
    assert _numbers(one, other, (1.0, 1.0, 1.0), 4.9).tolist() == [0.0, 5.0, 5.0]
    assert _numbers(one, other, (2.0, 2.0, 9.0), 10.0).tolist() == [1.0, 10.0, 10.0]


@pytest.mark.parametrize("gap", [2, 5])
def test_concentric_spheres_are_the_difference_of_their_radii_apart(gap):
    nsd, hd95, assd = _numbers(_ball(10), _ball(10 + gap), tolerance=gap + 1.0)
    assert nsd == 1.0
    assert hd95 == pytest.approx(gap, abs=1.0)
    assert assd == pytest.approx(gap, abs=0.3)
    assert _numbers(_ball(10), _ball(10 + gap), tolerance=gap - 1.0)[0] < 0.2


def test_a_spacing_read_as_float32_does_not_miss_the_tolerance():
    spacing = tuple(float(np.float32(0.7)) for _ in range(3))
    shifted = _box((6, 5, 5), (7, 6, 6))
    just_wider = tuple(each + 1e-7 for each in spacing)
    assert _numbers(_box((5, 5, 5), (6, 6, 6)), shifted, just_wider, 0.7)[0] == 1.0


@settings(deadline=None)
@given(masks)
def test_the_boundary_is_inside_the_mask_and_leaves_no_face_open(mask):
    edge = boundary(mask)
    assert not (edge & ~mask).any()
    inner = np.pad(mask & ~edge, 1)
    for axis in range(3):
        for step in (-1, 1):
            neighbours = np.roll(inner, step, axis)[1:-1, 1:-1, 1:-1]
            assert not (neighbours & ~mask).any()


def test_the_diagonal_is_that_of_the_field_of_view():
    assert diagonal_mm((3, 4, 12), (1.0, 1.0, 1.0)) == 13.0
    assert diagonal_mm((3, 2, 4), (1.0, 2.0, 3.0)) == 13.0


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.0, 0.0, 1.0), (1.0, np.nan, 1.0)])
def test_a_spacing_that_is_none_is_refused(spacing):
    with pytest.raises(EvaluationError, match="3 positive numbers"):
        surface_distances(_ball(2), _ball(2), spacing)


def test_distances_to_nothing_are_refused():
    with pytest.raises(EvaluationError, match="prediction is empty"):
        surface_distances(_ball(2), np.zeros((41, 41, 41), bool), UNIT)
    with pytest.raises(EvaluationError, match="reference is empty"):
        surface_distances(np.zeros((41, 41, 41), bool), _ball(2), UNIT)


def test_masks_on_different_grids_are_refused():
    with pytest.raises(EvaluationError, match=r"\(24, 24, 24\)"):
        surface_distances(_ball(2), _box((0, 0, 0), (1, 1, 1)), UNIT)

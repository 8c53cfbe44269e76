import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radflow.errors import ImageError
from radflow.imaging.resample import (
    GridChange,
    resample_argmax,
    resample_image,
    resample_labels,
    smoothed,
)

sizes = st.floats(0.5, 4.0)
spacings = st.tuples(sizes, sizes, sizes)


def blob(shape, spacing, centre_mm, sd_mm):
    """A Gaussian blob; positions count from the centre of the grid, mm."""
    axes = [
        (np.arange(n) - (n - 1) / 2) * size - at
        for n, size, at in zip(shape, spacing, centre_mm, strict=True)
    ]
    i, j, k = np.ix_(*axes)
    return np.exp(-(i**2 + j**2 + k**2) / (2 * sd_mm**2)).astype(np.float32)


def centroid(array, spacing):
    """Centre of mass, mm from the centre of the grid."""
    indices = np.stack(np.meshgrid(*map(np.arange, array.shape), indexing="ij"), -1)
    offsets = (indices - (np.array(array.shape) - 1) / 2) * spacing
    return (offsets * array[..., None]).sum((0, 1, 2)) / array.sum()


def test_matching_spacing_changes_nothing_at_all():
    image = np.random.default_rng(0).normal(size=(2, 5, 6, 7)).astype(np.float32)
    label = np.ones((5, 6, 7), np.uint8)
    change = GridChange.to_spacing((5, 6, 7), (1.00000002, 1.0, 0.99999), (1.0, 1.0, 1.0))
    assert change.is_identity
    assert change.target == (5, 6, 7)
    assert change.offset == (0, 0, 0)
    assert resample_image(image, change) is image
    assert resample_labels(label, change) is label


def test_only_axes_that_differ_change():
    change = GridChange.to_spacing((5, 6, 7), (1.0, 1.0, 3.0), (1.0, 1.0, 1.0))
    assert change.target == (5, 6, 21)
    assert change.step[:2] == (1.0, 1.0)
    assert change.offset == pytest.approx((0, 0, -1 / 3))


@given(old=spacings, new=spacings)
def test_grids_share_their_centre_and_the_spacing_is_exact(old, new):
    affine = np.diag([*old, 1.0])
    affine[:3, 3] = 3, -4, 5
    change = GridChange.to_spacing((11, 20, 8), old, new)
    moved = change.affine(affine)
    middle = [(n - 1) / 2 for n in change.source] + [1]
    new_middle = [(n - 1) / 2 for n in change.target] + [1]
    np.testing.assert_allclose(moved @ new_middle, affine @ middle, atol=1e-9)
    np.testing.assert_allclose(np.diag(moved)[:3], new, rtol=1e-4)
    extent = np.array(change.target) * new - np.array(change.source) * old
    assert (np.abs(extent) <= np.array(new)).all()


@given(old=spacings, new=spacings)
def test_the_inverse_leads_back_to_the_source_grid(old, new):
    affine = np.diag([*old, 1.0])
    change = GridChange.to_spacing((11, 20, 8), old, new)
    assert change.inverse.target == (11, 20, 8)
    back = change.inverse.affine(change.affine(affine))
    np.testing.assert_allclose(back, affine, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    spacing=st.tuples(*[st.floats(1.0, 2.0)] * 3),
    target=st.tuples(*[st.floats(1.0, 2.0)] * 3),
    centre=st.tuples(*[st.floats(-4, 4)] * 3),
)
def test_a_blob_keeps_its_place_there_and_back(spacing, target, centre):
    image = blob((32, 34, 36), spacing, centre, 3.0)[None]
    change = GridChange.to_spacing((32, 34, 36), spacing, target)
    there = resample_image(image, change)
    step_mm = [s * size for s, size in zip(change.step, spacing, strict=True)]
    np.testing.assert_allclose(centroid(there[0], step_mm), centre, atol=0.05)
    expected = blob(change.target, step_mm, centre, 3.0).clip(image.min(), image.max())
    assert np.abs(there[0] - expected).max() < 0.03
    back = resample_image(there, change.inverse)
    assert back.shape == image.shape
    np.testing.assert_allclose(centroid(back[0], spacing), centre, atol=0.05)


def test_a_constant_stays_constant_out_to_the_border():
    change = GridChange.to_spacing((5, 1, 7), (3.0, 3.0, 1.0), (1.0, 1.0, 2.5))
    result = resample_image(np.full((1, 5, 1, 7), 4.5, np.float32), change)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, 4.5, rtol=1e-6)


def test_cubic_splines_do_not_overshoot():
    image = np.zeros((1, 20, 4, 4), np.float32)
    image[:, 10:] = 1
    change = GridChange.to_spacing((20, 4, 4), (1.0, 1.0, 1.0), (0.3, 1.0, 1.0))
    result = resample_image(image, change)
    assert result.min() == 0
    assert result.max() == 1


def test_labels_keep_their_values_volume_and_place():
    label = np.zeros((24, 24, 24), np.uint8)
    label[5:15, 6:16, 7:17] = 7
    label[15:20, 6:16, 7:17] = 200
    change = GridChange.to_spacing((24, 24, 24), (1.0, 1.0, 1.0), (0.6, 0.8, 1.3))
    result = resample_labels(label, change)
    assert result.dtype == np.uint8
    assert set(np.unique(result)) == {0, 7, 200}
    for value in (7, 200):
        volume = (result == value).sum() * 0.6 * 0.8 * 1.3
        assert volume == pytest.approx((label == value).sum(), rel=0.15)
        place = centroid((result == value).astype(float), (0.6, 0.8, 1.3))
        np.testing.assert_allclose(
            place, centroid((label == value).astype(float), (1, 1, 1)), atol=0.3
        )


def test_probabilities_become_the_likeliest_class_on_the_new_grid():
    probabilities = np.zeros((3, 8, 8, 8), np.float32)
    probabilities[0, :4] = probabilities[2, 4:] = 1
    change = GridChange.to_spacing((8, 8, 8), (2.0, 2.0, 2.0), (1.0, 1.0, 1.0))
    result = resample_argmax(probabilities, change)
    assert result.shape == (16, 16, 16)
    assert (result[:8] == 0).all()
    assert (result[8:] == 2).all()


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_spacing_that_is_not_positive_is_refused(bad):
    with pytest.raises(ImageError, match="must be positive"):
        GridChange.to_spacing((8, 8, 8), (1.0, 1.0, 1.0), (1.0, bad, 1.0))


def test_a_coarser_grid_is_smoothed_by_half_of_what_the_step_exceeds_one():
    rng = np.random.default_rng(0)
    image = rng.normal(size=(2, 40, 30, 20)).astype(np.float32)
    change = GridChange.to_spacing((40, 30, 20), (1.0, 1.0, 2.0), (3.0, 1.0, 1.0))
    result = smoothed(image, change)
    assert result.dtype == np.float32
    # Along the first axis alone, with an SD of (3 - 1) / 2 voxels; the kernel written out.
    offsets = np.arange(-4, 5)
    kernel = np.exp(-(offsets**2) / 2.0)
    kernel /= kernel.sum()
    padded = np.pad(image, [(0, 0), (4, 4), (0, 0), (0, 0)], mode="edge").astype(np.float64)
    expected = sum(
        weight * padded[:, 4 + at : 44 + at] for at, weight in zip(offsets, kernel, strict=True)
    )
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_what_gets_no_coarser_stays_sharp():
    image = np.random.default_rng(0).normal(size=(1, 8, 8, 1)).astype(np.float32)
    change = GridChange.to_spacing((8, 8, 1), (2.0, 2.0, 5.0), (1.0, 2.0, 5.0))
    assert smoothed(image, change) is image


def test_fine_stripes_do_not_alias_once_smoothed():
    waves = np.sin(2 * np.pi * 0.27 * np.arange(64))  # finer than every fourth voxel can show
    image = np.tile(waves[:, None, None], (1, 8, 1)).astype(np.float32)[None]
    change = GridChange.to_spacing((64, 8, 1), (1.0, 1.0, 1.0), (4.0, 1.0, 1.0))
    sharp, smooth = resample_image(image, change), resample_image(smoothed(image, change), change)
    assert np.abs(sharp[0, 2:-2]).max() > 0.8
    assert np.abs(smooth[0, 2:-2]).max() < 0.08


@given(st.integers(2, 30), st.integers(2, 30), st.floats(0.5, 3), st.floats(0.5, 3))
def test_a_flat_image_is_resampled_like_the_slice_of_a_volume(rows, columns, old, new):
    image = np.random.default_rng(rows).normal(size=(1, rows, columns, 1)).astype(np.float32)
    flat = GridChange.to_spacing((rows, columns, 1), (old, 1.0, 1.0), (new, 1.5, 1.0))
    deep = GridChange.to_spacing((rows, columns, 9), (old, 1.0, 1.0), (new, 1.5, 1.0))
    expected = resample_image(np.repeat(image, 9, 3), deep)[..., 4:5]
    np.testing.assert_allclose(resample_image(image, flat), expected, atol=1e-4)

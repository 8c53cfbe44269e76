import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.nifti1 import Nifti1Image
from nibabel.processing import resample_from_to
from scipy.interpolate import RegularGridInterpolator
from scipy.spatial.transform import Rotation

from radflow.imaging.regrid import Grid, corner_distance_mm, covered, regrid_image, regrid_labels

SHAPE = (12, 9, 7)


@st.composite
def grids(draw, largest=40.0):
    """Draw grids of any spacing, direction and place; mirrored ones too."""
    angles = draw(st.lists(st.floats(-180, 180), min_size=3, max_size=3))
    spacing = draw(st.lists(st.floats(0.5, 6), min_size=3, max_size=3))
    origin = draw(st.lists(st.floats(-largest, largest), min_size=3, max_size=3))
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * spacing
    affine[:3, 0] *= draw(st.sampled_from([-1, 1]))
    affine[:3, 3] = origin
    shape = tuple(draw(st.lists(st.integers(2, 12), min_size=3, max_size=3)))
    return Grid(shape, affine)


def centres_mm(grid):
    index = np.moveaxis(np.indices(grid.shape), 0, -1)
    return index @ grid.affine[:3, :3].T + grid.affine[:3, 3]


def index_in(grid, places_mm):
    inverse = np.linalg.inv(grid.affine)
    return places_mm @ inverse[:3, :3].T + inverse[:3, 3]


def noise(grid):
    return np.random.default_rng(0).normal(100, 20, grid.shape).astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(grids(), grids())
def test_voxels_are_interpolated_where_they_lie(source, target):
    image = noise(source)
    places = index_in(source, centres_mm(target))
    # Within half a voxel of the border the outermost value continues.
    clipped = np.clip(places, 0, np.array(source.shape) - 1)
    reference = RegularGridInterpolator([np.arange(size) for size in source.shape], image)(clipped)
    result = regrid_image(image, source, target)
    inside = covered(source, target)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result[inside], reference[inside], rtol=1e-3)
    assert (result[~inside] == image.min()).all()


@settings(deadline=None, max_examples=60)
@given(grids(), grids())
def test_labels_are_those_of_the_nearest_voxel(source, target):
    labels = np.random.default_rng(1).integers(0, 4, source.shape).astype(np.int16)
    places = index_in(source, centres_mm(target))
    nearest = np.clip(np.floor(places + 0.5).astype(int), 0, np.array(source.shape) - 1)
    decided = (np.abs(places - np.floor(places) - 0.5) > 1e-6).all(-1)
    inside = covered(source, target)
    result = regrid_labels(labels, source, target)
    assert result.dtype == np.uint8
    expected = labels[tuple(np.moveaxis(nearest, -1, 0))]
    assert (result == expected)[inside & decided].all()
    assert not result[~inside].any()


@settings(deadline=None, max_examples=60)
@given(grids(), grids())
def test_the_field_of_view_ends_at_the_faces_of_voxels(source, target):
    places = index_in(source, centres_mm(target))
    margin = np.minimum(places + 0.5, np.array(source.shape) - 0.5 - places).min(-1)
    inside = covered(source, target)
    assert inside[margin > 1e-6].all()
    assert not inside[margin < -1e-6].any()


@settings(deadline=None, max_examples=30)
@given(grids(), grids())
def test_a_plane_in_mm_stays_that_plane(source, target):
    slope = np.array([0.3, -1.2, 0.7])
    places = index_in(source, centres_mm(target))
    within = ((places >= 0) & (places <= np.array(source.shape) - 1)).all(-1)
    result = regrid_image(centres_mm(source) @ slope, source, target)
    np.testing.assert_allclose(result[within], (centres_mm(target) @ slope)[within], atol=1e-3)


def test_nibabel_gives_the_same_values():
    affine = np.diag([1.5, 2.0, 3.0, 1.0])
    affine[:3, 3] = (-8, -9, -10)
    source, target = Grid(SHAPE, affine), Grid((10, 11, 8), np.diag([1.1, 1.3, 2.0, 1.0]))
    image = noise(source)
    reference = resample_from_to(
        Nifti1Image(image, affine), (target.shape, target.affine), order=1, mode="nearest"
    )
    inside = covered(source, target)
    assert inside.any()
    result = regrid_image(image, source, target)
    np.testing.assert_allclose(result[inside], reference.get_fdata()[inside], rtol=1e-5)


@given(grids())
def test_the_same_grid_changes_nothing(grid):
    image = noise(grid)
    np.testing.assert_allclose(regrid_image(image, grid, grid), image, rtol=1e-4)
    assert covered(grid, grid).all()
    assert corner_distance_mm(grid, grid) == 0


def test_a_grid_with_axes_turned_about_is_no_distance_away():
    turned = Grid(SHAPE, np.diag([-1.0, -1.0, 1.0, 1.0]))
    turned.affine[:3, 3] = (SHAPE[0] - 1, SHAPE[1] - 1, 0)
    assert corner_distance_mm(Grid(SHAPE, np.eye(4)), turned) == pytest.approx(0)


def test_the_distance_is_that_of_the_farthest_corner():
    stretched = Grid((12, 9, 9), np.eye(4))
    assert corner_distance_mm(Grid(SHAPE, np.eye(4)), stretched) == pytest.approx(2)

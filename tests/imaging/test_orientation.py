import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radflow.errors import ImageError
from radflow.imaging.orientation import Orientation

SHAPE = (3, 4, 5)


@pytest.fixture
def affine(letters):
    """Voxels of 2 x 3 x 4 mm stored in the order of `letters`."""
    matrix = np.zeros((4, 4))
    for axis, (ras, sign) in enumerate(nib.orientations.axcodes2ornt(letters)):
        matrix[int(ras), axis] = sign * (axis + 2)
    matrix[:, 3] = 5, -7, 11, 1
    return matrix


def world(affine, shape):
    """Positions (i, j, k, 3) in mm of all voxels."""
    indices = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)
    return indices @ affine[:3, :3].T + affine[:3, 3]


def test_all_48_orientations_turn_to_ras_and_back(letters, affine):
    array = np.arange(60).reshape(SHAPE)
    orientation = Orientation.of(affine)
    canonical = orientation.apply(array)
    assert orientation.letters == letters
    assert canonical.shape == orientation.shape(SHAPE)
    assert nib.aff2axcodes(orientation.affine(affine, SHAPE)) == ("R", "A", "S")
    np.testing.assert_array_equal(orientation.undo(canonical), array)


def test_every_voxel_stays_at_its_place_in_mm(affine):
    orientation = Orientation.of(affine)
    places = np.moveaxis(world(affine, SHAPE), -1, 0)
    canonical = orientation.affine(affine, SHAPE)
    turned = np.moveaxis(orientation.apply(places), 0, -1)
    np.testing.assert_allclose(turned, world(canonical, turned.shape[:3]))


def test_it_agrees_with_nibabel(affine):
    array = np.arange(60.0).reshape(SHAPE)
    theirs = nib.as_closest_canonical(nib.Nifti1Image(array, affine))
    orientation = Orientation.of(affine)
    np.testing.assert_array_equal(orientation.apply(array), theirs.get_fdata())
    np.testing.assert_allclose(orientation.affine(affine, SHAPE), theirs.affine)


def test_channels_stay_first(affine):
    array = np.arange(120).reshape(2, *SHAPE)
    orientation = Orientation.of(affine)
    for channel, turned in zip(array, orientation.apply(array), strict=True):
        np.testing.assert_array_equal(turned, orientation.apply(channel))
    np.testing.assert_array_equal(orientation.undo(orientation.apply(array)), array)


@given(data=st.data())
def test_oblique_affines_turn_to_ras_and_back(data, oblique):
    affine = data.draw(oblique)
    array = np.arange(60).reshape(SHAPE)
    orientation = Orientation.of(affine)
    canonical = orientation.affine(affine, SHAPE)
    assert nib.aff2axcodes(canonical) == ("R", "A", "S")
    np.testing.assert_array_equal(orientation.undo(orientation.apply(array)), array)
    np.testing.assert_allclose(np.linalg.det(canonical), abs(np.linalg.det(affine)))


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_an_affine_that_spans_no_volume_is_refused(bad):
    affine = np.diag([1.0, bad, 1.0, 1.0])
    with pytest.raises(ImageError, match="three dimensions; repair"):
        Orientation.of(affine)

import numpy as np
import pytest
from PIL import Image

from radflow.datasets.checks.examined import Examined
from radflow.datasets.thumbnail import write_thumbnail
from radflow.imaging.nifti_reader import read_raw


@pytest.fixture
def show(make, rules, tmp_path):
    """Write an image and its thumbnail; give the picture's grey values, rows from the top."""

    def _show(array, affine=None, name="thumbnail.png"):
        path = make("case_1.nii", array=array, affine=affine)
        write_thumbnail(Examined(path, read_raw(path), rules), tmp_path / name)
        with Image.open(tmp_path / name) as picture:
            assert (picture.format, picture.mode) == ("PNG", "L")
            return np.asarray(picture)

    return _show


def ramp(shape, axis):
    return np.moveaxis(np.broadcast_to(np.arange(shape[axis]), np.roll(shape, -axis - 1)), -1, axis)


def test_three_planes_stand_side_by_side_in_their_shape_in_mm(show):
    array = np.random.default_rng(0).normal(size=(40, 20, 10)).astype(np.float32)
    picture = show(array, np.diag([1.0, 2, 2, 1]))
    # Sagittal 40 x 20 mm, coronal 40 x 20 mm, axial 40 x 40 mm: the longer side is 96 pixels.
    assert picture.shape == (96, 3 * 96 + 2 * 2)
    columns = picture.any(axis=0)
    assert not columns[96:98].any()
    rows = picture[:, :96].any(axis=1)
    assert rows.sum() == 48


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1)])
def test_superior_is_up_anterior_is_up_and_left_is_on_the_right(show, signs):
    shape = (30, 30, 30)
    affine = np.diag([*signs, 1.0])
    up = ramp(shape, 2)[..., :: signs[2]].astype(np.float32)
    sagittal = show(up, affine)[:, :96].astype(int)
    assert (sagittal[5] > sagittal[90] + 100).all()
    to_the_right = ramp(shape, 0)[:: signs[0]].astype(np.float32)
    coronal = show(to_the_right, affine)[:, 98:194].astype(int)
    assert (coronal[:, 5] > coronal[:, 90] + 100).all()
    forward = ramp(shape, 1).astype(np.float32)
    axial = show(forward, affine)[:, 196:].astype(int)
    assert (axial[5] > axial[90] + 100).all()


def test_grey_runs_from_the_first_to_the_last_percentile(show):
    array = ramp((100, 20, 20), 0).astype(np.float32)
    array[0, 0, 0], array[99, 0, 0] = -1e6, 1e6
    axial = show(array)[:, -96:]
    assert (axial.min() <= 2, axial.max() >= 245) == (True, True)
    assert len(np.unique(axial)) > 50


def test_a_2d_image_gives_its_one_plane(show):
    array = np.random.default_rng(0).normal(size=(30, 60, 1)).astype(np.float32)
    assert show(array).shape == (96, 48)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 7.0, 3e38])
def test_images_of_one_value_or_none_are_black(show, value):
    assert not show(np.full((6, 7, 8), value, np.float32)).any()


def test_voxels_that_are_not_finite_are_black_among_others(show):
    array = np.random.default_rng(0).uniform(1, 2, (20, 20, 20)).astype(np.float32)
    array[8:12, 8:12, 8:12] = np.nan
    picture = show(array)
    assert picture[48, 48] == 0
    assert picture.max() > 245


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float64])
def test_any_type_of_voxel_is_shown(show, dtype):
    assert show(ramp((20, 20, 20), 1).astype(dtype)).max() > 245


def test_equal_images_give_equal_bytes(show, tmp_path):
    array = np.random.default_rng(0).normal(size=(20, 21, 22)).astype(np.float32)
    show(array, name="one.png")
    show(array, name="two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_nothing_is_written_of_what_is_no_volume(make, rules, tmp_path):
    path = make(array=np.zeros((4, 4, 4, 2), np.float32))
    write_thumbnail(Examined(path, read_raw(path), rules), tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_no_orientation_or_an_odd_one_shows_the_axes_of_the_file(make, rules, tmp_path):
    for row in (bytes(4), b"\1\0\1\0"):
        path = make("case_1.nii", affine=np.diag([1e8, 1, 1e-6, 1]))
        content = bytearray(path.read_bytes())
        content[252:256] = row
        path.write_bytes(content)
        write_thumbnail(Examined(path, read_raw(path), rules), tmp_path / "a.png")
        assert (tmp_path / "a.png").is_file()

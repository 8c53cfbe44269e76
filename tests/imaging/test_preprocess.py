import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radflow.errors import ImageError
from radflow.imaging.geometry import Geometry, voxel_size
from radflow.imaging.preparation import Preparation
from radflow.imaging.preprocess import preprocess_image, to_native
from radflow.imaging.volume import read_volume, write_labels

SHAPE = (12, 14, 16)
HU = Preparation(spacing_mm=(1, 1, 1), normalisation="ct")


def zscored(spacing_mm=(1, 1, 1)):
    return Preparation(spacing_mm=spacing_mm, normalisation="zscore")


def save(path, array, affine):
    image = nib.Nifti1Image(array, affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    nib.save(image, path)
    return path


def values(seed=0):
    return np.random.default_rng(seed).normal(100, 20, SHAPE).astype(np.float32)


def label_map():
    label = np.zeros(SHAPE, np.uint8)
    label[3:7, 4:10, 5:12] = 1
    label[7:10, 4:10, 5:12] = 2
    return label


def one_hot(label, classes=3):
    return (np.arange(classes)[:, None, None, None] == label).astype(np.float32)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(data=st.data())
def test_matching_spacing_returns_the_native_label_exactly(data, oblique, tmp_path):
    affine = data.draw(oblique)
    image = save(tmp_path / "a.nii.gz", values(), affine)
    label = save(tmp_path / "a_label.nii.gz", label_map(), affine)
    source = read_volume(label)
    canonical = Geometry(SHAPE, source.affine, (1.0, 1.0, 1.0)).orientation.affine(
        source.affine, SHAPE
    )
    case = preprocess_image([image], label, plan=zscored(voxel_size(canonical)))
    assert case.case == "a"
    assert case.image.dtype == np.float32
    assert case.label is not None
    assert sorted(case.image.shape[1:]) == sorted(SHAPE)
    native = to_native(one_hot(case.label), case.geometry)
    np.testing.assert_array_equal(native, label_map())
    assert native.dtype == np.uint8
    write_labels(tmp_path / "out.nii.gz", native, case.geometry.affine)
    np.testing.assert_array_equal(read_volume(tmp_path / "out.nii.gz").array, label_map())


def test_image_and_label_turn_together(tmp_path, letters):
    signs = nib.orientations.axcodes2ornt(letters)
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for axis, (ras, sign) in enumerate(signs):
        affine[int(ras), axis] = sign
    label = label_map()
    image = save(tmp_path / "a.nii.gz", label.astype(np.float32), affine)
    truth = save(tmp_path / "b.nii.gz", label, affine)
    case = preprocess_image([image], truth, plan=HU)
    np.testing.assert_array_equal(case.image[0], case.label)


def test_bone_outweighs_no_brain_where_a_coarse_voxel_holds_both(tmp_path):
    fine = np.full((16, 4, 4), 34, np.float32)
    fine[8:] = 1200
    image = save(tmp_path / "a.nii.gz", fine, np.diag([1.0, 1, 1, 1]))
    rules = {"spacing_mm": (2, 1, 1), "normalisation": "ct", "smooth": True}
    windows = Preparation(**rules, windows_hu=((0, 80), (80, 600)))
    brain, bone = preprocess_image([image], plan=windows).image[:, :, 2, 2]
    assert brain[:2] == pytest.approx(34 / 40 - 1, abs=0.01)
    assert bone[:2] == pytest.approx(-1, abs=0.01)
    # The edge of each window is as wide as that of the image, and no wider.
    wide = (preprocess_image([image], plan=Preparation(**rules)).image[0, :, 2, 2] - 34) / 1166
    np.testing.assert_allclose((brain - brain.min()) / np.ptp(brain), wide, atol=1e-4)
    np.testing.assert_allclose((bone + 1) / 2, wide, atol=1e-4)
    assert brain.max() == bone.max() == 1


def test_windows_come_channel_by_channel(tmp_path):
    first, second = (
        save(tmp_path / f"a_{n}.nii.gz", values(n) * 4 - 300, np.eye(4)) for n in range(2)
    )
    windows = {**HU.model_dump(), "windows_hu": [[0, 80], [80, 600]]}
    both = preprocess_image([first, second], plan=Preparation(**windows)).image
    alone = preprocess_image([second], plan=Preparation(**windows)).image
    assert both.shape == (4, *SHAPE)
    np.testing.assert_array_equal(both[2:], alone)


def test_another_spacing_comes_back_nearly_the_same(tmp_path):
    affine = np.diag([-1.0, 1.2, 2.0, 1.0])
    image = save(tmp_path / "a.nii.gz", values(), affine)
    label = save(tmp_path / "b.nii.gz", label_map(), affine)
    case = preprocess_image([image], label, plan=zscored((0.8, 0.8, 1.0)))
    assert case.label is not None
    assert case.image.shape[1:] == case.label.shape == case.geometry.grid_shape == (15, 21, 32)
    native = to_native(one_hot(case.label), case.geometry)
    assert native.shape == SHAPE
    agree = (native == label_map())[label_map() > 0].mean()
    assert agree > 0.95


def test_channels_keep_their_order(tmp_path):
    first = save(tmp_path / "a.nii.gz", values(0), np.eye(4))
    second = save(tmp_path / "a_1.nii.gz", values(1) * 1e5, np.eye(4))
    case = preprocess_image([first, second], plan=zscored())
    alone = preprocess_image([second], plan=zscored(), case="x")
    assert case.label is None
    assert alone.case == "x"
    assert case.image.shape == (2, *SHAPE)
    np.testing.assert_array_equal(case.image[1], alone.image[0])


def test_ct_stays_in_hounsfield_units(tmp_path):
    hu = np.rint(values() - 1000).astype(np.int16)
    case = preprocess_image([save(tmp_path / "a.nii.gz", hu, np.eye(4))], plan=HU)
    np.testing.assert_array_equal(case.image[0], hu)


def moved(mm):
    affine = np.eye(4)
    affine[0, 3] = mm
    return affine


@pytest.mark.parametrize(
    ("label", "affine", "complaint"),
    [
        (label_map()[:-1], np.eye(4), r"b.nii.gz has \(11, 14, 16\) voxels"),
        (label_map(), moved(0.5), "lies up to 0.5 mm from the first image"),
        (label_map(), np.diag([-1.0, 1, 1, 1]), "must share one grid"),
        (label_map().astype(np.float32) * 0.988, np.eye(4), "whole numbers"),
        (label_map().astype(np.int16) * 200, np.eye(4), "holds .400"),
        (label_map().astype(np.int16) * -1, np.eye(4), "whole numbers from 0 to 255"),
    ],
)
def test_a_label_that_does_not_fit_is_refused(tmp_path, label, affine, complaint):
    image = save(tmp_path / "a.nii.gz", values(), np.eye(4))
    truth = save(tmp_path / "b.nii.gz", label, affine)
    with pytest.raises(ImageError, match=complaint) as caught:
        preprocess_image([image], truth, plan=zscored())
    assert "case a" in str(caught.value)


def test_a_channel_on_another_grid_is_refused(tmp_path):
    first = save(tmp_path / "a.nii.gz", values(), np.eye(4))
    second = save(tmp_path / "a_1.nii.gz", values(), moved(1.0))
    with pytest.raises(ImageError, match=r"case a: a_1.nii.gz lies up to 1 mm"):
        preprocess_image([first, second], plan=zscored())


def test_a_case_without_images_is_refused():
    with pytest.raises(ImageError, match="case a: there is no image to read"):
        preprocess_image([], plan=HU, case="a")


def test_probabilities_of_another_grid_are_refused():
    geometry = Geometry(SHAPE, np.eye(4), (1.0, 1.0, 1.0))
    with pytest.raises(ImageError, match="not on the preprocessed grid"):
        to_native(np.zeros((3, 14, 12, 16), np.float32), geometry)

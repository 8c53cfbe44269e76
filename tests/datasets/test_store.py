import nibabel as nib
import numpy as np
import pytest

from radflow.datasets.checks.image import examine_image, examine_label
from radflow.datasets.store import store
from radflow.imaging.nifti_reader import read_raw
from radflow.imaging.volume import read_volume


@pytest.fixture
def keep(rules, tmp_path):
    def _keep(path, *, label=False, classes=(), **declared):
        changed = rules.model_copy(update=declared)
        classes = (0, 1, 2) if label else classes
        examined, findings = (
            examine_label(path, changed, classes, case="a")
            if classes
            else examine_image(path, changed, case="a")
        )
        target = tmp_path / "kept.nii.gz"
        store(examined, target, findings)
        return target

    return _keep


def test_a_sound_file_keeps_its_bytes(make, keep):
    path = make()
    before = path.read_bytes()
    assert keep(path).read_bytes() == before


def test_a_file_under_a_wrong_name_keeps_its_bytes(make, keep):
    path = make()
    before = path.read_bytes()
    assert keep(path.rename(path.with_name("case_1.nii"))).read_bytes() == before


def test_a_plain_file_is_compressed_with_equal_header_and_voxels(make, keep):
    path = make("case_1.nii")
    before, kept = read_raw(path), read_raw(keep(path))
    assert kept.compressed
    assert kept.data == before.data
    assert kept.header.binaryblock == before.header.binaryblock


def test_a_repair_gives_the_same_bytes_every_time(make, keep):
    first = keep(make("case_1.nii")).read_bytes()
    assert keep(make("case_1.nii")).read_bytes() == first


def test_extensions_are_gone_and_the_voxels_are_not(make, keep):
    def add_extension(image):
        image.header.extensions.append(nib.nifti1.Nifti1Extension(6, b"Jane Doe"))

    path = make(change=add_extension)
    before = read_volume(path)
    kept = keep(path)
    assert read_raw(kept).extension_bytes == 0
    assert np.array_equal(read_volume(kept).array, before.array)


def test_trailing_axes_are_dropped(make, keep):
    array = np.random.default_rng(0).normal(size=(12, 14, 10, 1)).astype(np.float32)
    kept = read_raw(keep(make(array=array)))
    assert kept.dimensions == (12, 14, 10)
    assert np.array_equal(kept.array(), array[..., 0])


def test_the_qform_is_made_to_agree_with_the_sform(make, keep):
    moved = np.eye(4)
    moved[0, 3] = 0.3
    kept = read_raw(keep(make(change=lambda image: image.set_qform(moved, 1))))
    assert np.allclose(kept.qform(), np.eye(4))
    assert kept.codes == (1, 1)


def test_a_declared_fill_is_written_where_voxels_were_not_finite(make, keep):
    array = np.random.default_rng(0).normal(size=(12, 14, 10)).astype(">f4")
    array[0, 0, :4] = np.nan, np.inf, -np.inf, 5
    kept = keep(make(array=array), fill_not_finite=-1.0)
    expected = array.copy()
    expected[0, 0, :3] = -1
    assert np.array_equal(read_volume(kept).array, expected)
    assert read_raw(kept).dtype.itemsize == 4


def test_a_declared_unit_puts_the_whole_header_in_mm(make, keep):
    affine = np.array([[0, -800.0, 0, 5e3], [700, 0, 0, -6e3], [0, 0, 3000, 7e3], [0, 0, 0, 1]])
    kept = keep(make(affine=affine), units="um")
    raw = read_raw(kept)
    in_mm = affine * [[0.001], [0.001], [0.001], [1]]
    assert np.allclose(raw.sform(), in_mm)
    assert np.allclose(raw.qform(), in_mm, atol=1e-6)
    assert np.allclose(raw.header["pixdim"][1:4], [0.7, 0.8, 3])
    assert raw.header.get_xyzt_units()[0] == "mm"
    assert np.allclose(nib.load(kept).affine, in_mm, atol=1e-6)


def test_an_accepted_orientation_becomes_an_sform(make, keep):
    path = make("case_1.nii", affine=np.diag([-1.0, 2, 3, 1]))
    content = bytearray(path.read_bytes())
    content[252:256] = bytes(4)
    path.write_bytes(content)
    kept = keep(path, unknown_orientation="accept")
    assert np.array_equal(read_volume(kept).affine, np.diag([1.0, 2, 3, 1]))
    assert read_raw(kept).codes == (0, 2)


def test_labels_of_64_bits_and_many_classes_become_uint16(make, keep):
    array = np.zeros((12, 14, 10), np.int64)
    array[2:5], array[6:8] = 1, 300
    volume = read_volume(keep(make(array=array, dtype=np.int64), classes=tuple(range(301))))
    assert volume.array.dtype == np.uint16
    assert np.array_equal(volume.array, array)


def test_float_labels_become_uint8_with_equal_values_and_geometry(make, keep):
    affine = np.diag([-1.0, -1, 2, 1])
    array = np.zeros((12, 14, 10), np.float32)
    array[2:5], array[6:8] = 1, 2
    kept = keep(make(array=array, affine=affine), label=True)
    volume = read_volume(kept)
    assert volume.array.dtype == np.uint8
    assert np.array_equal(volume.array, array)
    assert np.array_equal(volume.affine, affine)
    assert read_raw(kept).scaling is None


def test_rescaled_labels_become_uint8_without_rescaling(make, keep):
    array = np.zeros((12, 14, 10), np.int16)
    array[2:5], array[6:8] = 2, 4
    path = make("case_1.nii", array=array)
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([0.5, 0], "<f4").tobytes()
    path.write_bytes(content)
    kept = keep(path, label=True)
    assert np.array_equal(np.asarray(nib.load(kept).dataobj), array // 2)
    assert read_raw(kept).dtype == np.uint8

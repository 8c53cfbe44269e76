import nibabel as nib
import numpy as np
import pytest

from radflow.datasets.checks.image import examine_image, examine_label
from radflow.datasets.store import store
from radflow.imaging.nifti_reader import read_raw
from radflow.imaging.volume import read_volume


@pytest.fixture
def keep(rules, tmp_path):
    def _keep(path, *, label=False):
        examined, findings = (
            examine_label(path, rules, (0, 1, 2), case="a")
            if label
            else examine_image(path, rules, case="a")
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

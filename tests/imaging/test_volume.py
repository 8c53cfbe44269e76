import gzip
import hashlib

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radflow.errors import ImageError
from radflow.imaging.nifti_reader import read_raw
from radflow.imaging.volume import Volume, read_volume, write_labels

AFFINE = np.array([[-1.5, 0, 0, 90], [0, -1.5, 0, 126], [0, 0, 3, -72], [0, 0, 0, 1.0]])


def save(path, array, affine=AFFINE, **codes):
    made = nib.Nifti1Image(array, affine)
    made.set_qform(affine, codes.get("qform", 1))
    made.set_sform(affine, codes.get("sform", 1))
    nib.save(made, path)
    return path


def labels(shape=(7, 8, 9)):
    return np.random.default_rng(0).integers(0, 3, shape, dtype=np.uint8)


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_values_axes_and_affine_come_back_as_stored(tmp_path, name, dtype):
    array = np.arange(7 * 8 * 9).reshape(7, 8, 9).astype(dtype)
    volume = read_volume(save(tmp_path / name, array))
    assert volume.array.dtype == dtype
    assert np.array_equal(volume.array, array)
    assert np.array_equal(volume.affine, AFFINE)
    assert volume.affine.dtype == np.float64
    assert volume.spacing_mm == (1.5, 1.5, 3.0)
    assert volume.code == 1


def test_a_big_endian_file_comes_back_in_native_order(tmp_path):
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    made = nib.Nifti1Image(array, AFFINE, header)
    nib.save(made, tmp_path / "a.nii.gz")
    volume = read_volume(tmp_path / "a.nii.gz")
    assert volume.array.dtype.isnative
    assert np.array_equal(volume.array, array)


def test_rescaled_values_are_float64_like_nibabels(tmp_path):
    made = nib.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), AFFINE)
    made.header.set_slope_inter(0.25, -7)
    nib.save(made, tmp_path / "a.nii.gz")
    volume = read_volume(tmp_path / "a.nii.gz")
    assert volume.array.dtype == np.float64
    assert np.array_equal(volume.array, nib.load(tmp_path / "a.nii.gz").get_fdata())


def test_trailing_axes_of_length_one_are_dropped(tmp_path):
    path = save(tmp_path / "a.nii.gz", labels((7, 8, 9))[..., None, None])
    assert read_volume(path).array.shape == (7, 8, 9)


def test_the_sform_comes_before_the_qform(tmp_path):
    made = nib.Nifti1Image(labels(), AFFINE)
    made.set_qform(np.eye(4), 1)
    made.set_sform(AFFINE, 4)
    nib.save(made, tmp_path / "a.nii.gz")
    volume = read_volume(tmp_path / "a.nii.gz")
    assert np.array_equal(volume.affine, AFFINE)
    assert volume.code == 4


def test_a_qform_alone_gives_the_affine(tmp_path):
    path = save(tmp_path / "a.nii.gz", labels(), qform=2, sform=0)
    assert np.allclose(read_volume(path).affine, AFFINE, atol=1e-5)
    assert read_volume(path).code == 2


def uncoded(path):
    content = bytearray(save(path, labels()).read_bytes())
    content[252:256] = bytes(4)
    path.write_bytes(content)


def four_axes(path):
    save(path, np.ones((3, 3, 3, 2), np.uint8))


def damaged(path):
    content = bytearray(gzip.compress(save(path, labels()).read_bytes(), 0))
    content[600] ^= 1
    path.write_bytes(content)


def flat(path):
    content = bytearray(save(path, labels()).read_bytes())
    content[280:296] = bytes(16)
    path.write_bytes(content)


def half_scaled(path):
    content = bytearray(save(path, labels()).read_bytes())
    content[112:120] = np.array([2, np.nan], "<f4").tobytes()
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (uncoded, "qform_code and sform_code are both 0"),
        (four_axes, r"\(3, 3, 3, 2\): three axes are needed"),
        (damaged, "the gzip stream is damaged"),
        (flat, "the affine has no volume"),
        (half_scaled, "the rescaling is not finite"),
        (lambda path: path.touch(), "0 bytes"),
        (lambda path: None, "is not there"),
        (lambda path: path.write_bytes(b"<html>"), "a web page"),
    ],
)
def test_what_is_no_whole_volume_in_space_is_refused_by_name(tmp_path, write, words):
    write(tmp_path / "a.nii")
    with pytest.raises(ImageError, match=rf"a\.nii: .*{words}"):
        read_volume(tmp_path / "a.nii")


def test_labels_come_back_with_their_affine_as_plain_uint8(tmp_path):
    path = tmp_path / "new/a.nii.gz"
    write_labels(path, labels(), AFFINE, code=4)
    loaded = nib.load(path)
    assert loaded.get_data_dtype() == np.uint8
    assert np.array_equal(np.asarray(loaded.dataobj), labels())
    assert np.array_equal(loaded.affine, AFFINE)
    assert np.allclose(loaded.get_qform(), AFFINE)
    assert (int(loaded.header["qform_code"]), int(loaded.header["sform_code"])) == (4, 4)
    assert loaded.header.get_xyzt_units()[0] == "mm"
    raw = read_raw(path)
    assert (float(raw.header["scl_slope"]), float(raw.header["scl_inter"])) == (1, 0)
    assert np.array_equal(read_volume(path).array, labels())


def test_labels_are_the_same_bytes_every_time_without_name_or_date(tmp_path):
    hashes = set()
    for name in ("a.nii.gz", "b.nii.gz"):
        write_labels(tmp_path / name, labels(), AFFINE)
        hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(hashes) == 1
    assert (tmp_path / "a.nii.gz").read_bytes()[4:8] == bytes(4)


def test_labels_that_do_not_lie_contiguous_in_memory_are_written_right(tmp_path):
    turned = labels((4, 5, 6)).transpose(2, 0, 1)[::-1]
    write_labels(tmp_path / "a.nii.gz", turned, AFFINE)
    assert np.array_equal(read_volume(tmp_path / "a.nii.gz").array, turned)


def test_a_sheared_affine_is_kept_in_the_sform_and_the_qform_says_nothing(tmp_path):
    sheared = AFFINE.copy()
    sheared[0, 1] = 0.2
    write_labels(tmp_path / "a.nii.gz", labels(), sheared)
    raw = read_raw(tmp_path / "a.nii.gz")
    assert raw.codes == (0, 1)
    assert np.allclose(raw.affine, sheared)


@settings(max_examples=25, deadline=None)
@given(
    spacing=st.lists(st.floats(0.3, 5), min_size=3, max_size=3),
    origin=st.lists(st.floats(-200, 200), min_size=3, max_size=3),
    order=st.permutations(range(3)),
    signs=st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3),
)
def test_any_axis_order_flip_spacing_and_origin_survive(
    tmp_path_factory, *, spacing, origin, order, signs
):
    affine = np.eye(4)
    affine[:3, :3] = np.diag(np.array(spacing) * signs)[:, order]
    affine[:3, 3] = origin
    path = tmp_path_factory.mktemp("labels") / "a.nii.gz"
    write_labels(path, labels((3, 4, 5)), affine)
    raw = read_raw(path)
    assert np.allclose(raw.affine, affine, atol=1e-4)
    assert np.allclose(raw.qform(), affine, atol=1e-3)
    assert raw.codes == (1, 1)


@pytest.mark.parametrize(
    ("array", "affine", "name", "words"),
    [
        (labels().astype(np.int16), AFFINE, "a.nii.gz", "uint8.*int16"),
        (labels()[0], AFFINE, "a.nii.gz", r"\(8, 9\)"),
        (labels()[:0], AFFINE, "a.nii.gz", r"\(0, 8, 9\)"),
        (labels(), np.eye(3), "a.nii.gz", "affine"),
        (labels(), np.diag([1, 1, 0, 1.0]), "a.nii.gz", "affine"),
        (labels(), AFFINE * np.nan, "a.nii.gz", "affine"),
        (labels(), AFFINE, "a.nii", r"\.nii\.gz"),
    ],
)
def test_what_cannot_be_a_label_map_is_not_written(tmp_path, *, array, affine, name, words):
    with pytest.raises(ImageError, match=words):
        write_labels(tmp_path / name, array, affine)
    assert list(tmp_path.iterdir()) == []


def test_a_volume_is_an_array_and_where_it_lies():
    volume = Volume(labels(), np.diag([2.0, 3, 4, 1]))
    assert volume.spacing_mm == (2, 3, 4)

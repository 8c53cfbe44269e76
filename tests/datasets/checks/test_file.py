import gzip
import os
import shutil

import nibabel as nib
import numpy as np
import pytest

from radflow.datasets.checks.file import UNREADABLE, stem


def assert_finding(finding, fault, level, *words):
    assert (finding.fault, finding.level) == (fault, level)
    assert finding.message.startswith("case_1 (image): ")
    assert finding.remedy
    for word in words:
        assert word in finding.message


def test_a_sound_image_has_no_finding(make, check):
    assert check(make()).findings == []


def test_a_missing_file_stops(tmp_path, check):
    found = check(tmp_path / "case_1.nii.gz")
    assert_finding(found.one("missing-file"), 1, "STOP", "case_1.nii.gz is not there")


def test_a_folder_in_place_of_a_file_stops(tmp_path, check):
    (tmp_path / "case_1.nii.gz").mkdir()
    assert_finding(
        check(tmp_path / "case_1.nii.gz").one("unreadable"), 12, "STOP", "Is a directory"
    )


def test_a_dangling_link_stops(tmp_path, check):
    (tmp_path / "case_1.nii.gz").symlink_to(tmp_path / "gone")
    assert_finding(check(tmp_path / "case_1.nii.gz").one("missing-file"), 1, "STOP")


def test_an_empty_file_is_quarantined(tmp_path, check):
    (tmp_path / "case_1.nii.gz").touch()
    assert_finding(check(tmp_path / "case_1.nii.gz").one("empty-file"), 2, "QUAR", "0 bytes")


def test_a_login_page_is_quarantined(tmp_path, check):
    (tmp_path / "case_1.nii.gz").write_text("<!DOCTYPE html><html>Log in</html>")
    finding = check(tmp_path / "case_1.nii.gz").one("web-page")
    assert_finding(finding, 3, "QUAR", "<!DOCTYPE html>")
    assert "is not a gzip file" in finding.remedy


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_truncated_gzip_is_quarantined(make, check, kept):
    path = make()
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    assert_finding(check(path).one("truncated"), 4, "QUAR", "gzip stream breaks off")


def test_a_truncated_plain_file_is_quarantined_with_its_bytes(make, check):
    path = make("case_1.nii")
    path.write_bytes(path.read_bytes()[:-100])
    assert_finding(check(path).one("short"), 5, "QUAR", "6620 of 6720 bytes of voxels")


@pytest.mark.parametrize("kept", [200, 347])
def test_a_file_that_ends_in_its_header_is_quarantined(make, check, kept):
    path = make("case_1.nii")
    path.write_bytes(path.read_bytes()[:kept])
    assert_finding(check(path).one("short"), 5, "QUAR", f"{kept} of 348 bytes of the header")


def flipped_byte(content):
    """A stream that inflates to altered voxels: stored, not compressed, with the old checksum."""
    stored = bytearray(gzip.compress(gzip.decompress(content), compresslevel=0))
    stored[len(stored) // 2] ^= 0xFF
    return bytes(stored)


def flipped_trailer(content):
    return content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]


@pytest.mark.parametrize("damage", [flipped_byte, flipped_trailer])
def test_damage_that_nibabel_reads_without_an_error_is_quarantined(make, check, damage):
    path = make()
    path.write_bytes(damage(path.read_bytes()))
    nib.load(path).get_fdata()
    assert_finding(check(path).one("damaged-gzip"), 6, "QUAR", "CRC check failed")


def test_a_header_that_claims_too_many_voxels_is_quarantined_before_memory_is_taken(make, check):
    path = make("case_1.nii", change=lambda image: image.header.set_data_dtype(np.uint8))
    content = bytearray(path.read_bytes())
    content[42:48] = np.array([30000, 30000, 30000], "<i2").tobytes()
    path.write_bytes(content)
    finding = check(path).one("voxel-budget")
    assert_finding(finding, 8, "QUAR", "27000000000000 voxels", "the bound is 1000000000")
    assert "most_voxels" in finding.remedy


def test_a_gzip_bomb_behind_a_small_header_is_quarantined(make, check):
    path = make()
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(1 << 26)))
    assert_finding(check(path).one("surplus-bytes"), 9, "QUAR", "more than 1048576 bytes follow")


def test_a_few_bytes_behind_the_last_voxel_are_noted(make, check):
    path = make()
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b"more"))
    assert_finding(check(path).one("surplus"), 9, "NOTE", "4 bytes follow")


def test_a_gzip_named_nii_is_kept_under_the_right_name(make, check):
    path = make()
    shutil.move(path, path.with_name("case_1.nii"))
    finding = check(path.with_name("case_1.nii")).one("suffix")
    assert_finding(finding, 10, "FIX", "'case_1.nii' should be 'case_1.nii.gz': it is gzip")


def test_a_plain_file_named_nii_gz_is_renamed_and_compressed(make, check):
    path = make("case_1.nii")
    shutil.move(path, path.with_name("case_1.nii.gz"))
    found = check(path.with_name("case_1.nii.gz"))
    assert_finding(found.one("suffix"), 10, "FIX", "it is plain NIfTI")
    assert_finding(found.one("compression"), 10, "FIX", "not compressed")


@pytest.mark.parametrize("name", ["case_1.NII.GZ", "case_1.nii.gz.gz", "case_1.nii.nii.gz"])
def test_upper_case_and_double_suffixes_are_mended(make, check, name):
    path = make()
    shutil.move(path, path.with_name(name))
    assert check(path.with_name(name)).one("suffix").level == "FIX"


def test_something_else_than_nifti_is_quarantined(tmp_path, check):
    (tmp_path / "case_1.nii").write_bytes(b"\x89PNG\r\n" * 100)
    assert_finding(check(tmp_path / "case_1.nii").one("not-nifti"), 10, "QUAR", "PNG")


def test_an_extent_of_zero_is_quarantined(make, check):
    path = make("case_1.nii")
    content = bytearray(path.read_bytes())
    content[42:44] = b"\0\0"
    path.write_bytes(content)
    assert_finding(check(path).one("bad-header"), 10, "QUAR", "extents must be at least 1")


@pytest.mark.parametrize("offset", [100.0, 352.5, float("nan"), 1e12])
def test_voxels_that_begin_in_the_header_or_nowhere_are_quarantined(make, check, offset):
    path = make("case_1.nii")
    content = bytearray(path.read_bytes())
    content[108:112] = np.float32(offset).tobytes()
    path.write_bytes(content)
    assert_finding(check(path).one("bad-header"), 10, "QUAR", "vox_offset")


def test_analyze_is_refused_because_it_has_no_orientation(tmp_path, check):
    array = np.ones((4, 4, 4), np.int16)
    nib.save(nib.AnalyzeImage(array, np.eye(4)), tmp_path / "case_1.img")
    finding = check(tmp_path / "case_1.hdr").one("analyze")
    assert_finding(finding, 11, "QUAR", "no orientation", "'case_1.img' lies beside it")


@pytest.mark.parametrize(("half", "other"), [("hdr", "img"), ("img", "hdr")])
def test_half_of_a_pair_is_quarantined_and_the_other_half_named(tmp_path, check, half, other):
    array = np.ones((4, 4, 4), np.int16)
    nib.save(nib.Nifti1Pair(array, np.eye(4)), tmp_path / "case_1.img")
    path = tmp_path / f"case_1.{half}"
    words = f".hdr/.img pair; its other half 'case_1.{other}' "
    assert_finding(check(path).one("pair"), 11, "QUAR", words + "lies beside it")
    (tmp_path / f"case_1.{other}").unlink()
    assert_finding(check(path).one("pair"), 11, "QUAR", words + "is missing")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_stops(make, check):
    path = make()
    path.chmod(0)
    assert_finding(check(path).one("unreadable"), 12, "STOP", "Permission denied")


@pytest.mark.parametrize("dtype", [np.complex64, np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])])
def test_voxels_that_are_no_real_numbers_stop(make, check, dtype):
    path = make(array=np.zeros((4, 4, 4), dtype))
    finding = check(path).one("voxel-type")
    assert_finding(finding, 26, "STOP", "(4, 4, 4)", "one real number per voxel is needed")


@pytest.mark.parametrize("code", [1, 1536, 12345])
def test_bits_quadruples_and_unknown_types_stop(make, check, code):
    path = make("case_1.nii")
    content = bytearray(path.read_bytes())
    content[70:72] = np.int16(code).tobytes()
    path.write_bytes(content)
    assert_finding(check(path).one("voxel-type"), 26, "STOP", f"NIfTI type {code}")


def test_extensions_are_reported_and_dropped_without_being_decoded(make, check):
    def add_extension(image):
        image.header.extensions.append(nib.nifti1.Nifti1Extension(6, b"Jane Doe, born 1970"))

    finding = check(make(change=add_extension)).one("extensions")
    assert_finding(finding, 57, "FIX", "bytes of header extensions")
    assert "Jane" not in str(finding)
    assert (finding.size, finding.unit) == (32, "bytes")


def test_bytes_that_no_flag_announces_are_dropped_as_well(make, check):
    path = make("case_1.nii")
    content = bytearray(path.read_bytes())
    content[108:112] = np.float32(400).tobytes()
    path.write_bytes(content[:352] + b"\0" * 40 + b"hidden!!" + content[352:])
    assert check(path).one("extensions").size == 48
    path.write_bytes(content[:352] + b"\0" * 48 + content[352:])
    assert "extensions" not in check(path).rules


def test_nifti_2_is_read_like_nifti_1(tmp_path, check, make):
    made = nib.Nifti2Image(nib.load(make()).get_fdata(dtype=np.float32), np.eye(4))
    made.set_qform(np.eye(4), 1)
    nib.save(made, tmp_path / "case_2.nii.gz")
    assert check(tmp_path / "case_2.nii.gz").findings == []


def test_every_fault_of_a_file_has_words_for_the_flow_diagram():
    assert all(fault.reason and fault.remedy for fault in UNREADABLE.values())


def test_the_stem_drops_suffixes_in_any_case(tmp_path):
    assert stem(tmp_path / "a.b.NII.gz") == "a.b"
    assert stem(tmp_path / ".nii.gz") == ".nii.gz"

import struct
import warnings
import zlib

import numpy as np
import pydicom
import pytest
from dicom_files import header, voxels, write_series
from pydicom.uid import DeflatedExplicitVRLittleEndian

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.finding import Level
from radflow.datasets.dicom import reading
from radflow.datasets.dicom.convert import convert_series
from radflow.datasets.dicom.reading import UnreadableDicomError, quiet, read_instance


@pytest.fixture
def files(tmp_path):
    return write_series(tmp_path / "series")


def converted(files, tmp_path):
    target = tmp_path / "out.nii.gz"
    return convert_series(files, target, case="P-01", role="image T1", rules=IntakeRules())


def refused(files, tmp_path, rule, fault=55):
    (finding,) = converted(files, tmp_path)
    assert (finding.rule, finding.fault, finding.level) == (rule, fault, Level.QUAR)
    assert finding.message.startswith("P-01 (image T1): 1 of 5 files can't be used")
    return finding.message


def replace(path, old, new):
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


def test_a_truncated_file_is_quarantined_with_the_message_of_pydicom(files, tmp_path):
    """Fault 55."""
    files[1].write_bytes(files[1].read_bytes()[:-100])
    message = refused(files, tmp_path, "dicom-voxels")
    assert "284 bytes of voxels are there, the header asks for 384" in message


def test_a_file_without_preamble_is_quarantined(files, tmp_path):
    files[1].write_bytes(files[1].read_bytes()[132:])
    assert "InvalidDicomError" in refused(files, tmp_path, "dicom-preamble")


def test_an_unknown_value_representation_is_quarantined(files, tmp_path):
    replace(files[1], b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00QQ")
    assert "(0028,0010) has the unknown value" in refused(files, tmp_path, "dicom-vr")


def test_an_unknown_character_set_is_quarantined(files, tmp_path):
    replace(files[1], b"ISO_IR 100", b"ISO_IR 999")
    assert "'ISO_IR 999' is not known" in refused(files, tmp_path, "dicom-charset")


def test_text_in_another_character_set_is_quarantined(files, tmp_path):
    replace(files[1], b"ISO_IR 100", b"ISO_IR 192")
    replace(files[1], b"P-01", b"P\xfc01")
    message = refused(files, tmp_path, "dicom-charset")
    assert "PatientID is not in the file's SpecificCharacterSet" in message


def test_values_that_are_no_numbers_are_quarantined_with_the_message_of_pydicom(files, tmp_path):
    replace(files[1], b"-90.5000000000", b"-9O.5000000000")
    assert "ValueError" in refused(files, tmp_path, "dicom-value")


def test_infinite_positions_are_quarantined(files, tmp_path):
    replace(files[1], b"-90.5000000000", b"-1e300        ")
    assert "not to be calculated with" in refused(files, tmp_path, "dicom-value")


def test_an_empty_file_is_quarantined(files, tmp_path):
    files[1].write_bytes(b"")
    refused(files, tmp_path, "empty-file", fault=2)


def test_a_missing_file_is_a_stop(files, tmp_path):
    files[1].unlink()
    (finding,) = converted(files, tmp_path)
    assert (finding.rule, finding.level) == ("missing-file", Level.STOP)


def deflated(path, body):
    meta = header()
    meta.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    meta.SOPInstanceUID = meta.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.save_as(path, enforce_file_format=True)
    content = path.read_bytes()
    (length,) = struct.unpack("<I", content[140:144])
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    path.write_bytes(content[: 144 + length] + packer.compress(body) + packer.flush())


def test_a_deflated_bomb_is_refused_before_it_swells(tmp_path):
    path = tmp_path / "bomb.dcm"
    deflated(path, b"\x08\x00\x05\x00CS\x02\x00\x20\x20" + bytes(200_000_000))
    with pytest.raises(UnreadableDicomError, match="the bound") as caught:
        read_instance(path)
    assert caught.value.rule == "dicom-bomb"


def test_a_sound_deflated_series_is_read(tmp_path):
    def deflate(made, _):
        made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    assert converted(write_series(tmp_path / "s", change=deflate), tmp_path) == []


def test_lengths_beyond_the_file_take_no_memory(tmp_path):
    path = tmp_path / "long.dcm"
    made = header()
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    made.add_new(0x00091010, "OB", bytes(8))
    made.save_as(path, enforce_file_format=True)
    replace(path, b"\x09\x00\x10\x10OB\0\0\x08\0\0\0", b"\x09\x00\x10\x10OB\0\0\xfe\xff\xff\xff")
    assert len(read_instance(path)[0x00091010].value) < 1000


def test_a_header_beyond_its_bound_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_MOST_HEADER_BYTES", 2000)
    path = tmp_path / "long.dcm"
    made = header()
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    made.add_new(0x00091010, "OB", bytes(4000))
    made.save_as(path, enforce_file_format=True)
    with pytest.raises(UnreadableDicomError, match="more than 2000 bytes"):
        read_instance(path)


def test_sequences_without_end_in_depth_are_refused(tmp_path):
    path = tmp_path / "deep.dcm"
    made = header()
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    made.save_as(path, enforce_file_format=True)
    nested = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 20_000
    path.write_bytes(path.read_bytes() + nested)
    with pytest.raises(UnreadableDicomError, match="RecursionError"):
        read_instance(path)


def test_a_folder_in_place_of_a_file_is_unreadable(tmp_path):
    with pytest.raises(UnreadableDicomError, match="can't be read") as caught:
        read_instance(tmp_path)
    assert caught.value.rule == "unreadable"


def test_warnings_of_pydicom_are_kept_and_filters_come_back(tmp_path):
    path = tmp_path / "odd.dcm"
    made = header()
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    made.save_as(path, enforce_file_format=True)
    replace(path, b"ISO_IR 100", b"ISO_IR 999")
    before = list(warnings.filters)
    with quiet(), quiet():
        assert str(read_instance(path).PatientID) == "P-01"
    assert warnings.filters == before
    with pytest.warns(UserWarning, match="ISO_IR 999"):
        str(pydicom.dcmread(path).PatientID)


def test_voxels_that_nobody_delivered_are_named(files, tmp_path):
    made = pydicom.dcmread(files[1])
    del made.PixelData
    made.save_as(files[1])
    assert "0 elements with voxels" in refused(files, tmp_path, "dicom-voxels")
    assert voxels().dtype == np.int16

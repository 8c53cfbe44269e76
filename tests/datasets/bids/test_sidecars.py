import re

import pytest
from bids_tree import bids_card

from radflow.datasets.bids.names import BidsFile, BidsName
from radflow.datasets.bids.sidecars import Sidecars

WHOSE = "sub-01_ses-02"
FOLDER = "sub-01/ses-02/anat"


@pytest.fixture
def image(bids):
    path = bids.image("acq-x_T1w", WHOSE)
    return BidsFile(path, bids.root, "ses-02", BidsName.parse(f"{WHOSE}_acq-x_T1w"))


@pytest.fixture
def acquisition(image):
    return lambda: Sidecars(bids_card()).acquisition(image, WHOSE)


@pytest.fixture
def check(image):
    return lambda **rules: Sidecars(bids_card(intake=rules)).check([image], WHOSE)


def test_values_have_the_keys_and_units_of_a_case(bids, acquisition):
    record = {
        "Manufacturer": " Siemens ",
        "ManufacturersModelName": "Prisma",
        "MagneticFieldStrength": 3,
        "RepetitionTime": 2.3,
        "EchoTime": 0.00298,
        "InversionTime": 0.9,
        "FlipAngle": 9,
        "SliceThickness": 1,
        "KVP": 120,
        "EchoTrainLength": 1,
    }
    bids.sidecar(record, f"{FOLDER}/{WHOSE}_acq-x_T1w.json")
    assert acquisition() == (
        {
            "manufacturer": "Siemens",
            "model": "Prisma",
            "field_strength_t": "3",
            "tr_ms": "2300",
            "te_ms": "2.98",
            "ti_ms": "900",
            "flip_angle_deg": "9",
            "slice_thickness_mm": "1",
            "kvp": "120",
        },
        [],
    )


@pytest.mark.parametrize("value", ["3", None, True, [0.1, 0.2], {}])
def test_what_is_no_number_is_unknown(bids, acquisition, value):
    bids.sidecar({"EchoTime": value}, "T1w.json")
    assert acquisition() == ({}, [])


def test_the_nearer_file_and_the_one_with_more_entities_has_the_last_word(bids, acquisition):
    bids.sidecar({"FlipAngle": 1, "EchoTime": 0.001, "Manufacturer": "A"}, "T1w.json")
    bids.sidecar({"FlipAngle": 2, "EchoTime": 0.002}, "acq-x_T1w.json")
    bids.sidecar({"FlipAngle": 3}, f"sub-01/{WHOSE}_T1w.json")
    assert acquisition()[0] == {"flip_angle_deg": "3", "te_ms": "2", "manufacturer": "A"}


@pytest.mark.parametrize(
    "name",
    ["T2w.json", "acq-y_T1w.json", "sub-02_T1w.json", f"{FOLDER}/../T1w.x", "sub-02/T1w.json"],
)
def test_files_of_other_images_do_not_apply(bids, acquisition, name):
    bids.sidecar({"FlipAngle": 1}, name)
    assert acquisition() == ({}, [])


def test_times_that_no_sequence_lasts_are_milliseconds_and_noted(bids, acquisition):
    bids.sidecar({"RepetitionTime": 500, "EchoTime": 55.0, "InversionTime": 3}, "T1w.json")
    values, (note,) = acquisition()
    assert values == {"tr_ms": "500", "te_ms": "55", "ti_ms": "3"}
    assert (note.rule, note.level) == ("sidecar-units", "NOTE")
    assert "RepetitionTime 500, EchoTime 55" in note.message


@pytest.mark.parametrize(
    "record",
    [
        {"PatientName": "Ada"},
        {"PatientID": 4711},
        {"PatientBirthDate": "1956"},
        {"AcquisitionDateTime": "2021-03-04T10:11:12"},
        {"StudyDate": 20210304},
        {"InstitutionName": "St. Elsewhere"},
        {"InstitutionAddress": "Street 1"},
        {"AccessionNumber": "A1"},
        {"ReferringPhysiciansName": "Dr X"},
        {"SeriesDescription": "T1 20210304"},
        {"Comment": "seen 2021/03/04"},
        {"global": {"const": {"OtherPatientIDs": ["7"]}}},
    ],
)
def test_keys_that_identify_quarantine_and_their_values_are_not_told(bids, check, record):
    bids.sidecar(record, "T1w.json")
    (finding,) = check()
    assert (finding.rule, finding.fault, finding.level) == ("sidecar-identity", 57, "QUAR")
    assert "(T1w.json)" in finding.message
    for value in ("Ada", "4711", "1956", "2021", "Elsewhere", "Dr X", "A1"):
        assert value not in str(finding)


@pytest.mark.parametrize(
    "record",
    [
        {"PatientName": "anonymous", "PatientID": "", "PatientBirthDate": None},
        {"PatientID": "01", "PatientSex": "F", "PatientWeight": 82.0, "PatientAge": "060Y"},
        {"AcquisitionDate": "1900-01-01", "InstitutionName": "n/a"},
        {"ConversionSoftwareVersion": "v1.0.20210317", "SoftwareVersions": "2021-03-04"},
        {"SeriesInstanceUID": "1.2.840.2021.03.04.7", "ShimSetting": [20210304, 0.20210304]},
        {"AcquisitionDuration": 360, "UpdateRate": 3},
    ],
)
def test_what_identifies_nobody_is_kept(bids, check, record):
    bids.sidecar(record, "T1w.json")
    assert check() == []


def test_declared_pseudonyms_are_noted(bids, check):
    bids.sidecar({"PatientName": "Ada"}, "T1w.json")
    assert [f.level for f in check(identity="pseudonyms")] == ["NOTE"]


def test_an_age_above_89_quarantines_pseudonyms_too(bids, check):
    bids.sidecar({"PatientAge": "093Y"}, "T1w.json")
    (finding,) = check(identity="pseudonyms")
    assert (finding.rule, finding.level) == ("age", "QUAR")
    assert "93" not in str(finding)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n"EchoTime": 3,\n}', "no valid JSON: .*, line [23]"),
        ("[1]", "no record of keys and values"),
        ("[" * 100_000, "no valid JSON: RecursionError"),
        ('{"a": "\\ud800', "no valid JSON"),
    ],
)
def test_a_file_that_is_no_record_is_noted_with_its_line(bids, check, text, message):
    bids.sidecar(text, "T1w.json")
    (finding,) = check()
    assert (finding.rule, finding.level) == ("sidecar", "NOTE")
    assert re.search(message, finding.message)


def test_bytes_that_are_no_text_are_noted(bids, check):
    (bids.root / "T1w.json").write_bytes(b"\xff\xfe\x00")
    assert "UnicodeDecodeError" in check()[0].message


def test_a_link_is_not_read(bids, acquisition, tmp_path):
    (tmp_path / "T1w.json").write_text('{"FlipAngle": 1}')
    (bids.root / "T1w.json").symlink_to(tmp_path / "T1w.json")
    assert acquisition() == ({}, [])


def test_a_file_that_is_no_record_says_nothing_of_the_acquisition(bids, acquisition):
    bids.sidecar('{"FlipAngle": 1', "T1w.json")
    assert acquisition() == ({}, [])

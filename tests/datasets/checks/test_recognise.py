import time

import pytest

from radflow.datasets.checks.recognise import Kind, kinds_in_id, kinds_in_text

HARMLESS_TEXTS = [
    *("", "none", "5.0.10", "FSL5.0", "FSL4.0", "6.0.5:9e026117", "6.0.5.1:57b01774"),
    *("SPM12 - 4D", "spm - 3D normalized", "TE=2.9", "TE=29;sec=2.000000", "?TR:2000.000 TE:30"),
    *(
        "FreeSurfer Nov  8 2013",
        "FreeSurfer matlab",
        "MRtrix version: 3.0.2",
        "dcm2niix v1.0.20220720",
    ),
    *("nibabel 5.3.2", "Philips Healthcare Ingenia 3T", "phase=1;dwell=0.000530", "b=1000 s/mm^2"),
    *("ANTs 2.4.3", "Zstat", "redyell.lut", "mm^3", "time series", "patient 01"),
]
HARMLESS_IDS = [
    *("sub-00001", "hippocampus_001", "hippocampus_001.nii.gz", "sub-strokecase0009", "0001"),
    *("000018.jpeg", "Brats18_CBICA_AAM_1", "Brats18_2013_10_1", "BraTS2021_00495_t1ce"),
    *("BraTS-GLI-00000-000", "patient01_lesions.nii.gz", "34909-T1prereg-84610", "PGBM-002"),
    *(
        "OAS30001_MR_d0129",
        "sub-ADNI002S0295",
        "100307",
        "0050003",
        "00000013_005",
        "IXI002-Guys-0828",
    ),
    *("0004cfab-14fd-4e49-80ba-63a80b6bddd6", "ID_12f3a45bc", "9e026117deadbeef1234567890abcdef"),
    *("case Ü 1", "it's; case 2", "TCGA-DU-5855", "R01-001", "msk", "Pre_Scan_T1.nii.gz", "."),
]


@pytest.mark.parametrize("text", HARMLESS_TEXTS)
def test_what_tools_write_into_headers_passes(text):
    assert kinds_in_text(text) == ()


@pytest.mark.parametrize("name", HARMLESS_IDS)
def test_ids_and_files_of_published_datasets_pass(name):
    assert kinds_in_id(name) == ()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("acquired 2019-03-12", [Kind.DATE]),
        ("12.03.2019", [Kind.DATE]),
        ("3/28/2019", [Kind.DATE]),
        ("12-Mar-2019", [Kind.DATE]),
        ("Tue Mar 12 10:22:11 CET 2019", [Kind.DATE]),
        ("study 20190312", [Kind.EIGHT_DIGITS]),
        ("scan at 14:05", [Kind.TIME]),
        ("TE=2.9;Time=104512.235", [Kind.TIME]),
        ("id 471108", [Kind.RECORD]),
        ("DOE^JANE", [Kind.NAME]),
        ("Müller^^Ömer", [Kind.NAME]),
        ("jane.doe@example.org", [Kind.MAIL]),
        ("Name: Jane", [Kind.WORD]),
        ("DOB unknown", [Kind.WORD]),
        ("Doe^J 1970-01-31 4711081", [Kind.NAME, Kind.DATE, Kind.RECORD]),
    ],
)
def test_dates_times_numbers_and_names_in_a_text_are_recognised(text, kinds):
    assert list(kinds_in_text(text)) == kinds


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sub-4711081", Kind.RECORD),
        ("MRN00123456789.nii.gz", Kind.RECORD),
        ("20190312", Kind.EIGHT_DIGITS),
        ("T1_20190312_a", Kind.EIGHT_DIGITS),
        ("2019-03-12", Kind.DATE),
        ("scan_2019_03_12_T1", Kind.DATE),
        ("04-02-1992-BRAIN", Kind.DATE),
        ("Doe^Jane", Kind.NAME),
        ("Doe, Jane", Kind.NAME),
        ("jane@example.org", Kind.MAIL),
        ("1.3.6.1.4.1.14519.5.2.1.6279.6001.100225287222365663678666836860", Kind.UID),
    ],
)
def test_record_numbers_dates_and_names_in_an_id_are_recognised(name, kind):
    assert kinds_in_id(name) == (kind,)


@pytest.mark.parametrize("text", ["a", "1", "a@", "jan", "1 jan ", "^", "name ", "0:", "1.2", "f0"])
def test_long_texts_of_anything_are_looked_through_in_seconds(text):
    start = time.monotonic()
    kinds_in_text(text * (2**17 // len(text)))
    assert time.monotonic() - start < 10

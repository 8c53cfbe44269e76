import tarfile

import nibabel as nib
import numpy as np
import pydicom
import pytest
from cards import dicom_card
from dicom_files import write_series
from mirror import mirrored

from radflow.datasets.checks.finding import Level, refusals
from radflow.datasets.examination import examine_archives, examine_unpacked
from radflow.errors import IntakeError


def test_patients_are_subjects_and_one_study_is_a_case(root, listed):
    write_series(root / "000/a/deep/er", patient="B-2")
    write_series(root / "001/x", patient="A 1")
    cases, count, findings = listed()
    assert {name: (c.subject, c.session) for name, c in cases.items()} == {
        "A-1": ("A-1", ""),
        "B-2": ("B-2", ""),
    }
    assert (count, findings) == (2, [])


def test_several_studies_of_a_patient_are_sessions_in_the_order_of_their_dates(root, listed):
    write_series(root / "late", study="7")
    write_series(root / "early", study="3")
    cases, count, findings = listed()
    assert sorted(cases) == ["P-01_ses-01", "P-01_ses-02"]
    assert [cases[name].session for name in sorted(cases)] == ["ses-01", "ses-02"]
    assert {each.subject for each in cases.values()} == {"P-01"}
    assert (count, findings) == (2, [])
    assert refusals(cases["P-01_ses-01"].prepare()) == []
    studies = {pydicom.dcmread(p).StudyDate for p in (root / "early").iterdir()}
    assert studies == {"20030101"}
    assert not [c for c in cases.values() if "2003" in str(c.covariates) + str(c.acquisition)]


def test_candidates_are_converted_beside_the_folder_when_they_are_prepared(root, listed, tmp_path):
    write_series(root / "a")
    cases, _, _ = listed()
    (candidate,) = cases.values()
    assert candidate.images == (tmp_path / "converted/P-01_0.nii.gz",)
    assert not candidate.images[0].exists()
    assert candidate.prepare() == []
    assert nib.load(candidate.images[0]).shape == (16, 12, 5)


def test_files_that_are_not_dicom_are_counted(root, listed):
    write_series(root / "a")
    (root / "a/README.txt").write_text("hello")
    (root / "a/LICENSE").write_text("free")
    _, _, findings = listed()
    assert [(f.rule, f.level) for f in findings] == [("not-dicom", Level.NOTE)]
    assert "2 files" in findings[0].message


def test_a_file_that_cannot_be_read_refuses_the_case_it_lies_beside(root, listed):
    """Fault 55: it may be a slice of that case."""
    files = write_series(root / "a")
    write_series(root / "b", patient="Q-02")
    files[0].write_bytes(files[0].read_bytes()[132:])
    cases, count, findings = listed()
    assert (list(cases), count) == (["Q-02"], 2)
    (finding,) = findings
    assert (finding.case, finding.fault, finding.level) == ("P-01", 55, Level.QUAR)
    assert "InvalidDicomError" in finding.message


def test_a_file_that_cannot_be_read_and_lies_alone_is_told(root, listed):
    write_series(root / "a")
    (root / "alone.dcm").write_bytes(b"\x08\0\x05\0CS")
    cases, _, findings = listed()
    assert list(cases) == ["P-01"]
    assert [(f.case, f.level) for f in findings] == [("dataset", Level.QUAR)]


def identified(text):
    def _change(made, _):
        made.PatientIdentityRemoved = "NO"
        made.PatientName, made.SeriesDescription = "Doe^Jane", text

    return _change


def test_patients_whose_identity_remains_are_named_nowhere(root, listed):
    """Fault 57: neither ids nor descriptions of series are shown."""
    write_series(root / "a", patient="MRN 4711", change=identified("T1"))
    write_series(root / "b", patient="MRN 4712", change=identified("T1 Jane"))
    write_series(root / "c", patient="MRN 4712", series="2", change=identified("T1 Doe"))
    cases, count, findings = listed()
    assert (list(cases), count) == (["unnamed-001"], 2)
    findings = [*findings, *cases["unnamed-001"].prepare()]
    assert {(f.case, f.rule) for f in refusals(findings)} == {
        ("unnamed-001", "dicom-identity"),
        ("unnamed-002", "dicom-several"),
    }
    assert not [f for f in findings for word in ("471", "Jane", "Doe") if word in str(f)]


def test_declared_pseudonyms_are_subjects(root, listed):
    write_series(root / "a", patient="MRN 4711", change=identified("T1"))
    cases, _, _ = listed(intake={"identity": "pseudonyms"})
    assert list(cases) == ["MRN-4711"]
    assert refusals(cases["MRN-4711"].prepare()) == []


def test_patients_without_an_id_are_quarantined(root, listed):
    """Fault 59: two of them would be one subject."""
    write_series(root / "a", patient="")
    write_series(root / "b", patient="", study="2")
    cases, count, findings = listed()
    assert (cases, count) == ({}, 2)
    assert [(f.rule, f.fault, f.level) for f in findings] == 2 * [("dicom-patient", 59, Level.QUAR)]


def test_ids_that_become_one_are_a_stop(root, listed):
    """Fault 13."""
    write_series(root / "a", patient="A 1")
    write_series(root / "b", patient="a-1")
    _, count, findings = listed()
    assert count == 2
    assert ("twin-names", Level.STOP) in {(f.rule, f.level) for f in findings}


def test_ids_that_differ_by_leading_zeros_are_a_stop(root, listed):
    """Fault 14."""
    write_series(root / "a", patient="P-1")
    write_series(root / "b", patient="P-01")
    _, _, findings = listed()
    assert ("ambiguous-id", Level.STOP) in {(f.rule, f.level) for f in findings}


def test_a_folder_without_dicom_is_an_error(root, listed):
    (root / "a.txt").write_text("x")
    with pytest.raises(IntakeError, match="none of 1 files is a DICOM file"):
        listed()


@pytest.mark.parametrize("jobs", [1, 3])
def test_examination_takes_sound_cases_in_and_says_why_others_are_not(root, tmp_path, jobs):
    for number in range(3):
        write_series(
            root / f"{number}", patient=f"P-{number}", keep=lambda n, p=number: p != 1 or n != 2
        )
    card = dicom_card(intake={"field_of_view_mm": [5, 500]})
    examined = examine_unpacked(card, tmp_path, jobs=jobs)
    assert [case.case for case in examined.accepted] == ["P-0", "P-2"]
    assert examined.listed == 3
    assert [(f.case, f.rule) for f in refusals(examined.findings)] == [("P-1", "dicom-missing")]
    assert examined.accepted[0].covariates == {"age": "72", "sex": "F"}


@pytest.mark.real_data
def test_the_real_sample_gives_two_subjects_with_three_channels_on_one_grid(tmp_path):
    archive = mirrored("tcia-brain-tumor-dicom_2.tar.gz")
    assert tarfile.is_tarfile(archive)
    card = dicom_card(
        channels=["T1", "FLAIR", "T2"],
        dicom={
            "series": {
                "T1": {"description": "T1pre"},
                "FLAIR": {"description": "FLAIR"},
                "T2": {"description": "T2"},
            }
        },
    )
    examined = examine_archives([archive], card, tmp_path, jobs=2)
    assert [(case.case, case.subject) for case in examined.accepted] == [
        ("PGBM-002", "PGBM-002"),
        ("PGBM-003", "PGBM-003"),
    ]
    assert [case.shape for case in examined.accepted] == [(512, 512, 22), (280, 320, 22)]
    assert [len(case.images) for case in examined.accepted] == [3, 3]
    np.testing.assert_allclose(
        [case.spacing_mm for case in examined.accepted],
        [(0.4297, 0.4297, 6.5), (0.6875, 0.6875, 6.5)],
        atol=1e-4,
    )
    assert {f.level for f in examined.findings} == {Level.NOTE}
    left = [(f.case, f.message) for f in examined.findings if f.rule == "dicom-left"]
    assert [case for case, _ in left] == ["PGBM-003"]
    assert not [f for f in examined.findings if "Avasarala" in str(f) or "Dumbledore" in str(f)]
    assert [case.acquisition["field_strength_t"] for case in examined.accepted] == ["3", "1.5"]

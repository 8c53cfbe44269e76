import pydicom
import pytest
from dicom_files import item, write_series
from pydicom.uid import SecondaryCaptureImageStorage, UltrasoundImageStorage

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.finding import Level
from radflow.datasets.dicom.convert import convert_series
from radflow.datasets.dicom.identity import FURTHER, NAMING, age_in_years

SECRETS = ("Doe", "Jane", "19520101", "Nowhere Hospital", "AC-9", "Baker Street", "P-01")


@pytest.fixture
def found(tmp_path):
    """Convert a series with a change; give rule: finding."""

    def _found(change, **rules):
        files = write_series(tmp_path / "series", change=change)
        rules = IntakeRules.model_validate(rules)
        target = tmp_path / "out.nii.gz"
        findings = convert_series(files, target, case="C", role="image T1", rules=rules)
        for secret in SECRETS:
            assert not [f for f in findings if secret in f.message + f.remedy]
        return {f.rule: f for f in findings}

    return _found


def identified(made, number):
    made.PatientIdentityRemoved = "NO"
    made.PatientName, made.PatientBirthDate = "Doe^Jane", "19520101"
    made.InstitutionName, made.AccessionNumber = "Nowhere Hospital", "AC-9"
    made.add_new(0x00090010, "LO", "MAKER")
    made.add_new(0x00091001, "LO", "Baker Street")


def test_identity_that_was_not_removed_is_quarantined_by_attribute_never_by_value(found):
    """Fault 57."""
    (finding,) = found(identified).values()
    assert (finding.rule, finding.fault, finding.level) == ("dicom-identity", 57, Level.QUAR)
    for name in ("PatientName (0010,0010)", "PatientID (0010,0020)", "StudyDate (0008,0020)"):
        assert name in finding.message
    assert "InstitutionName" in finding.message
    assert "private group 0009" in finding.message


def test_one_slice_whose_identity_remains_is_enough(found):
    def one(made, number):
        if number == 3:
            identified(made, number)

    assert found(one)["dicom-identity"].level == Level.QUAR


def test_a_silent_header_counts_as_not_removed(found):
    def silent(made, _):
        del made.PatientIdentityRemoved

    assert found(silent)["dicom-identity"].level == Level.QUAR


def test_names_in_sequences_are_found(found):
    def nested(made, _):
        del made.PatientIdentityRemoved
        inner = item(RequestedProcedureDescription="x", PatientBirthName="Doe")
        made.ReferencedStudySequence = item(ReferencedSeriesSequence=inner)

    assert "PatientBirthName (0010,1005)" in found(nested)["dicom-identity"].message


def test_declared_pseudonyms_turn_attributes_into_notes(found):
    (finding,) = found(identified, identity="pseudonyms").values()
    assert (finding.rule, finding.level) == ("dicom-identity", Level.NOTE)


def test_names_that_stayed_in_de_identified_files_are_noted(found):
    def named(made, _):
        made.PatientName = "Doe^Jane"

    (finding,) = found(named).values()
    assert finding.level == Level.NOTE
    assert finding.message.endswith("says YES, not empty are: PatientName (0010,0010)")


def test_private_groups_of_de_identified_files_are_noted(found):
    def private(made, _):
        made.add_new(0x00190010, "LO", "MAKER")

    (finding,) = found(private).values()
    assert (finding.rule, finding.fault, finding.level) == ("dicom-private", 57, Level.NOTE)
    assert "0019" in finding.message


@pytest.mark.parametrize("declared", ["refuse", "pseudonyms"])
def test_burned_in_text_is_quarantined_whatever_is_declared(found, declared):
    def burned(made, number):
        made.BurnedInAnnotation = "YES" if number == 1 else "NO"

    finding = found(burned, identity=declared)["dicom-burned-in"]
    assert (finding.fault, finding.level) == (57, Level.QUAR)
    assert "YES in 1 of 5" in finding.message


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("SOPClassUID", SecondaryCaptureImageStorage),
        ("SOPClassUID", UltrasoundImageStorage),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7.2"),
        ("ConversionType", "WSD"),
    ],
)
def test_captures_and_ultrasound_are_quarantined(found, keyword, value):
    def capture(made, _):
        setattr(made, keyword, value)

    assert found(capture)["dicom-burned-in"].level == Level.QUAR


@pytest.mark.parametrize(("age", "refused"), [("089Y", False), ("090Y", True), ("095Y", True)])
def test_ages_above_89_years_are_quarantined(found, age, refused):
    def old(made, _):
        made.PatientAge = age

    assert ("dicom-age" in found(old)) is refused


@pytest.mark.parametrize(
    ("text", "years"), [("072Y", 72), ("018M", 1.5), ("", None), ("72", None), ("0xxY", None)]
)
def test_ages_are_read_in_years(text, years):
    assert age_in_years(text) == years


def test_every_attribute_of_the_table_is_one_of_dicom_and_stands_there_once():
    names = [*NAMING, *FURTHER]
    assert all(pydicom.datadict.tag_for_keyword(name) is not None for name in names)
    assert len(names) == len(set(names))

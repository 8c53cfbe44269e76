import nibabel as nib
import pytest
from cards import dicom_card
from dicom_files import SAGITTAL, write_series
from pydicom.uid import SecondaryCaptureImageStorage, XRayRadiationDoseSRStorage

from radflow.datasets.checks.finding import Level


def named(text, **more):
    def _change(made, _):
        made.SeriesDescription = text
        for keyword, value in more.items():
            setattr(made, keyword, value)

    return _change


def test_each_channel_is_chosen_by_every_key_of_its_rule(root, listed):
    write_series(root / "1", change=named("T1 axial"))
    write_series(root / "2", series="2", axes=SAGITTAL, change=named("T1 sagittal"))
    write_series(root / "3", series="3", change=named("T2"))
    series = {
        "T1": {"description": "T1", "orientation": "axial"},
        "T1s": {"description": "T1", "orientation": "sagittal", "modality": "MR"},
    }
    cases, _, findings = listed(channels=["T1", "T1s"], dicom={"series": series})
    (candidate,) = cases.values()
    assert candidate.prepare() == []
    axes = [nib.aff2axcodes(nib.load(path).affine) for path in candidate.images]
    assert [code[2] for code in axes] == ["S", "R"]
    assert [(f.rule, f.level) for f in findings] == [("dicom-left", Level.NOTE)]


def test_several_series_for_a_channel_are_quarantined_with_their_list(root, listed):
    """Fault 50."""
    write_series(root / "1", change=named("T1 before"))
    write_series(root / "2", series="2", change=named("T1 after"))
    cases, count, findings = listed()
    assert (cases, count) == ({}, 1)
    finding = findings[0]
    assert (finding.rule, finding.fault, finding.level) == ("dicom-several", 50, Level.QUAR)
    assert "2 series match (description 'T1'" in finding.message
    assert "series 1 'T1 before' (image, 5 files)" in finding.message
    assert "series 2 'T1 after'" in finding.message


def test_no_series_for_a_channel_is_quarantined_with_what_there_is(root, listed):
    """Fault 50."""
    write_series(root / "1", change=named("FLAIR"))
    cases, _, findings = listed()
    assert cases == {}
    assert (findings[0].rule, findings[0].level) == ("dicom-none", Level.QUAR)
    assert "'FLAIR'" in findings[0].message


def test_one_series_is_not_two_channels(root, listed):
    write_series(root / "1")
    series = {"T1": {"description": "T1"}, "MR": {"modality": "MR"}}
    _, _, findings = listed(channels=["T1", "MR"], dicom={"series": series})
    assert ("dicom-shared", Level.QUAR) in {(f.rule, f.level) for f in findings}


def test_all_that_is_left_aside_is_one_note_of_a_case_with_counts(root, listed):
    """Fault 50: localisers, captures and dose reports in one folder, and in one series."""
    write_series(root)
    for number, (name, change) in enumerate(
        {
            "localiser": named("T1", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
            "capture": named("T1", SOPClassUID=SecondaryCaptureImageStorage),
            "report": named("Dose", SOPClassUID=XRayRadiationDoseSRStorage),
            "derived": named("T1 MIP", ImageType=["DERIVED", "SECONDARY"]),
            "other": named("T2"),
        }.items()
    ):
        write_series(root / name, series=str(number or 1), change=change)
    cases, _, findings = listed()
    assert list(cases) == ["P-01"]
    (finding,) = findings
    assert (finding.case, finding.fault, finding.level) == ("P-01", 50, Level.NOTE)
    for words in (
        "1 of kind derived image (5 files)",
        "1 of kind image (5 files)",
        "1 of kind localiser (5 files)",
        "1 of kind report (5 files)",
        "1 of kind secondary capture (5 files)",
    ):
        assert words in finding.message


def test_derived_series_are_chosen_only_where_the_rule_says_so(root, listed):
    write_series(root, change=named("ADC", ImageType=["DERIVED", "PRIMARY"]))
    rule = {"description": "ADC"}
    cases, _, findings = listed(channels=["ADC"], dicom={"series": {"ADC": rule}})
    assert cases == {}
    assert "set `derived: true`" in findings[0].remedy
    derived = {"series": {"ADC": rule | {"derived": True}}}
    assert list(listed(channels=["ADC"], dicom=derived)[0]) == ["P-01"]


def test_a_rule_that_is_no_regular_expression_is_refused():
    with pytest.raises(ValueError, match="no regular expression"):
        dicom_card(dicom={"series": {"T1": {"description": "T1("}}})

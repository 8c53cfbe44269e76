import pytest

from radflow.datasets.checks.identity_columns import (
    above_age_bound,
    age_columns,
    identity_columns,
    old_age,
)


@pytest.mark.parametrize(
    "name",
    [
        *("name", "Name", "Patient Name", "PatientName", "patient-name", "last_name", "Surname"),
        *("DOB", "dob_patient", "birth date", "BirthDate", "date_of_birth", "Birthday"),
        *("address", "HomeAddress", "e-mail", "email_1", "Phone", "phone number", "zip", "ZipCode"),
        *("MRN", "patient_mrn", "Medical Record Number", "SSN", "AccessionNumber", "initials"),
        *("Geburtsdatum", "Nachname", "prenom"),
    ],
)
def test_names_of_columns_that_identify_are_found_however_they_are_written(name):
    assert identity_columns([name]) == [name]


def test_columns_that_do_not_identify_are_left():
    names = ["participant_id", "sex", "age", "file_name", "filename", "series name", "site"]
    names += ["birth_weight", "gestational_age_at_birth", "diagnosis", "scanner", "group", "image"]
    assert identity_columns(names) == []


def test_the_order_of_columns_is_kept():
    assert identity_columns(["phone", "age", "dob"]) == ["phone", "dob"]


def test_columns_of_ages_are_found():
    names = ["age", "Age", "AgeYears", "PatientAge", "age_at_scan", "stage", "age_days", "image"]
    assert age_columns(names) == ["age", "Age", "AgeYears", "PatientAge", "age_at_scan"]


@pytest.mark.parametrize("text", ["90", "93.5", " 101 ", "093Y", "95 years", "90."])
def test_ages_above_89_are_found(text):
    assert above_age_bound(text)


@pytest.mark.parametrize("text", ["89", "89.9", "90+", ">89", "061Y", "n/a", "", "093M", "1930"])
def test_other_ages_open_classes_and_no_ages_are_left(text):
    assert not above_age_bound(text)


def test_the_finding_names_the_column_and_the_bound():
    finding = old_age(["age", "age_at_scan"], "sub-01")
    assert finding.message.startswith("sub-01: age, age_at_scan is above 89 years")
    assert (finding.fault, finding.level) == (57, "QUAR")

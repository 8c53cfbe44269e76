import pytest
from cards import table_card

from radflow.datasets.checks.sheet import check_sheet, foreign_classes, missing_columns
from radflow.datasets.sheet import read_sheet


@pytest.fixture
def look(tmp_path):
    """Check a sheet of text against a card; gives the findings of missing columns and of values."""

    def _look(text, name="sheet.csv", **table):
        card = table_card(**table)
        (tmp_path / name).write_text(text)
        sheet = read_sheet(tmp_path / name, needed=card.table.columns)
        return [*missing_columns(sheet, card.table), *check_sheet(sheet, card, card.table)]

    return _look


def one(findings, rule):
    (finding,) = [finding for finding in findings if finding.rule == rule]
    return finding


def rules_of(findings):
    return [finding.rule for finding in findings]


IDS = {"case": "case", "subject": "patient"}


def test_a_sheet_as_expected_has_no_finding(look):
    assert look("case,patient,file\na1,p1,a.png\n", **IDS) == []


def test_a_missing_column_stops_with_the_nearest_name(look):
    finding = one(look("case,Patients,file\n1,2,3\n", **IDS), "sheet-column")
    assert (finding.fault, finding.level) == (58, "STOP")
    assert "sheet.csv has no column 'patient': the nearest is 'Patients'" in finding.message


def test_all_missing_columns_are_named_at_once(look):
    assert rules_of(look("x,y\n1,2\n", **IDS)).count("sheet-column") == 3


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("case;patient;file\n1;2;3\n", "sheet.csv", ("each comma", "by a semicolon")),
        ("case,patient,file\n1,2,3\n", "sheet.tsv", ("each tab", "by a comma")),
    ],
)
def test_a_wrong_delimiter_stops_and_says_which_it_looks_like(look, text, name, words):
    finding = one(look(text, name, **IDS), "sheet-delimiter")
    assert (finding.fault, finding.level) == (58, "STOP")
    assert all(word in finding.message for word in words)


def test_more_columns_than_used_are_noted_by_name(look):
    finding = one(look("case,patient,file,site,\n1,2,3,4,\n", **IDS), "sheet-extra-columns")
    assert finding.level == "NOTE"
    assert "2 more columns: site; (without a name)" in finding.message


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#ref!", "#DIV/0!"])
def test_errors_of_a_spreadsheet_stop_with_line_and_column(look, error):
    text = f"case,patient,file,x\n1,2,3,#N/A\n1,{error},3,4\n"
    finding = one(look(text, **IDS), "sheet-error-value")
    assert (finding.fault, finding.level) == (58, "STOP")
    assert f"1 errors of a spreadsheet: line 3, patient: {error}" in finding.message


@pytest.mark.parametrize(
    ("ids", "bad"),
    [
        (("12", "1E5"), "'1E5' (line 3)"),
        (("a", "1.00E+05"), "'1.00E+05' (line 3)"),
        (("a", "1,23E+11"), "'1,23E+11' (line 3)"),
        (("12", "13.0"), "'13.0' (line 3)"),
        (("SEPT1", "2-Sep"), "'2-Sep' (line 3)"),
        (("a", "Mrz 04"), "'Mrz 04' (line 3)"),
    ],
)
def test_ids_that_a_spreadsheet_changed_stop_with_their_lines(look, ids, bad):
    text = "case,patient,file\n" + "".join(f'"{each}",p,f\n' for each in ids)
    finding = one(look(text, **IDS), "sheet-mangled-id")
    assert (finding.fault, finding.level) == (58, "STOP")
    assert bad in finding.message
    assert "'case'" in finding.message


@pytest.mark.parametrize("kept", ["1E5", "2020-01-02", "7.0"])
def test_ids_that_a_spreadsheet_would_change_are_noted_among_other_ids(look, kept):
    finding = one(look(f"case,patient,file\nscan_a,p,f\n{kept},p,g\n", **IDS), "sheet-mangled-id")
    assert finding.level == "NOTE"


def test_patients_that_differ_by_leading_zeros_stop(look):
    finding = one(look("case,patient,file\na,007,f\nb,7,g\n", **IDS), "ambiguous-subject")
    assert (finding.fault, finding.level) == (14, "STOP")
    assert "['007', '7'] in 'patient'" in finding.message


def test_columns_that_name_persons_stop_without_their_values(look):
    text = "case,patient,file,Patient Name,DOB,phone\na,1,f,Doe Jane,1962-03-04,\n"
    finding = one(look(text, **IDS), "identity-columns")
    assert (finding.fault, finding.level) == (57, "STOP")
    assert "['Patient Name', 'DOB']" in finding.message
    assert "Doe" not in str(finding)
    assert "1962" not in str(finding)


def test_made_up_names_pass_where_the_card_says_so(look):
    text = "case,patient,file,name\na,1,f,Doe\n"
    assert "identity-columns" in rules_of(look(text, **IDS))
    card = {**IDS, "intake": {"identity": "pseudonyms"}}
    assert "identity-columns" not in rules_of(look(text, **card))


def test_a_sheet_without_patients_is_noted_once(look):
    finding = one(look("case,file\na,f\nb,g\n", case="case"), "no-patients")
    assert (finding.fault, finding.level) == (59, "NOTE")


def test_annotators_without_an_adjudicated_class_are_noted(look):
    rules = {**IDS, "raters": ["r1", "r2"], "targets": ["benign", "malignant"]}
    finding = one(look("case,patient,file,r1,r2\na,b,c,benign,benign\n", **rules), "adjudication")
    assert (finding.fault, finding.level) == (49, "NOTE")
    assert "['r1', 'r2']" in finding.message


def test_classes_the_card_does_not_know_stop_with_their_cases():
    card = table_card(target="kind", targets=["glioma", "pituitary"])
    cases = {"gliomas": ["b", "a"], "glioma": ["c"], "255": ["d"]}
    other, near = foreign_classes(cases, card, "sheet.csv")
    assert (near.rule, near.fault, near.level) == ("target-value", 43, "STOP")
    assert "the class 'gliomas' of 2 cases (a; b)" in near.message
    assert "the nearest is 'glioma'" in near.message
    assert "'255' of 1 cases (d)" in other.message

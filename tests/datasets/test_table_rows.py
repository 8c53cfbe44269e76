import pytest
from cards import table_card

from radflow.datasets.sheet import Row
from radflow.datasets.table_rows import TableRows, case_id

BOX = {"kind": "box", "units": "voxel", "lower": ["x0", "y0"], "upper": ["x1", "y1"]}
KINDS = ["benign", "malignant"]


@pytest.fixture
def turn(tmp_path):
    """Turn rows into cases; each is the cells of a row, the file is there unless it is given."""
    (tmp_path / "a.png").touch()

    def _turn(*rows, **card):
        made = table_card(**card)
        turned = TableRows(tmp_path, made, made.table)
        lines = [Row(line, {"file": "a.png", **row}) for line, row in enumerate(rows, 2)]
        return list(turned.cases("c1", lines)), turned.findings

    return _turn


def one(result, rule, fault, level="STOP"):
    candidates, (finding,) = result
    assert (finding.rule, finding.fault, finding.level) == (rule, fault, level)
    assert finding.message.startswith("c1")
    assert (candidates == []) == (level in ("STOP", "QUAR"))
    return finding.message


@pytest.mark.parametrize(
    ("file", "case"),
    [("a/001.JPG", "001"), ("x.nii.gz", "x"), ("b/c.d.dcm", "c.d"), ("series/7.2", "7.2")],
)
def test_a_case_without_id_is_called_like_its_first_image(file, case):
    assert case_id(Row(2, {"file": file}), table_card().table) == case


def test_rows_of_a_case_are_its_lesions_and_an_empty_one_is_none(turn):
    place = {"x0": "1", "y0": "2", "x1": "3.5", "y1": "4e0"}
    empty = dict.fromkeys(place, "")
    (candidate,), findings = turn(place, {**place, "x0": "0"}, empty, lesions=BOX)
    assert findings == []
    assert [(m.lower, m.upper) for m in candidate.marks] == [
        ((1, 2, 0), (3.5, 4, 0)),
        ((0, 2, 0), (3.5, 4, 0)),
    ]
    assert candidate.positive is True
    (candidate,), _ = turn(empty, lesions=BOX)
    assert (candidate.marks, candidate.positive) == ((), False)


def test_spheres_have_their_radius_and_name(turn):
    columns = {"kind": "sphere", "units": "mm", "centre": ["x", "y", "z"], "radius": "r"}
    row = {"x": "1", "y": "-2", "z": "3", "r": "4", "kind": "node"}
    (candidate,), _ = turn(row, lesions={**columns, "name": "kind"})
    (mark,) = candidate.marks
    assert (mark.kind, mark.units, mark.lower, mark.upper) == ("sphere", "mm", *[(1, -2, 3)] * 2)
    assert (mark.radius, mark.name) == (4, "node")


@pytest.mark.parametrize(
    ("x1", "words"),
    [("", "'x1' is ''"), ("3,5", "'x1' is '3,5'"), ("3. May", "'3. May'"), ("1_0", "'1_0'")],
)
def test_a_place_that_is_no_number_stops_with_line_and_column(turn, x1, words):
    result = turn({"x0": "1", "y0": "2", "x1": x1, "y1": "4"}, lesions=BOX)
    message = one(result, "lesion-number", 47)
    assert message.startswith("c1 (line 2): ")
    assert words in message
    assert ("a comma is none" in message) == ("," in x1)


def test_rows_of_a_case_that_disagree_stop_with_lines_and_column(turn):
    place = {"x0": "1", "y0": "2", "x1": "3", "y1": "4"}
    result = turn({**place, "p": "1"}, {**place, "p": "2"}, subject="p", lesions=BOX)
    assert "lines [2, 3] have 2 values in 'p'" in one(result, "rows-disagree", 58)


def test_a_case_without_patient_stops(turn):
    assert "in 'p'" in one(turn({"p": ""}, subject="p"), "no-patient", 59)


def test_a_missing_file_stops_with_case_column_and_path(turn):
    message = one(turn({"file": "sub/b.png"}), "missing-file", 1)
    assert message.startswith("c1 (file): 'sub/b.png' is not there, seen from the folder of ")
    assert "c1 (file): names no file" in one(turn({"file": ""}), "missing-file", 1)
    assert one(turn({"file": "n" * 300}), "missing-file", 1)


@pytest.mark.parametrize(
    ("file", "words"),
    [("../a.png", "'..'"), ("/etc/passwd", "absolute"), ("b\\a.png", "backslashes")],
)
def test_a_path_out_of_the_dataset_stops(turn, file, words):
    assert words in one(turn({"file": file}), "path", 12)


def test_one_file_in_two_columns_stops_with_both(turn):
    card = {"images": ["file", "other"], "channels": ["T1", "T2"]}
    message = one(turn({"other": "./a.png"}, **card), "shared-file", 1)
    assert "['file', 'other']" in message


@pytest.mark.parametrize("age", ["90", "093Y"])
def test_an_age_above_89_is_quarantined_without_the_age(turn, age):
    message = one(turn({"Age": age}), "age", 57, "QUAR")
    assert "Age is above 89 years" in message
    assert age not in message


def test_annotators_that_disagree_are_noted_with_what_was_decided(turn):
    rules = {"target": "kind", "raters": ["r1", "r2", "r3"], "targets": KINDS}
    row = {"kind": "malignant", "r1": "benign", "r2": "malignant", "r3": ""}
    result = turn(row, **rules)
    message = one(result, "raters", 49, "NOTE")
    assert "r1 'benign', r2 'malignant'; adjudicated: 'malignant'" in message
    ((candidate,), _) = result
    assert candidate.target == "malignant"
    assert candidate.covariates == {"r1": "benign", "r2": "malignant"}


def test_without_adjudication_a_case_has_the_class_on_which_all_agree(turn):
    rules = {"raters": ["r1", "r2"], "targets": KINDS}
    (candidate,), findings = turn({"r1": "benign", "r2": "benign"}, **rules)
    assert (candidate.target, findings) == ("benign", [])
    result = turn({"r1": "benign", "r2": "malignant"}, **rules)
    assert "not adjudicated" in one(result, "raters", 49, "NOTE")
    assert result[0][0].target == ""


def test_a_class_of_lesions_without_any_listed_stops(turn):
    rules = {"target": "kind", "targets": KINDS, "negative": "benign", "lesions": BOX}
    empty = {"x0": "", "y0": "", "x1": "", "y1": "", "kind": "malignant"}
    assert "'malignant' says a lesion" in one(turn(empty, **rules), "lesion-presence", 45)
    (candidate,), _ = turn({**empty, "kind": "benign"}, **rules)
    assert candidate.positive is False


def test_the_negative_class_alone_says_whether_there_is_a_lesion(turn):
    rules = {"target": "kind", "targets": KINDS, "negative": "benign"}
    positive = [turn({"kind": kind}, **rules)[0][0].positive for kind in (*KINDS, "")]
    assert positive == [False, True, None]

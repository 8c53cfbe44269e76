import re

from own_data import write_dicom

from radflow.new.dicom import detect


def series(found):
    return found.rules[0].value


def test_series_that_every_study_has_are_channels(tmp_path):
    studies = {"a": ["T1 pre", "FLAIR"], "b": ["t1_pre", "FLAIR", "extra"]}
    found = detect(write_dicom(tmp_path, studies))
    assert (found.cases, found.subjects, found.modality) == (2, ("a", "b"), "MR")
    assert found.channels == ("FLAIR", "T1-pre")
    pattern = series(found)["T1-pre"]["description"]
    assert all(re.search(pattern, text) for text in ("T1 pre", "t1_pre", "T1-Pre "))
    assert not re.search(pattern, "T1 pre 2")
    assert "'extra' (1)" in found.remarks[0]
    assert found.identity == ""


def test_signs_in_descriptions_stand_for_themselves(tmp_path):
    found = detect(write_dicom(tmp_path, {"a": ["ax (T2) *tse+[fs] 3.0"]}))
    (pattern,) = (rule["description"] for rule in series(found).values())
    assert re.search(pattern, "ax (T2) *tse+[fs] 3.0")
    assert not re.search(pattern, "ax (T2) tsee 3x0")


def test_surveys_are_no_channels_and_are_counted(tmp_path):
    found = detect(write_dicom(tmp_path, {"a": ["Localizer", "T1"]}))
    assert found.channels == ("T1",)
    assert "1 MR" in found.remarks[0]


def test_where_no_description_is_common_the_commonest_is_taken_and_told(tmp_path):
    found = detect(write_dicom(tmp_path, {"a": ["x"], "b": ["x"], "c": ["y"]}))
    assert found.channels == ("x",)
    assert "'x', is in 2" in found.remarks[0]


def test_a_description_that_a_study_has_twice_is_told(tmp_path):
    found = detect(write_dicom(tmp_path, {"a": ["T1", "T1"]}))
    assert "more than once" in found.remarks[0]


def test_headers_that_may_identify_are_told_with_the_declaration(tmp_path):
    found = detect(write_dicom(tmp_path, {"a": ["T1"]}, removed="", modality="CT"))
    assert found.modality == "CT"
    assert "1 patients do not say that identity was removed" in found.identity
    assert "--pseudonyms" in found.identity
    assert found.intake == ()


def test_a_header_without_a_modality_makes_no_rule_of_it(tmp_path):
    found = detect(write_dicom(tmp_path, {"a": ["T1"]}, modality=""))
    assert list(series(found)["T1"]) == ["description"]
    assert found.modality == "other"


def test_other_data_are_not_taken(tmp_path):
    (tmp_path / "a.dcm").write_bytes(b"no dicom")
    (tmp_path / "notes.txt").write_text("x")
    assert detect(tmp_path) is None

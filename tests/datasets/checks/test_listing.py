from dataclasses import replace

import pytest
from cards import toy_card

from radflow.datasets.checks.listing import (
    Candidate,
    check_listing,
    shown_id,
    stored_names,
    without_refused,
)


@pytest.fixture
def candidate(tmp_path):
    def _candidate(case, *, images=1, label=True, file=None):
        paths = [tmp_path / f"{file or case}-{n}.nii.gz" for n in range(images)]
        mask = tmp_path / f"{case}-label.nii.gz"
        for path in (*paths, mask):
            if case.isprintable() and len(case) < 100:
                path.touch()
        return Candidate(case, case, tuple(paths), mask if label else None)

    return _candidate


def card(channels):
    return toy_card(channels=[f"channel {n}" for n in range(channels)])


def rules_of(*candidates, channels=1):
    return [finding.rule for finding in check_listing(candidates, card(channels))]


def test_distinct_cases_with_all_their_files_have_no_finding(candidate):
    names = ["a_1", "a_2", "Über alles", "x; rm 'y'"]
    assert rules_of(*[candidate(name) for name in names]) == []


def test_a_missing_file_stops_with_case_column_and_path(candidate):
    broken = candidate("a")
    broken.images[0].unlink()
    (finding,) = check_listing([broken], card(1))
    assert (finding.rule, finding.fault, finding.level) == ("missing-file", 1, "STOP")
    assert finding.message.startswith("a: image 'a-0.nii.gz' is not in ")


def test_a_case_listed_twice_stops_once(candidate):
    (finding,) = check_listing([candidate("a"), candidate("a")], card(1))
    assert (finding.rule, finding.fault, finding.level) == ("listed-twice", 1, "STOP")
    assert finding.message == "a: listed 2 times"


def test_a_file_that_two_cases_use_stops_both(candidate):
    findings = check_listing([candidate("a", file="f"), candidate("b", file="f")], card(1))
    assert [(f.case, f.rule, f.level) for f in findings] == [
        ("a", "shared-file", "STOP"),
        ("b", "shared-file", "STOP"),
    ]


@pytest.mark.parametrize(("one", "other"), [("Case", "case"), ("\u00fcber", "u\u0308ber")])
def test_ids_that_some_systems_take_for_one_stop(candidate, one, other):
    (finding,) = check_listing([candidate(one), candidate(other)], card(1))
    assert (finding.rule, finding.fault, finding.level) == ("twin-names", 13, "STOP")
    assert ascii(one) in finding.message
    assert ascii(other) in finding.message


@pytest.mark.parametrize(("one", "other"), [("01", "1"), ("sub-007_2", "sub-7_02"), ("0", "00")])
def test_ids_that_differ_by_leading_zeros_stop(candidate, one, other):
    (finding,) = check_listing([candidate(one), candidate(other)], card(1))
    assert (finding.rule, finding.fault, finding.level) == ("ambiguous-id", 14, "STOP")


def test_ids_with_other_numbers_are_distinct(candidate):
    assert rules_of(candidate("case_10"), candidate("case_1"), candidate("case_01x")) == []


@pytest.mark.parametrize("name", ["a\nb", "a\tb", ".hidden", "n" * 250])
def test_ids_that_are_no_file_names_stop(candidate, name):
    assert "file-name" in rules_of(candidate(name))


def test_control_characters_are_escaped_in_messages():
    assert shown_id("a\nb ü") == "a\\nb ü"


def test_another_number_of_channels_stops(candidate):
    (finding,) = check_listing([candidate("a", images=2)], card(1))
    assert (finding.rule, finding.level) == ("channels", "STOP")
    assert "2 images, the card names 1" in finding.message


def test_a_case_without_a_label_stops(candidate):
    (finding,) = check_listing([candidate("a", label=False)], card(1))
    assert (finding.rule, finding.fault, finding.level) == ("label-missing", 46, "STOP")


def test_a_case_without_a_label_is_left_out_where_the_card_says_so(candidate):
    declared = toy_card(intake={"unlabelled": "leave-out"})
    cases = [candidate("a", label=False), candidate("b")]
    (finding,) = findings = check_listing(cases, declared)
    assert (finding.rule, finding.fault, finding.level) == ("label-missing", 46, "QUAR")
    assert [each.case for each in without_refused(cases, findings)] == ["b"]


def test_a_case_named_like_a_person_is_left_out_and_named_by_its_place_alone(candidate):
    cases = [candidate("sub-01"), candidate("Doe^Jane"), candidate("Doe^Jane")]
    findings = check_listing(cases, card(1))
    assert [(f.case, f.rule, f.fault, f.level) for f in findings] == [
        ("case 2 of 3", "identity-name", 57, "QUAR"),
        ("case 3 of 3", "identity-name", 57, "QUAR"),
    ]
    assert "Doe" not in repr(findings)
    assert "the id looks like a name" in findings[0].message
    assert [each.case for each in without_refused(cases, findings)] == ["sub-01"]


def test_a_subject_a_session_and_the_folders_of_files_are_looked_at(candidate, tmp_path):
    visit = replace(candidate("a"), session="2019-03-12")
    person = replace(candidate("b"), subject="4711081")
    dated = tmp_path / "12.03.2019" / "c.nii.gz"
    dated.parent.mkdir()
    dated.touch()
    filed = replace(candidate("c"), images=(dated,))
    messages = [finding.message for finding in check_listing([visit, person, filed], card(1))]
    assert messages == [
        "case 1 of 3: the id looks like a date",
        "case 2 of 3: the id looks like a record number",
        "case 3 of 3: the name of a file or folder looks like a date",
    ]


def test_declared_pseudonyms_and_uids_are_noted_and_kept(candidate):
    declared = toy_card(intake={"identity": "pseudonyms"})
    cases = [candidate("20190312"), candidate("9876543")]
    findings = check_listing(cases, declared)
    assert [(f.case, f.level) for f in findings] == [("20190312", "NOTE"), ("9876543", "NOTE")]
    assert without_refused(cases, findings) == cases
    uid = [candidate("1.3.6.1.4.1.14519.5.2.1.6279.6001")]
    (finding,) = findings = check_listing(uid, card(1))
    assert (finding.rule, finding.level) == ("identity-name", "NOTE")
    assert without_refused(uid, findings) == uid


def test_a_list_without_any_file_has_no_folder_to_look_at():
    assert check_listing([], card(1)) == []
    (finding,) = check_listing([Candidate("a", "a", (), None)], toy_card(classes={}))
    assert finding.rule == "channels"


def test_two_images_that_would_get_one_name_stop(candidate):
    assert stored_names(candidate("a", images=2)) == ["a.nii.gz", "a_1.nii.gz"]
    cases = candidate("a", images=2), candidate("a_1", images=2)
    assert rules_of(*cases, channels=2) == ["name-collision"]

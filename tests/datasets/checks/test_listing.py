import pytest
from cards import toy_card

from radflow.datasets.checks.listing import Candidate, check_listing, shown_id, stored_names


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


def test_two_images_that_would_get_one_name_stop(candidate):
    assert stored_names(candidate("a", images=2)) == ["a.nii.gz", "a_1.nii.gz"]
    cases = candidate("a", images=2), candidate("a_1", images=2)
    assert rules_of(*cases, channels=2) == ["name-collision"]

import re

import pytest
from bids_tree import bids_card

from radflow.datasets.bids.tables import read_facts
from radflow.datasets.bids.tree import read_tree

PARTICIPANTS = "participant_id sex age\nsub-01 F 61\nsub-02 M n/a"


@pytest.fixture
def facts(bids):
    """Read the tables of two subjects, and give what was found as text."""
    bids.add("sub-01", "sub-02")

    def read(card=None):
        folder = bids.folder.parent
        got, findings = read_facts(read_tree(folder), folder, card or bids_card())
        return got, [f"{f.level} {f.rule} {f.message}" for f in findings]

    return read


def test_rows_are_text_and_what_is_not_available_is_left_out(bids, facts):
    bids.table(PARTICIPANTS)
    got, findings = facts()
    assert got.of("sub-01", "") == {"sex": "F", "age": "61"}
    assert got.of("sub-02", "") == {"sex": "M"}
    assert got.of("sub-03", "") == {}
    assert findings == []


def test_a_dataset_may_have_no_table(facts):
    got, findings = facts()
    assert (got.subjects, findings) == ({}, [])


def test_a_table_beside_the_raw_data_is_found(bids, facts):
    raw = bids.folder / "rawdata"
    raw.mkdir()
    for subject in ("sub-01", "sub-02"):
        (bids.folder / subject).rename(raw / subject)
    bids.table(PARTICIPANTS)
    assert set(facts()[0].subjects) == {"sub-01", "sub-02"}


def test_a_byte_order_mark_windows_line_ends_and_spaces_do_no_harm(bids, facts):
    path = bids.root / "participants.tsv"
    path.write_bytes(b"\xef\xbb\xbfparticipant_id\tsex\r\nsub-01 \tF\r\n01x\t M\r\n\r\n")
    (bids.root / "sub-02").rename(bids.root / "sub-01x")
    got, findings = facts()
    assert got.subjects["sub-01"] == {"sex": "F"}
    assert got.subjects["sub-01x"] == {"sex": "M"}
    assert findings == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the table is empty"),
        (b"participant_id,sex\nsub-01,F\n", "no column participant_id among .'participant_id,sex'"),
        (b"participant_id\tsex\tsex\nsub-01\tF\tF\n", r"columns \['sex'\] are there twice"),
        (b"participant_id\tsex\nsub-01\n", "row 2 has 1 fields, the header 2"),
        (b"participant_id\nsub-01\nsub-01\nsub-02\n", "row 3: .* 'sub-01' is there twice"),
        (b"participant_id\tsex\n\tF\nsub-01\tF\n", "row 2: .* is there twice or empty"),
        (b"participant_id\tsite\nsub-01\tK\xf6ln\n", "not readable: 'utf-8' codec"),
        (b'participant_id\tsite\nsub-01\t"K\n', "not readable: unexpected end"),
    ],
)
def test_a_table_that_is_none_is_a_stop_that_says_why(bids, facts, content, message):
    (bids.root / "participants.tsv").write_bytes(content)
    stops = [each for each in facts()[1] if each.startswith("STOP table")]
    assert len(stops) == 1
    assert re.search(message, stops[0])
    assert "dataset (participants.tsv)" in stops[0]


def test_a_subject_that_is_listed_without_files_is_a_stop(bids, facts):
    bids.table(f"{PARTICIPANTS}\nsub-03 F 40")
    assert facts()[1] == [
        "STOP missing-file sub-03: listed in participants.tsv, but there is no folder of this name"
    ]


def test_a_subject_that_is_not_listed_is_noted(bids, facts):
    bids.table("participant_id sex\nsub-01 F")
    assert facts()[1] == ["NOTE unlisted sub-02: not listed in participants.tsv"]


def test_columns_that_identify_are_a_stop_that_tells_no_value(bids, facts):
    bids.table(
        "participant_id PatientName dob mrn sex\nsub-01 Ada 1815 n/a F\nsub-02 n/a n/a n/a M"
    )
    (finding,) = facts()[1]
    assert finding.startswith("STOP identity-columns")
    assert "['PatientName', 'dob']" in finding
    assert "Ada" not in finding


def test_columns_of_declared_pseudonyms_are_noted(bids, facts):
    bids.table("participant_id name\nsub-01 Ada\nsub-02 Bob")
    (finding,) = facts(bids_card(intake={"identity": "pseudonyms"}))[1]
    assert finding.startswith("NOTE identity-columns")


def test_a_column_that_no_table_has_is_a_stop(bids, facts):
    bids.table(PARTICIPANTS)
    (finding,) = facts(bids_card({"covariates": ["age", "handedness"]}))[1]
    assert finding.startswith("STOP column")
    assert "no column ['handedness'], only ['age', 'participant_id', 'sex']" in finding


def test_without_any_table_a_wanted_column_is_a_stop(facts):
    (finding,) = facts(bids_card({"covariates": ["age"]}))[1]
    assert "no column ['age'], as there is none to be read" in finding


def test_sessions_are_read_from_the_table_of_their_subject(bids, facts):
    bids.table(PARTICIPANTS)
    bids.table("session_id age\nses-1 61\nses-2 64", "sub-01/sub-01_sessions.tsv")
    got, _ = facts()
    assert got.of("sub-01", "ses-2") == {"sex": "F", "age": "64"}


def test_a_subject_with_other_values_in_another_archive_is_a_stop(bids, facts):
    other = bids.folder.with_name("001")
    (other / "sub-02").mkdir(parents=True)
    bids.table(PARTICIPANTS)
    (other / "participants.tsv").write_text(PARTICIPANTS.replace(" ", "\t").replace("F", "M"))
    (finding,) = facts()[1]
    assert finding.startswith("STOP listed-twice sub-01: listed with other values")

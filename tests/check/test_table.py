import pytest

from radflow.check.table import MOST_ALIKE, counts, table
from radflow.datasets.checks.finding import Finding, Level, Problem, found

REASON = "8-bit intensities"


def finding(
    level: Level, case: str = "case_1", rule: str = "rule", message: str = "it is"
) -> Finding:
    problem = Problem(level, message, "Mend it")
    return found(rule, 33, REASON, problem, case=case, role="image T1")


def test_the_gravest_comes_first_with_case_rule_fault_and_remedy():
    levels = [Level.NOTE, Level.FIX, Level.STOP, Level.QUAR]
    head, *rows = table([finding(level) for level in levels], width=None)
    assert head.split() == ["LEVEL", "CASE", "RULE", "FAULT", "PROBLEM", "REMEDY"]
    assert [row.split()[0] for row in rows] == ["STOP", "QUAR", "FIX", "NOTE"]
    assert rows[0].split(maxsplit=4)[1:4] == ["case_1", "rule", "33"]
    assert "image T1: it is" in rows[0]
    assert rows[0].endswith("Mend it")


def test_nothing_found_is_no_table():
    assert table([], width=80) == []


@pytest.mark.parametrize("width", [80, 100, 150, 300])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(width):
    message = "the header claims one thing and the voxels another " * 3
    found = [finding(Level.STOP, message=message), finding(Level.NOTE, case="c" * 60)]
    lines = table(found, width=width)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    assert words.count("claims") == 3
    assert words.count("Mend") == 2


def test_a_long_case_id_is_cut_and_line_breaks_in_messages_are_not_taken_over():
    lines = table([finding(Level.STOP, case="x" * 99, message="two\nlines\x1b[2J")], width=None)
    assert len(lines) == 2
    assert "xxx..." in lines[1]
    assert "two lines\\x1b[2J" in lines[1]


def test_many_alike_are_one_line_with_their_count_unless_every_one_is_asked_for():
    alike = [finding(Level.NOTE, case=f"case_{n:03d}") for n in range(MOST_ALIKE + 1)]
    few = [finding(Level.STOP, case=f"case_{n}") for n in range(3)]
    lines = table([*alike, *few], width=None)
    assert len(lines) == 1 + 3 + 1
    assert lines[-1].split()[:3] == ["NOTE", "21", "cases"]
    assert f"{REASON}; e.g. case_000, case_001, case_002: image T1: it is" in lines[-1]
    assert len(table([*alike, *few], width=None, every=True)) == 1 + 3 + 21


def test_many_of_the_dataset_as_a_whole_say_how_many_more():
    problem = Problem(Level.STOP, "a link", "Replace it")
    alike = [found("link", 12, "", problem, case="dataset") for _ in range(MOST_ALIKE + 1)]
    lines = table(alike, width=None)
    assert "a link; and 20 more like it" in lines[1]


def test_findings_are_counted_by_level():
    assert counts([finding(Level.STOP), finding(Level.NOTE), finding(Level.NOTE)]) == (
        "1 STOP, 0 QUAR, 0 FIX, 2 NOTE"
    )

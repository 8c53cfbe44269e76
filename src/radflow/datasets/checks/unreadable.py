"""What follows when a file can't be read, whatever its format."""

from collections.abc import Mapping
from typing import NamedTuple

from radflow.datasets.checks.finding import Finding, Level, Problem, found

AGAIN = "Get the file again from its source"


class Fault(NamedTuple):
    """What follows from a reason: row of the catalogue, level, reason in words, remedy."""

    fault: int
    level: Level
    reason: str
    remedy: str


UNREADABLE_FILES: Mapping[str, Fault] = {
    "missing-file": Fault(1, Level.STOP, "a file is missing", "Put the file there or unlist it"),
    "unreadable": Fault(12, Level.STOP, "a file can't be opened", "Give the right to read it"),
    "empty-file": Fault(2, Level.QUAR, "the file is empty", AGAIN),
}
"""Faults of a file of any format, by rule."""


def unreadable_file(
    faults: Mapping[str, Fault], rule: str, message: str, *, case: str, role: str
) -> Finding:
    """Give the finding of a file that could not be read.

    Parameters
    ----------
    faults
        What follows, by the rule that the reader of a format names.
    rule, message
        Why it could not be read.
    case, role
        Whom the finding names.
    """
    fault, level, reason, remedy = faults[rule]
    problem = Problem(level, message, remedy)
    return found(rule, fault, reason, problem, case=case, role=role)

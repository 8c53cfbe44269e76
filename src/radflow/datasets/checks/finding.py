"""What a check says, and how tables of checks are run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

T = TypeVar("T")


class Level(StrEnum):
    """What follows from a finding."""

    STOP = "STOP"
    """Nothing is trained before this is mended."""
    QUAR = "QUAR"
    """The case is left out and stays in the flow diagram with its reason."""
    FIX = "FIX"
    """The case is kept after a lossless or declared repair."""
    NOTE = "NOTE"
    """The case is kept as it is."""


@dataclass(frozen=True)
class Problem:
    """What one check found: what is, what should be, what to do, and how large a repair is."""

    level: Level
    message: str
    remedy: str
    size: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Finding:
    """A problem of a named case, as a row of `findings.tsv`.

    Attributes
    ----------
    case
        Case id; empty for the dataset as a whole.
    rule
        Short name of the check.
    fault
        Row of the project's catalogue of faults.
    level
        What follows from it.
    message
        One sentence that names the case, the value and the bound.
    remedy
        What to do about it, or what was done.
    size, unit
        How large the repair is, where it has a size.
    reason
        The rule in words, the same for every case: it counts cases in the flow diagram.
    listed
        The id as the dataset lists it, where `case` must not repeat it; never written.
    """

    case: str
    rule: str
    fault: int
    level: Level
    message: str
    remedy: str
    size: float | None = None
    unit: str = ""
    reason: str = ""
    listed: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Give the finding as one line of an error message."""
        return f"{self.level} {self.message} [{self.rule}]. {self.remedy}"


@dataclass(frozen=True)
class Check(Generic[T]):
    """One row of a table of checks.

    Attributes
    ----------
    rule
        Short name, as in `findings.tsv`.
    fault
        Row of the catalogue of faults.
    reason
        The rule in words, for the flow diagram.
    find
        Looks for the problem; None when there is none.
    """

    rule: str
    fault: int
    reason: str
    find: Callable[[T], Problem | None]


def run_checks(
    checks: Iterable[Check[T]], examined: T, *, case: str, role: str = "image"
) -> list[Finding]:
    """Run every check of a table and name case and file (`role`) in what they find."""
    # A header may hold any number: what overflows is infinite, and refused as such.
    with np.errstate(all="ignore"):
        return [
            found(check.rule, check.fault, check.reason, problem, case=case, role=role)
            for check in checks
            if (problem := check.find(examined)) is not None
        ]


def found(
    rule: str, fault: int, reason: str, problem: Problem, *, case: str, role: str = ""
) -> Finding:
    """Turn a problem into the finding of a case."""
    where = f"{case} ({role})" if role else case
    return Finding(
        case,
        rule,
        fault,
        problem.level,
        f"{where}: {problem.message}",
        problem.remedy,
        problem.size,
        problem.unit,
        reason,
    )


def refusals(findings: Iterable[Finding]) -> list[Finding]:
    """Keep the findings that forbid using a case (STOP and QUAR)."""
    return [finding for finding in findings if finding.level in (Level.STOP, Level.QUAR)]


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Give findings as the table that `findings.tsv` holds."""
    columns = ["case", "rule", "fault", "level", "message", "remedy", "size", "unit"]
    rows = [[getattr(finding, column) for column in columns] for finding in findings]
    table = pd.DataFrame(rows, columns=pd.Index(columns))
    return table.astype({"level": str})

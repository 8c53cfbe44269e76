"""Findings as one table for people: the gravest first, each with its remedy."""

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from radflow.datasets.checks.finding import Finding, Level
from radflow.datasets.checks.listing import shown_id

MOST_ALIKE = 20
"""Findings of one rule and level that are listed one by one."""

_ORDER = {level: place for place, level in enumerate(Level)}
_HEAD = ("LEVEL", "CASE", "RULE", "FAULT")
_MOST_CASE = 28
_LEAST_COLUMNS = 76  # below it, the remedy stands under the problem
_LEAST_ROOM = 20
_MOST_PADDED = 100  # of the problem, where lines have no bound
_SHOWN_CASES = 3


class _Row(NamedTuple):
    level: str
    case: str
    rule: str
    fault: str
    problem: str
    remedy: str


def table(findings: Iterable[Finding], *, width: int | None, every: bool = False) -> list[str]:
    """Lay findings out: STOP, QUAR, FIX, NOTE, and within a level by rule and case.

    Parameters
    ----------
    findings
        In any order.
    width
        Characters of a line; None: as wide as needed, a line for each finding.
    every
        List each finding; otherwise more than `MOST_ALIKE` of one rule and level are one line.

    Returns
    -------
    list of str
        Lines, the head first; empty where there is no finding.
    """
    ordered = sorted(findings, key=lambda each: (_ORDER[each.level], each.rule, each.case))
    groups: defaultdict[tuple[Level, str], list[Finding]] = defaultdict(list)
    for finding in ordered:
        groups[finding.level, finding.rule].append(finding)
    rows: list[_Row] = []
    for group in groups.values():
        alike = len(group) > MOST_ALIKE and not every
        rows += [_grouped(group)] if alike else [_row(finding) for finding in group]
    if not rows:
        return []
    columns = [max(len(name), *(len(row[c]) for row in rows)) for c, name in enumerate(_HEAD)]
    room = None if width is None else width - sum(columns) - 2 * len(columns)
    problems, remedies = _columns(rows, room)
    head = _Row(*_HEAD, "PROBLEM", "REMEDY")
    lines = [_laid(head, columns, problems, remedies)]
    lines += [_laid(row, columns, problems, remedies) for row in rows]
    return [line for block in lines for line in block]


def counts(findings: Iterable[Finding]) -> str:
    """Count findings by level, e.g. ``"2 STOP, 0 QUAR, 1 FIX, 5 NOTE"``."""
    numbers = Counter(finding.level for finding in findings)
    return ", ".join(f"{numbers[level]} {level}" for level in Level)


def _row(finding: Finding) -> _Row:
    problem = finding.message
    if problem.startswith(f"{finding.case}: "):
        problem = problem.removeprefix(f"{finding.case}: ")
    elif problem.startswith(f"{finding.case} ("):
        problem = problem.removeprefix(f"{finding.case} (").replace("): ", ": ", 1)
    case = finding.case
    if len(case) > _MOST_CASE:
        case = case[: _MOST_CASE - 3] + "..."
    cells = (finding.level, case, finding.rule, str(finding.fault), problem, finding.remedy)
    return _Row(*(shown_id(" ".join(cell.split())) for cell in cells))


def _grouped(group: Sequence[Finding]) -> _Row:
    first = _row(group[0])
    cases = list(dict.fromkeys(finding.case for finding in group))
    reason = f"{group[0].reason}; " if group[0].reason else ""
    named = ", ".join(cases[:_SHOWN_CASES])
    problem = f"{reason}e.g. {named}: {first.problem}" if len(cases) > 1 else first.problem
    case = f"{len(cases)} cases" if len(cases) > 1 else first.case
    more = "" if len(cases) > 1 else f"; and {len(group) - 1} more like it"
    return first._replace(case=case, problem=problem + more)


def _columns(rows: Sequence[_Row], room: int | None) -> tuple[int, int | None]:
    """Choose the widths of problem and remedy; 0 for the remedy: it stands below the problem.

    Without a bound the remedy has none either (None), and a long problem moves its own remedy only.
    """
    longest = max(len(row.problem) for row in rows)
    if room is None:
        return min(longest, _MOST_PADDED), None
    if room < _LEAST_COLUMNS:
        return max(room, _LEAST_ROOM), 0
    longest = min(longest, (room - 2) * 3 // 5)
    return longest, room - 2 - longest


def _laid(row: _Row, columns: Sequence[int], problems: int, remedies: int | None) -> list[str]:
    """Lay one row out as the lines it takes."""
    cells = zip(row, columns, strict=False)
    start = "".join(f"{cell.ljust(size)}  " for cell, size in cells)
    if remedies is None:
        return [f"{start}{row.problem.ljust(problems)}  {row.remedy}".rstrip()]
    left = _wrapped(row.problem, problems)
    right = _wrapped(row.remedy, remedies) if remedies else []
    if not remedies:
        left += [
            f"{'->' if n == 0 else '  '} {line}"
            for n, line in enumerate(_wrapped(row.remedy, problems - 3))
        ]
    starts = [start, *(" " * len(start) for _ in range(max(len(left), len(right)) - 1))]
    return [
        f"{begin}{problem.ljust(problems)}  {remedy}".rstrip()
        for begin, problem, remedy in zip_longest(starts, left, right, fillvalue="")
    ]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False) or [""]

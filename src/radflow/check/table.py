"""Findings as one table for people: the gravest first, each with its remedy."""

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from radflow.datasets.checks.finding import Finding, Level

MOST_ALIKE = 20
"""Findings of one rule and level that are listed one by one."""

_ORDER = {level: place for place, level in enumerate(Level)}
_HEAD = ("LEVEL", "CASE", "RULE", "FAULT")
_MOST_CASE = 28
_LEAST_COLUMNS = 76  # below it, the remedy stands under the problem
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
    head = _Row(*_HEAD, "PROBLEM", "REMEDY" if remedies else "and what to do")
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
    return _Row(*(" ".join(cell.split()) for cell in cells))


def _grouped(group: Sequence[Finding]) -> _Row:
    first = _row(group[0])
    cases = list(dict.fromkeys(finding.case for finding in group))
    reason = f"{group[0].reason}; " if group[0].reason else ""
    named = ", ".join(cases[:_SHOWN_CASES])
    problem = f"{reason}e.g. {named}: {first.problem}" if len(cases) > 1 else first.problem
    case = f"{len(cases)} cases" if len(cases) > 1 else first.case
    more = "" if len(cases) > 1 else f"; and {len(group) - 1} more like it"
    return first._replace(case=case, problem=problem + more)


def _columns(rows: Sequence[_Row], room: int | None) -> tuple[int, int]:
    """Choose the widths of problem and remedy; 0 for the remedy: it stands below the problem."""
    longest = max(len(row.problem) for row in rows)
    if room is None:
        return longest, max(len(row.remedy) for row in rows)
    if room < _LEAST_COLUMNS:
        return max(room, 20), 0
    longest = min(longest, (room - 2) * 3 // 5)
    return longest, room - 2 - longest


def _laid(row: _Row, columns: Sequence[int], problems: int, remedies: int) -> list[str]:
    """Lay one row out as the lines it takes."""
    start = "  ".join(cell.ljust(size) for cell, size in zip(row, columns, strict=False)) + "  "
    problem = textwrap.wrap(row.problem, problems, break_on_hyphens=False) or [""]
    if not remedies:
        problem += (
            [f"-> {row.remedy}"]
            if len(row.remedy) + 3 <= problems
            else textwrap.wrap(row.remedy, problems, initial_indent="-> ", subsequent_indent="   ")
        )
        blank = " " * len(start)
        return [((start if n == 0 else blank) + line).rstrip() for n, line in enumerate(problem)]
    remedy = textwrap.wrap(row.remedy, remedies, break_on_hyphens=False)
    lines: list[str] = []
    for number in range(max(len(problem), len(remedy))):
        left = problem[number] if number < len(problem) else ""
        right = remedy[number] if number < len(remedy) else ""
        before = start if number == 0 else " " * len(start)
        lines.append(f"{before}{left.ljust(problems)}  {right}".rstrip())
    return lines

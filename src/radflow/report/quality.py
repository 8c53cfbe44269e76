"""What intake found: counts by rule, repairs with their size, cases put aside, with pictures."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from radflow.report.load import DescribedStudy, Finding
from radflow.report.numbers import count
from radflow.report.tables import Cell, Table, table

THUMBNAILS = "thumbnails"
"""Folder beside the table of cases with a small picture of a case: ``CASE.png``."""

LEVELS = {
    "STOP": "stops the run",
    "QUAR": "quarantined",
    "FIX": "repaired",
    "NOTE": "noted",
}
_MOST_ROWS = 40
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_BYTES = 200_000


def quality_tables(data: DescribedStudy) -> tuple[Table, ...]:
    """Tables of findings; none where intake found nothing."""
    folder = data.inputs.cases_tsv.parent / THUMBNAILS
    return tuple(_tables(data.findings, folder)) if data.findings else ()


def has_pictures(tables: Sequence[Table]) -> bool:
    """Say whether a table shows a case."""
    return any(cell.picture for each in tables for row in each.rows for cell in row)


def by_rule(findings: Sequence[Finding], caption: str) -> Table:
    """Count the cases of each rule and level, with the largest change and an example."""
    groups: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for each in sorted(findings, key=lambda each: (each.case, each.rule)):
        groups[each.level, each.rule].append(each)
    order = {level: place for place, level in enumerate(LEVELS)}
    return table(
        caption,
        ("What was done", "Rule", "Cases", "Largest change", "Example"),
        [
            (
                LEVELS.get(level, level),
                rule,
                len({each.case for each in groups[level, rule]}),
                _largest(groups[level, rule]),
                groups[level, rule][0].message,
            )
            for level, rule in sorted(
                groups, key=lambda key: (order.get(key[0], len(order)), key[1])
            )
        ],
        numeric=(2,),
    )


def _tables(findings: Sequence[Finding], folder: Path) -> Iterator[Table]:
    yield by_rule(findings, "Findings by rule")
    for level, title in (("QUAR", "Quarantined cases"), ("FIX", "Repairs")):
        rows = [each for each in findings if each.level == level]
        if rows:
            yield _listed(sorted(rows, key=lambda each: (each.case, each.rule)), title, folder)


def _listed(rows: Sequence[Finding], title: str, folder: Path) -> Table:
    """List findings; a case's picture stands beside the first of them."""
    left, listed = len(rows) - _MOST_ROWS, rows[:_MOST_ROWS]
    pictures = {each.case: thumbnail(folder, each.case) for each in listed}
    return table(
        title,
        ("Case", "Rule", "Finding", "Size"),
        [
            (
                each.case,
                each.rule,
                Cell(
                    each.message,
                    (each.remedy,) if each.remedy else (),
                    pictures.pop(each.case, ""),
                ),
                _size(each),
            )
            for each in listed
        ],
        note=f"{count(left, 'more row')} in findings.tsv." if left > 0 else "",
    )


def thumbnail(folder: Path, case: str) -> str:
    """Give a case's picture as an address that holds it; empty where there is none."""
    path = folder / f"{case}.png"
    # A case that could not be listed has its id from the dataset, whatever stands there.
    if path.parent != folder or "\0" in case or not path.is_file():
        return ""
    if path.stat().st_size > _MOST_BYTES:
        return ""
    content = path.read_bytes()
    return f"data:image/png;base64,{b64encode(content).decode()}" if content[:8] == _PNG else ""


def _size(finding: Finding) -> str:
    return f"{float(finding.size):.3g} {finding.unit}".strip() if finding.size else ""


def _largest(rows: Sequence[Finding]) -> str:
    sized = [each for each in rows if each.size]
    return _size(max(sized, key=lambda each: abs(float(each.size)))) if sized else ""

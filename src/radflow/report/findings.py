"""What intake found: counts by rule, repairs with their size, cases put aside."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from radflow.report.load import Finding, StudyData
from radflow.report.numbers import count
from radflow.report.tables import Table, table

_LEVELS = {
    "STOP": "stops the run",
    "QUAR": "quarantined",
    "FIX": "repaired",
    "NOTE": "noted",
}
_MOST_ROWS = 40


def findings_tables(data: StudyData) -> tuple[Table, ...]:
    """Tables of findings; none where intake found nothing."""
    return tuple(_tables(data.findings)) if data.findings else ()


def _tables(findings: Sequence[Finding]) -> Iterator[Table]:
    order = {level: place for place, level in enumerate(_LEVELS)}
    groups: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for each in sorted(findings, key=lambda each: (each.case, each.rule)):
        groups[each.level, each.rule].append(each)
    yield table(
        "Findings by rule",
        ("What was done", "Rule", "Cases", "Largest change", "Example"),
        [
            (
                _LEVELS.get(level, level),
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
    for level, title in (("QUAR", "Quarantined cases"), ("FIX", "Repairs")):
        rows = [each for (found, _), group in groups.items() if found == level for each in group]
        if rows:
            yield _listed(sorted(rows, key=lambda each: (each.case, each.rule)), title)


def _listed(rows: Sequence[Finding], title: str) -> Table:
    left = len(rows) - _MOST_ROWS
    return table(
        title,
        ("Case", "Rule", "Finding", "Size"),
        [(each.case, each.rule, each.message, _size(each)) for each in rows[:_MOST_ROWS]],
        note=f"{count(left, 'more row')} in findings.tsv." if left > 0 else "",
    )


def _size(finding: Finding) -> str:
    return f"{finding.size} {finding.unit}".strip() if finding.size else ""


def _largest(rows: Sequence[Finding]) -> str:
    sized = [each for each in rows if each.size]
    return _size(max(sized, key=lambda each: abs(float(each.size)))) if sized else ""

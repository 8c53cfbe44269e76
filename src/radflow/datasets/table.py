"""The layout of a sheet: a row is a case, or one lesion of a case, and names its files."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.config.layouts import TableRules
from radflow.datasets.checks.finding import Finding, Level, Problem
from radflow.datasets.checks.listing import Candidate, check_listing, without_refused
from radflow.datasets.checks.sheet import check_sheet, foreign_classes, missing_columns
from radflow.datasets.delivered import prepared
from radflow.datasets.inside import why_outside
from radflow.datasets.sheet import Row, Sheet, form_problem, read_sheet
from radflow.datasets.table_rows import TableRows, case_id
from radflow.errors import IntakeError

_SHEETS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")


def list_cases(folder: Path, card: DatasetCard) -> tuple[list[Candidate], int, list[Finding]]:
    """List the cases of a sheet.

    Parameters
    ----------
    folder
        Holds the sheet, itself or at most two levels below. Files are named relative to it.
    card
        Says what the columns mean.

    Returns
    -------
    tuple
        Cases whose files are all there, sorted by id; how many are listed; and findings of the
        sheet and of its rows, all at once.

    Raises
    ------
    IntakeError
        When the sheet is missing, not unique or can't be read.
    """
    rules = card.table
    if rules is None:
        message = "the card has no section `table`: it says what the columns mean"
        raise IntakeError(message)
    path = _find(folder, rules.file)
    sheet = _with_empty(read_sheet(path, needed=rules.columns, sheet=rules.sheet), rules)
    findings = [*sheet.findings, *check_sheet(sheet, card, rules)]
    missing = missing_columns(sheet, rules)
    if missing:
        return [], len(sheet.rows), [*missing, *findings]
    groups, nameless = _by_case(sheet, rules)
    if nameless:
        message = f"names no case in the lines {nameless[:12]}"
        problem = Problem(Level.STOP, message, "Give every row a case id or an image")
        findings.append(form_problem(sheet.name, "sheet-no-case", problem))
    rows = TableRows(path.parent, card, rules)
    listed = [each for case, group in groups.items() for each in rows.cases(case, group)]
    findings += rows.findings
    findings += foreign_classes(rows.classes, card, sheet.name)
    candidates = [each for each in listed if not each.target or each.target in card.targets]
    findings += check_listing(candidates, card)
    kept = without_refused(candidates, findings)
    converted = folder.with_name("converted")
    ready = [prepared(candidate, card, converted) for candidate in kept]
    return ready, len(groups) + len(nameless), findings


def _find(folder: Path, file: str) -> Path:
    why = why_outside(folder, file)
    if why is not None:
        message = f"`table: file` {file!r} {why}: name the sheet relative to the dataset"
        raise IntakeError(message)
    places = [folder]
    for _ in range(3):
        here = [place / file for place in places if (place / file).is_file()]
        if here:
            break
        places = [path for place in places for path in sorted(place.iterdir()) if path.is_dir()]
    else:
        here = []
    if len(here) != 1:
        there = sorted({path.name for path in folder.rglob("*") if path.suffix.lower() in _SHEETS})
        message = (
            f"the dataset holds {len(here)} files {file!r} (`table: file`) at its top, one is "
            f"needed. Sheets in it: {there[:12]}"
        )
        raise IntakeError(message)
    return here[0]


def _with_empty(sheet: Sheet, rules: TableRules) -> Sheet:
    """Empty the cells that say "no value"."""
    rows = [
        Row(row.line, {c: "" if text in rules.missing else text for c, text in row.cells.items()})
        for row in sheet.rows
    ]
    return replace(sheet, rows=tuple(rows))


def _by_case(sheet: Sheet, rules: TableRules) -> tuple[dict[str, list[Row]], list[int]]:
    """Group rows by case; give the lines of those that name none, too."""
    groups: dict[str, list[Row]] = defaultdict(list)
    nameless: list[int] = []
    for row in sheet.rows:
        case = case_id(row, rules)
        if case:
            groups[case].append(row)
        else:
            nameless.append(row.line)
    return groups, nameless

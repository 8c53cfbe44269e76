"""Checks of a sheet's columns and values, before any file is looked for: all at once."""

import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import get_close_matches

from radflow.config.dataset import DatasetCard
from radflow.config.layouts import TableRules
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.checks.identity_columns import identity_columns
from radflow.datasets.checks.listing import unpadded
from radflow.datasets.sheet import Sheet, delimiter_name, form_problem, other_delimiter

_SHOWN = 6
_ERRORS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
    | {"#####", "########", "#NV", "#BEZUG!", "#WERT!"}
)
_MONTHS = "jan|feb|m[aä]?rz?|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]"
_DATE = re.compile(rf"\d{{1,2}}[-. /]+(?:{_MONTHS})\w*|(?:{_MONTHS})\w*[-. /]+\d{{1,4}}", re.I)
_ISO_DATE = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d.*")
_POWER = re.compile(r"\d+(?:[.,]\d+)?e\+?\d+", re.I)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?(?:e[+-]?\d+)?", re.I)
_AS_TEXT = "Restore the ids from their source, and format the column as text before saving"


def missing_columns(sheet: Sheet, rules: TableRules) -> list[Finding]:
    """Find columns that the card names and the sheet lacks; each is a STOP."""
    missing = [column for column in rules.columns if column not in sheet.columns]
    if not missing:
        return []
    looks = other_delimiter(sheet, rules.columns) if sheet.delimiter else None
    if looks is not None:
        message = (
            f"lacks the columns {missing} when split at each {delimiter_name(sheet)}, as its name "
            f"asks: it looks delimited by a {looks}"
        )
        remedy = "Save it with commas as .csv or with tabs as .tsv"
        return [form_problem(sheet.name, "sheet-delimiter", Problem(Level.STOP, message, remedy))]
    findings: list[Finding] = []
    for column in missing:
        near = get_close_matches(column, sheet.columns, 1, 0.5)
        hint = f"the nearest is {near[0]!r}" if near else f"it has {list(sheet.columns)[:12]}"
        problem = Problem(
            Level.STOP, f"has no column {column!r}: {hint}", "Correct `table` in the dataset card"
        )
        findings.append(form_problem(sheet.name, "sheet-column", problem))
    return findings


def check_sheet(sheet: Sheet, card: DatasetCard, rules: TableRules) -> list[Finding]:
    """Check everything that can be said of the sheet as a whole.

    Missing columns are passed over here. No value of a column that names persons is repeated.
    """
    return [
        *_extra(sheet, rules),
        *_errors(sheet, rules),
        *_mangled(sheet, rules),
        *_subject_twins(sheet, rules),
        *_persons(sheet, card, rules),
        *_patients(rules),
        *_adjudication(rules),
    ]


def _extra(sheet: Sheet, rules: TableRules) -> Iterator[Finding]:
    extra = [column or "(without a name)" for column in sheet.columns]
    extra = [column for column in extra if column not in rules.columns]
    if extra:
        message = f"has {len(extra)} more columns: {_listed(extra)}"
        problem = Problem(Level.NOTE, message, "They are not used")
        yield form_problem(sheet.name, "sheet-extra-columns", problem)


def _errors(sheet: Sheet, rules: TableRules) -> Iterator[Finding]:
    places = [
        f"line {row.line}, {column}: {row.cells[column]}"
        for row in sheet.rows
        for column in rules.columns
        if row.cells.get(column, "").upper() in _ERRORS
    ]
    if places:
        message = f"has {len(places)} errors of a spreadsheet: {_listed(places)}"
        problem = Problem(Level.STOP, message, "Correct the formulas, or leave the cells empty")
        yield form_problem(sheet.name, "sheet-error-value", problem)


def _mangled(sheet: Sheet, rules: TableRules) -> Iterator[Finding]:
    """Find ids that a spreadsheet has turned into numbers or dates, or would turn."""
    for column in rules.ids:
        ids = {row.cells[column]: row.line for row in sheet.rows if row.cells.get(column)}
        numbers = bool(ids) and all(_NUMBER.fullmatch(text) for text in ids)
        places: dict[Level, list[str]] = {Level.STOP: [], Level.NOTE: []}
        for text, line in ids.items():
            level = _mangled_level(text, all_numbers=numbers)
            if level is not None:
                places[level].append(f"{text!r} (line {line})")
        for level, shown in places.items():
            if shown:
                what = "has changed" if level is Level.STOP else "would change, or that are dates"
                message = f"has ids in {column!r} that a spreadsheet {what}: {_listed(shown)}"
                problem = Problem(level, message, _AS_TEXT)
                yield form_problem(sheet.name, "sheet-mangled-id", problem)


def _mangled_level(text: str, *, all_numbers: bool) -> Level | None:
    """Say how sure it is that an id was another: ``1E+05``, ``12.0`` among numbers, ``2-Jan``."""
    if _DATE.fullmatch(text) or (_POWER.fullmatch(text) and re.search(r"[+.,]", text)):
        return Level.STOP
    if _POWER.fullmatch(text) or re.fullmatch(r"\d+\.0", text):
        return Level.STOP if all_numbers else Level.NOTE
    return Level.NOTE if _ISO_DATE.fullmatch(text) else None


def _subject_twins(sheet: Sheet, rules: TableRules) -> Iterator[Finding]:
    if rules.subject is None:
        return
    groups: dict[str, set[str]] = defaultdict(set)
    for row in sheet.rows:
        text = row.cells.get(rules.subject, "")
        groups[unpadded(text.casefold())].add(text)
    for texts in groups.values():
        if len(texts) > 1:
            message = f"the patients {sorted(texts)} in {rules.subject!r} may be one"
            problem = Problem(Level.STOP, f"{sheet.name}: {message}", _AS_TEXT)
            yield found("ambiguous-subject", 14, "ambiguous ids", problem, case="dataset")


def _persons(sheet: Sheet, card: DatasetCard, rules: TableRules) -> Iterator[Finding]:
    if card.intake.pseudonyms:
        return
    lesion = rules.lesions.name if rules.lesions else None
    harmless = {*rules.images, *rules.raters, rules.label, rules.target, lesion}
    suspicious = identity_columns([c for c in sheet.columns if c not in harmless])
    filled = [c for c in suspicious if any(row.cells.get(c) for row in sheet.rows)]
    if filled:
        message = f"{sheet.name}: the columns {filled} name persons"
        remedy = "Remove them at the source, or set `intake: identity: pseudonyms` in the card"
        problem = Problem(Level.STOP, message, remedy)
        yield found("identity-columns", 57, "a sheet that names persons", problem, case="dataset")


def _patients(rules: TableRules) -> Iterator[Finding]:
    if rules.subject is None:
        yield no_patients("`table: subject`")


def no_patients(key: str) -> Finding:
    """Note, once for a dataset, that nobody knows which cases are of one patient."""
    message = "no patient is named: every case is taken for another, so one can be in two parts"
    remedy = f"Name the patients ({key} in the dataset card), if they are known"
    problem = Problem(Level.NOTE, message, remedy)
    return found("no-patients", 59, "patients are not known", problem, case="dataset")


def _adjudication(rules: TableRules) -> Iterator[Finding]:
    if rules.raters and rules.target is None:
        message = f"{len(rules.raters)} annotators {list(rules.raters)}, and no adjudicated class"
        remedy = "A case has a class where all agree; name a column by `table: target` if there is"
        problem = Problem(Level.NOTE, message, remedy)
        yield found("adjudication", 49, "no adjudicated class", problem, case="dataset")


def foreign_classes(
    classes: dict[str, list[str]], card: DatasetCard, where: str
) -> Iterator[Finding]:
    """Find classes that the card does not know; `classes` maps each to the cases that have it."""
    for value in sorted(set(classes) - set(card.targets)):
        cases = sorted(set(classes[value]))
        near = get_close_matches(value, card.targets, 1, 0.6)
        hint = f", the nearest is {near[0]!r}" if near else ""
        message = (
            f"{where}: the class {value!r} of {len(cases)} cases ({_listed(cases)}) is none of "
            f"the card's {list(card.targets)}{hint}"
        )
        remedy = "Correct the sheet, or `targets` in the dataset card"
        problem = Problem(Level.STOP, message, remedy)
        yield found("target-value", 43, "classes the card does not know", problem, case="dataset")


def _listed(texts: list[str]) -> str:
    more = f" ... and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more

"""Rows of a sheet turned into cases: their files, classes and lesions."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.config.layouts import LesionColumns, TableRules
from radflow.datasets.checks.file import stem
from radflow.datasets.checks.finding import Finding, Level, Problem, found, refusals
from radflow.datasets.checks.identity_columns import above_age_bound, age_columns, old_age
from radflow.datasets.checks.listing import Candidate, Mark, shown_id
from radflow.datasets.checks.presence import listed_presence
from radflow.datasets.inside import why_outside
from radflow.datasets.picture import PICTURE_SUFFIXES
from radflow.datasets.sheet import Row

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?(?:inf|nan)(?:inity)?", re.I)
_DROPPED = {".dcm", *(suffix for suffixes in PICTURE_SUFFIXES.values() for suffix in suffixes)}


def case_id(row: Row, rules: TableRules) -> str:
    """Give a row's case: its id, or the name of its first image without suffix."""
    if rules.case is not None:
        return row.cells[rules.case]
    path = Path(row.cells[rules.images[0]])
    return path.stem if path.suffix.lower() in _DROPPED else stem(path)


class TableRows:
    """Turns rows into cases and collects what is found in them.

    Attributes
    ----------
    findings
        Of all rows that were turned.
    classes
        Cases by the classes they are given, by annotators too.
    """

    def __init__(self, root: Path, card: DatasetCard, rules: TableRules) -> None:
        self.findings: list[Finding] = []
        self.classes: dict[str, list[str]] = defaultdict(list)
        self._root, self._card, self._rules = root, card, rules

    def cases(self, case: str, rows: Sequence[Row]) -> Iterator[Candidate]:
        """Give the case of its rows; without lesions, one for each row that repeats it."""
        if self._rules.lesions is None:
            for row in rows:
                yield from self._case(case, [row])
        else:
            yield from self._case(case, rows)

    def _case(self, case: str, rows: Sequence[Row]) -> Iterator[Candidate]:
        rules, cells = self._rules, rows[0].cells
        texts = {column: cells[column] for column in rules.images}
        if rules.label is not None and cells[rules.label]:
            texts[rules.label] = cells[rules.label]
        marks, of_marks = _marks(rows, rules.lesions, case)
        findings = [
            *_differing(rows, rules, case),
            *_without_patient(cells, rules, case),
            *self._files(texts, case),
            *of_marks,
            *_too_old(rows, case),
        ]
        target = self._target(cells, case)
        kept = {column: cells[column] for column in (*rules.covariates, *rules.raters)}
        candidate = Candidate(
            case,
            (cells[rules.subject] if rules.subject else "") or case,
            tuple(self._root / texts[column] for column in rules.images),
            self._root / texts[rules.label] if rules.label in texts else None,
            prepare=list[Finding],  # nothing to do, but its files have been looked for
            session=cells[rules.session] if rules.session else "",
            target=target,
            covariates={column: text for column, text in kept.items() if text},
            marks=tuple(marks),
            positive=_positive(rules, target, marks),
        )
        marked = rules.lesions is not None
        findings += listed_presence(candidate, rules.negative, marked=marked)
        self.findings += findings
        if not refusals(findings):
            yield candidate

    def _files(self, texts: dict[str, str], case: str) -> Iterator[Finding]:
        shown = shown_id(case)
        users: dict[str, list[str]] = defaultdict(list)
        for column, text in texts.items():
            if not text:
                problem = Problem(Level.STOP, "names no file", "Name it, or unlist the case")
                reason = "a file is missing"
                yield found("missing-file", 1, reason, problem, case=shown, role=column)
                continue
            users[str(Path(text))].append(column)
            why = why_outside(self._root, text)
            if why is not None:
                message = f"the path {text!a} {why}"
                remedy = "Name files relative to the sheet, inside its folder"
                problem = Problem(Level.STOP, message, remedy)
                reason = "a path leaves the dataset"
                yield found("path", 12, reason, problem, case=shown, role=column)
            elif not _exists(self._root / text):
                message = f"{text!r} is not there, seen from the folder of {self._rules.file}"
                problem = Problem(Level.STOP, message, "Put the file there, or unlist the case")
                reason = "a file is missing"
                yield found("missing-file", 1, reason, problem, case=shown, role=column)
        for text, columns in users.items():
            if len(columns) > 1:
                message = f"{text!r} stands in several columns: {columns}"
                problem = Problem(Level.STOP, message, "Give every column a file of its own")
                yield found("shared-file", 1, "a file is listed twice", problem, case=shown)

    def _target(self, cells: dict[str, str], case: str) -> str:
        """Give a case's class: the adjudicated one, or that on which all annotators agree."""
        rules = self._rules
        said = {column: cells[column] for column in rules.raters if cells[column]}
        target = cells[rules.target] if rules.target else ""
        for value in {target, *said.values()} - {""}:
            self.classes[value].append(shown_id(case))
        if len(set(said.values())) > 1:
            final = f"adjudicated: {target!r}" if target else "not adjudicated"
            shown = ", ".join(f"{column} {value!r}" for column, value in said.items())
            problem = Problem(Level.NOTE, f"the annotators disagree: {shown}; {final}", "Kept")
            reason = "annotators disagree"
            self.findings.append(found("raters", 49, reason, problem, case=shown_id(case)))
        if rules.target or len(set(said.values())) != 1:
            return target
        return next(iter(said.values()))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long for the file system
        return False


def _differing(rows: Sequence[Row], rules: TableRules, case: str) -> Iterator[Finding]:
    """Find what the rows of one case say differently of the case as a whole."""
    lines = [row.line for row in rows]
    for column in rules.of_case:
        values = {row.cells[column] for row in rows}
        if len(values) > 1:
            message = f"its lines {lines[:8]} have {len(values)} values in {column!r}"
            problem = Problem(Level.STOP, message, "Make them equal, or give the rows other cases")
            reason = "rows of a case disagree"
            yield found("rows-disagree", 58, reason, problem, case=shown_id(case))


def _without_patient(cells: dict[str, str], rules: TableRules, case: str) -> Iterator[Finding]:
    if rules.subject is None or cells[rules.subject]:
        return
    message = f"no patient stands in {rules.subject!r}: it could be in two parts of the split"
    problem = Problem(Level.STOP, message, "Name the patient, or unlist the case")
    yield found("no-patient", 59, "a case without patient", problem, case=shown_id(case))


def _too_old(rows: Sequence[Row], case: str) -> Iterator[Finding]:
    ages = age_columns(list(rows[0].cells))
    old = [name for name in ages if any(above_age_bound(row.cells[name]) for row in rows)]
    if old:
        yield old_age(old, shown_id(case))


def _positive(rules: TableRules, target: str, marks: Sequence[Mark]) -> bool | None:
    if rules.lesions is not None:
        return bool(marks)
    return target != rules.negative if rules.negative is not None and target else None


def _marks(
    rows: Sequence[Row], columns: LesionColumns | None, case: str
) -> tuple[list[Mark], list[Finding]]:
    """Give the lesions of a case; a row whose columns are all empty has none."""
    marks: list[Mark] = []
    findings: list[Finding] = []
    if columns is None:
        return marks, findings
    for row in rows:
        texts = {column: row.cells[column] for column in columns.places}
        if not any(texts.values()):
            continue
        bad = [f"{c!r} is {text!r}" for c, text in texts.items() if not _DECIMAL.fullmatch(text)]
        if bad:
            comma = any("," in text for text in texts.values())
            message = f"{'; '.join(bad)}: numbers with a decimal point are needed"
            message += " (a comma is none)" if comma else ""
            problem = Problem(Level.STOP, message, "Correct the sheet")
            reason, role = "a lesion without a place", f"line {row.line}"
            at = shown_id(case)
            findings.append(found("lesion-number", 47, reason, problem, case=at, role=role))
            continue
        numbers = {column: float(text) for column, text in texts.items()}
        name = row.cells[columns.name] if columns.name else ""
        marks.append(_mark(columns, numbers, name))
    return marks, findings


def _mark(columns: LesionColumns, numbers: dict[str, float], name: str) -> Mark:
    lower = _place(columns.lower or columns.centre, numbers)
    upper = _place(columns.upper or columns.centre, numbers)
    radius = numbers[columns.radius] if columns.radius is not None else 0.0
    return Mark(columns.kind, columns.units, lower, upper, radius, name)


def _place(columns: Sequence[str], numbers: dict[str, float]) -> tuple[float, float, float]:
    x, y, *z = (numbers[column] for column in columns)
    return x, y, z[0] if z else 0.0

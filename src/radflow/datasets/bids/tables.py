"""Tables of a BIDS dataset: `participants.tsv`, and `sub-XX_sessions.tsv` of each subject."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.datasets.bids.tree import Subject, Tree
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.checks.identity_columns import above_age_bound, age_columns, identity_columns
from radflow.datasets.checks.listing import shown_id

PARTICIPANTS = "participants.tsv"
_MISSING = frozenset({"", "n/a", "N/A"})
_MOST_BYTES = 1 << 26
_EXPORT = "Save it as tab-separated text in UTF-8 with a row of headers, one row an id"

Row = Mapping[str, str]


@dataclass(frozen=True)
class Facts:
    """What the tables say of subjects and sessions.

    Attributes
    ----------
    subjects
        Subject id to its row; missing values are left out.
    sessions
        Subject and session id to their row.
    columns
        Headers of all tables.
    """

    subjects: dict[str, Row] = field(default_factory=dict[str, Row])
    sessions: dict[tuple[str, str], Row] = field(default_factory=dict[tuple[str, str], Row])
    columns: set[str] = field(default_factory=set[str])

    def of(self, subject: str, session: str) -> Row:
        """Join what is known of a session with what is known of its subject."""
        return {**self.subjects.get(subject, {}), **self.sessions.get((subject, session), {})}


def read_facts(tree: Tree, folder: Path, card: DatasetCard) -> tuple[Facts, list[Finding]]:
    """Read all tables of the raw datasets.

    Parameters
    ----------
    tree
        Subjects and datasets of the archive.
    folder
        The unpacked archive: `participants.tsv` may also lie beside a raw dataset, not above it.
    card
        Which columns are wanted, and whether identities are pseudonyms.

    Returns
    -------
    tuple
        The facts; and findings: tables that can't be read, columns that identify, columns that the
        card names and no table has, subjects that are listed without a folder (STOP each), and
        subjects that are not listed (NOTE).
    """
    facts = Facts()
    findings: list[Finding] = []
    for path in _participants(tree, folder):
        rows, problems = _read(path, "participant_id", "sub-", facts.columns)
        findings += [*problems, *_identity(rows, path.name, card), *_join(facts, rows, path.name)]
    for name, subject in tree.raw.items():
        for path in _sessions(name, subject):
            rows, problems = _read(path, "session_id", "ses-", facts.columns)
            findings += [*problems, *_identity(rows, path.name, card)]
            facts.sessions.update({(name, session): row for session, row in rows.items()})
    findings += [*_columns(facts, card), *_listed(facts, tree)]
    return facts, findings


def old_ages(facts: Facts, subject: str, session: str) -> list[str]:
    """Name the columns that give a subject an age that identifies."""
    row = facts.of(subject, session)
    return [column for column in age_columns([*row]) if above_age_bound(row[column])]


def _participants(tree: Tree, folder: Path) -> list[Path]:
    """Find the table in each raw dataset, or beside it where `rawdata` stands for the dataset."""
    places = [
        next((p for p in (root, root.parent) if p != folder.parent and _is_file(p)), None)
        for root in tree.roots
    ]
    return [place / PARTICIPANTS for place in dict.fromkeys(places) if place is not None]


def _is_file(place: Path) -> bool:
    path = place / PARTICIPANTS
    return path.is_file() and not path.is_symlink()


def _sessions(name: str, subject: Subject) -> list[Path]:
    paths = [root / name / f"{name}_sessions.tsv" for root in subject.roots]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def _read(
    path: Path, key: str, prefix: str, columns: set[str]
) -> tuple[dict[str, dict[str, str]], list[Finding]]:
    """Read a table by its key column; its headers are added to `columns`."""
    lines, problem = _lines(path)
    if problem is not None:
        return {}, [_unreadable(path, problem)]
    header, *body = lines
    if problem := _bad_header(header, key):
        return {}, [_unreadable(path, problem)]
    columns.update(header)
    rows: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    for number, cells in enumerate(body, start=2):
        if len(cells) != len(header):
            problems.append(f"row {number} has {len(cells)} fields, the header {len(header)}")
            continue
        row = dict(zip(header, cells, strict=True))
        name = row.pop(key)
        name = name if name.startswith(prefix) else prefix + name
        if name in rows or name == prefix:
            problems.append(f"row {number}: {key} {shown_id(name)!r} is there twice or empty")
        rows.setdefault(name, {k: text for k, text in row.items() if text not in _MISSING})
    return rows, [_unreadable(path, problem) for problem in problems]


def _lines(path: Path) -> tuple[list[list[str]], str | None]:
    """Split a table into stripped cells, or say why it can't be."""
    if path.stat().st_size > _MOST_BYTES:
        return [], f"{path.stat().st_size} bytes, the bound is {_MOST_BYTES}"
    try:
        text = path.read_text(encoding="utf-8-sig")
        parsed = [*csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)]
    except (UnicodeDecodeError, csv.Error) as error:
        return [], f"not readable: {error}"
    lines = [[cell.strip() for cell in line] for line in parsed if any(line)]
    return lines, None if lines else "the table is empty"


def _bad_header(header: list[str], key: str) -> str | None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        return f"columns {twice} are there twice"
    if key not in header:
        return f"there is no column {key} among {header[:12]}"
    return None


def _unreadable(path: Path, message: str) -> Finding:
    problem = Problem(Level.STOP, message, _EXPORT)
    return found("table", 58, "a table is not valid", problem, case="dataset", role=path.name)


def _identity(rows: Mapping[str, Row], table: str, card: DatasetCard) -> Iterator[Finding]:
    filled = dict.fromkeys(column for row in rows.values() for column in row)
    columns = identity_columns([*filled])
    if not columns:
        return
    declared = card.intake.pseudonyms
    message = f"columns {columns} may tell who the patients are"
    remedy = (
        "Kept out of the cases; `intake: identity` says they are made up"
        if declared
        else "Remove them, or set `intake: identity: pseudonyms` in the card where they are made up"
    )
    problem = Problem(Level.NOTE if declared else Level.STOP, message, remedy)
    reason = "columns that identify"
    yield found("identity-columns", 57, reason, problem, case="dataset", role=table)


def _join(facts: Facts, rows: Mapping[str, Row], table: str) -> Iterator[Finding]:
    """Add the rows of one archive to those of others; the same row may be in several."""
    for name, row in rows.items():
        if facts.subjects.setdefault(name, row) != row:
            message = f"listed with other values in another {table}"
            problem = Problem(Level.STOP, message, "Keep one of the rows")
            reason = "a case is listed twice"
            yield found("listed-twice", 1, reason, problem, case=shown_id(name))


def _columns(facts: Facts, card: DatasetCard) -> Iterator[Finding]:
    rules = card.bids
    wanted = [] if rules is None else [*rules.covariates, *filter(None, [rules.target])]
    absent = [column for column in wanted if column not in facts.columns]
    if absent:
        there = f"only {sorted(facts.columns)}" if facts.columns else "as there is none to be read"
        message = f"{PARTICIPANTS} and sessions.tsv have no column {absent}, {there}"
        problem = Problem(Level.STOP, message, "Correct `bids` in the dataset card")
        yield found("column", 58, "a column is missing", problem, case="dataset")


def _listed(facts: Facts, tree: Tree) -> Iterator[Finding]:
    for name in sorted(set(facts.subjects) - set(tree.raw)):
        message = f"listed in {PARTICIPANTS}, but there is no folder of this name"
        problem = Problem(Level.STOP, message, "Put the files there, or remove the row")
        yield found("missing-file", 1, "a file is missing", problem, case=shown_id(name))
    for name in sorted(set(tree.raw) - set(facts.subjects)) if facts.subjects else ():
        problem = Problem(Level.NOTE, f"not listed in {PARTICIPANTS}", "Kept")
        yield found("unlisted", 58, "not in the table", problem, case=shown_id(name))

"""The CLAIM table of a study: which item is answered, by whom, and where."""

from dataclasses import dataclass

from radflow.report.claim_items import ITEMS, ClaimItem
from radflow.report.claim_simulated import SIMULATED_ITEMS
from radflow.report.inputs import TEST
from radflow.report.load import StudyData

CLAIM_ADDRESS = "https://pmc.ncbi.nlm.nih.gov/articles/PMC11304031/"

WORKFLOW = "answered by the workflow"
AUTHORS = "stated by the authors"
IN_PART = "answered by the workflow in part, the rest not stated"
BOTH = "answered by the workflow, stated by the authors"
NOT_STATED = "not stated"


@dataclass(frozen=True)
class ClaimRow:
    """A row of the table: number, what is asked, status, section and what is there."""

    number: int
    text: str
    status: str
    anchor: str
    note: str


def claim_rows(data: StudyData) -> tuple[ClaimRow, ...]:
    """Fill all 44 rows for a study."""
    items = SIMULATED_ITEMS if data.inputs.card.simulated else ITEMS
    return tuple(
        ClaimRow(item.number, item.text, _status(item, data), item.anchor, _note(item, data))
        for item in items
    )


def claim_summary(rows: tuple[ClaimRow, ...]) -> str:
    """Count the rows by status."""
    counted = [
        (status, sum(row.status == status for row in rows))
        for status in (WORKFLOW, BOTH, AUTHORS, IN_PART, NOT_STATED)
    ]
    return "; ".join(f"{n} {status}" for status, n in counted if n)


def _status(item: ClaimItem, data: StudyData) -> str:
    stated = any(getattr(data.inputs.text, field) for field in item.fields)
    return {
        "workflow": WORKFLOW,
        "question": AUTHORS,
        "authors": AUTHORS if stated else NOT_STATED,
        "both": BOTH if stated else IN_PART,
        "part": IN_PART,
        "nobody": NOT_STATED,
    }[item.by]


def _note(item: ClaimItem, data: StudyData) -> str:
    if item.number == 27:
        folds = len(data.trained_folds)
        return f"{folds} folds combined on the test part" if folds > 1 else "one fold: none"
    if item.number == 32 and TEST not in data.parts:
        return "tuning table; the test part is locked"
    return item.note

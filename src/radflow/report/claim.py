"""The CLAIM table of a study: which item is answered, by whom, and where."""

from collections.abc import Mapping
from dataclasses import dataclass

from radflow.report.acquisition import stated_keys
from radflow.report.claim_described import described
from radflow.report.claim_items import ITEMS, ClaimItem
from radflow.report.claim_simulated import OF_SIMULATED
from radflow.report.inputs import TEST
from radflow.report.load import AnyTrained, DescribedStudy, TrainedStudy

CLAIM_ADDRESS = "https://pmc.ncbi.nlm.nih.gov/articles/PMC11304031/"

WORKFLOW = "answered by the workflow"
AUTHORS = "stated by the authors"
IN_PART = "answered by the workflow in part, the rest not stated"
BOTH = "answered by the workflow, stated by the authors"
NOT_STATED = "not stated"
NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class ClaimRow:
    """A row of the table: number, what is asked, status, section and what is there."""

    number: int
    text: str
    status: str
    anchor: str
    note: str


def claim_rows(
    data: DescribedStudy, *, otherwise: Mapping[int, ClaimItem] | None = None
) -> tuple[ClaimRow, ...]:
    """Fill all 44 rows for a study; `otherwise` holds those that its family words its own way."""
    words = {**(otherwise or {}), **(OF_SIMULATED if data.inputs.card.simulated else {})}
    items = tuple(words.get(item.number, item) for item in ITEMS)
    items = items if isinstance(data, TrainedStudy) else described(items)
    return tuple(
        ClaimRow(item.number, item.text, _status(item, data), item.anchor, _note(item, data))
        for item in items
    )


def claim_summary(rows: tuple[ClaimRow, ...]) -> str:
    """Count the rows by status."""
    counted = [
        (status, sum(row.status == status for row in rows))
        for status in (WORKFLOW, BOTH, AUTHORS, IN_PART, NOT_STATED, NOT_APPLICABLE)
    ]
    return "; ".join(f"{n} {status}" for status, n in counted if n)


def _status(item: ClaimItem, data: DescribedStudy) -> str:
    stated = any(getattr(data.inputs.text, field) for field in item.fields)
    return {
        "workflow": WORKFLOW,
        "question": AUTHORS,
        "authors": AUTHORS if stated else NOT_STATED,
        "both": BOTH if stated else IN_PART,
        "part": IN_PART,
        "nobody": NOT_STATED,
        "none": NOT_APPLICABLE,
    }[item.by]


def _note(item: ClaimItem, data: DescribedStudy) -> str:
    if isinstance(data, TrainedStudy) and (note := _note_of_training(item, data)):
        return note
    if data.inputs.card.simulated:
        return item.note
    if item.number == 13 and stated_keys(data):
        return "image size, voxel size; scanner and settings as far as the files state them"
    if item.number == 36 and any(case.covariates for case in data.cases):
        return "what the records say of subjects, reference standard, image and voxel size"
    return item.note


def _note_of_training(item: ClaimItem, data: AnyTrained) -> str:
    if item.number == 19 and (column := data.split_record.get("column")):
        return f"by the column {column!r} of the table of cases, frozen with its hash"
    if item.number == 27:
        folds = len(data.trained_folds)
        if not data.has_test_part:
            return "a model for each fold; there is no test part to combine them on"
        return f"{folds} folds combined on the test part" if folds > 1 else "one fold: none"
    if item.number == 32 and TEST not in data.parts:
        missing = "the test part is locked" if data.has_test_part else "there is no test part"
        return f"tuning table; {missing}"
    return ""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from radflow.config.report import ReportText
from radflow.report.claim import (
    AUTHORS,
    BOTH,
    IN_PART,
    NOT_STATED,
    WORKFLOW,
    claim_rows,
    claim_summary,
)
from radflow.report.claim_items import ITEMS
from radflow.report.inputs import TrainedInputs
from radflow.report.sections import SECTIONS
from radflow.report.segmentation.scores import read_study


def test_there_are_44_items_in_order() -> None:
    assert [item.number for item in ITEMS] == list(range(1, 45))


def test_every_item_is_a_row_of_the_page(page: Any) -> None:
    rows = [found["id"] for tag, found in page.tags if tag == "tr" and found.get("id")]
    assert rows == [f"claim-{number}" for number in range(1, 45)]


def test_every_item_points_to_a_section_and_to_fields_that_exist() -> None:
    anchors = {anchor for anchor, _ in SECTIONS}
    for item in ITEMS:
        assert item.anchor in anchors, item.number
        assert set(item.fields) <= set(ReportText.model_fields), item.number
        assert bool(item.fields) == (item.by in {"authors", "both"}), item.number


@pytest.mark.parametrize(
    ("number", "unstated", "stated"),
    [
        (22, WORKFLOW, WORKFLOW),
        (4, AUTHORS, AUTHORS),
        (44, NOT_STATED, AUTHORS),
        (40, IN_PART, BOTH),
        (13, IN_PART, IN_PART),
        (34, NOT_STATED, NOT_STATED),
    ],
)
def test_the_status_follows_what_is_stated(
    inputs: TrainedInputs, number: int, unstated: str, stated: str
) -> None:
    data = read_study(inputs)
    assert claim_rows(data)[number - 1].status == unstated
    text = ReportText(**dict.fromkeys(ReportText.model_fields, "Told."))
    told = replace(data, inputs=replace(inputs, text=text))
    assert claim_rows(told)[number - 1].status == stated


def test_the_summary_counts_every_row(inputs: TrainedInputs) -> None:
    summary = claim_summary(claim_rows(read_study(inputs)))
    assert sum(int(part.split()[0]) for part in summary.split("; ")) == 44


def test_notes_follow_the_study(
    inputs: TrainedInputs, locked: TrainedInputs, tmp_path: Path
) -> None:
    assert claim_rows(read_study(inputs))[26].note == "2 folds combined on the test part"
    assert "locked" in claim_rows(read_study(locked))[31].note
    one = replace(inputs, models=tuple(replace(m, folds=m.folds[:1]) for m in inputs.models))
    assert claim_rows(read_study(one))[26].note == "one fold: none"

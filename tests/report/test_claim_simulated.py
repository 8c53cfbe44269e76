from typing import Any

import pytest

from radflow.report.claim import IN_PART, NOT_STATED, WORKFLOW, claim_rows
from radflow.report.claim_items import ITEMS
from radflow.report.claim_simulated import SIMULATED_ITEMS
from radflow.report.inputs import TrainedInputs
from radflow.report.sections import SECTIONS
from radflow.report.segmentation.scores import read_study


def test_there_are_the_same_44_items_with_the_same_questions() -> None:
    assert [(item.number, item.text) for item in SIMULATED_ITEMS] == [
        (item.number, item.text) for item in ITEMS
    ]


def test_every_item_points_to_a_section_and_asks_authors_only_where_they_can_answer() -> None:
    anchors = {anchor for anchor, _ in SECTIONS}
    for item in SIMULATED_ITEMS:
        assert item.anchor in anchors, item.number
        assert bool(item.fields) == (item.by in {"authors", "both"}), item.number


@pytest.mark.parametrize(
    ("number", "status", "note"),
    [
        (5, WORKFLOW, "simulated"),
        (7, WORKFLOW, "simulated"),
        (8, WORKFLOW, "simulated subjects"),
        (11, WORKFLOW, "not needed"),
        (13, IN_PART, "images are computed"),
        (16, WORKFLOW, "nobody"),
        (33, NOT_STATED, "no patient was examined"),
        (22, WORKFLOW, "table of the network"),
    ],
)
def test_no_item_claims_patients(
    simulated: TrainedInputs, number: int, status: str, note: str
) -> None:
    row = claim_rows(read_study(simulated))[number - 1]
    assert row.status == status
    assert note in row.note


def test_a_study_of_patients_keeps_its_items(inputs: TrainedInputs) -> None:
    notes = " ".join(row.note for row in claim_rows(read_study(inputs)))
    assert "simulat" not in notes


def test_items_of_simulated_subjects_say_nothing_of_patients_but_that_there_are_none(
    simulated: TrainedInputs,
) -> None:
    rows: Any = claim_rows(read_study(simulated))
    assert [row.note for row in rows if "patient" in row.note] == [
        "none; no patient was examined either"
    ]

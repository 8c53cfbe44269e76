"""Studies beside a study, and other sections that not every report has."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from classified_study import ClassifiedBuilder

from radflow.report.beside import BESIDE, beside
from radflow.report.claim import claim_rows
from radflow.report.claim_items import ITEMS
from radflow.report.context import context_of
from radflow.report.index import IndexEntry, write_index
from radflow.report.inputs import BesideFiles, ClassifiedInputs, TrainedInputs
from radflow.report.numbers import number
from radflow.report.sections import SECTIONS, OptionalSection, with_optional
from radflow.report.segmentation.page import KIND, write_report
from radflow.report.segmentation.scores import read_study


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> ClassifiedInputs:
    return ClassifiedBuilder(tmp_path_factory.mktemp("other")).build(control=False)


def _beside(inputs: TrainedInputs, *others: TrainedInputs) -> TrainedInputs:
    files = tuple(
        BesideFiles(f"other-{n}", "Another <study>", "a lesson & more", each.metrics_json)
        for n, each in enumerate(others)
    )
    return replace(inputs, beside=files)


def test_headline_numbers_of_other_studies_stand_in_the_report(
    inputs: TrainedInputs, other: ClassifiedInputs, tmp_path: Path, parse: Callable[[str], Any]
) -> None:
    write_report(_beside(inputs, other), tmp_path / "report.html")
    page = parse((tmp_path / "report.html").read_text(encoding="utf-8"))
    sections = [found["id"] for tag, found in page.tags if tag == "section"]
    assert sections[sections.index("results") + 1] == "beside"
    assert "other-0: Another <study>" in page.text
    assert "a lesson & more" in page.text


def test_each_family_has_a_table_and_the_study_itself_stands_first(
    inputs: TrainedInputs, other: ClassifiedInputs, locked: TrainedInputs
) -> None:
    shown = beside(read_study(_beside(inputs, other, locked)))
    assert shown is not None
    dice, accuracy = shown["tables"]
    assert [row[0].text for row in dice.rows] == ["shapes", "shapes", "other-1", "other-1"]
    assert [row[2].text for row in dice.rows] == ["test", "test", "tuning", "tuning"]
    assert accuracy.head == ("Study", "Model", "Part", "Accuracy", "AUC", "n")


def test_a_study_alone_has_no_such_section(inputs: TrainedInputs, page: Any) -> None:
    assert beside(read_study(inputs)) is None
    assert "beside" not in page.values("id")


def test_the_index_shows_accuracy_and_area_of_a_classification(
    other: ClassifiedInputs, tmp_path: Path, parse: Callable[[str], Any]
) -> None:
    entry = IndexEntry("classes", "Classes", "Which?", other.metrics_json, "classes/report.html")
    write_index([entry], tmp_path / "index.html")
    text = " ".join(parse((tmp_path / "index.html").read_text(encoding="utf-8")).text.split())
    assert "Test part: estimate (95% interval) Model Accuracy AUC cnn" in text
    assert "Dice" not in text
    assert number(1 / 3) in text  # the baseline's accuracy


def test_optional_sections_follow_the_one_they_name_in_their_order() -> None:
    second = replace(BESIDE, anchor="search", title="Search")
    anchors = [anchor for anchor, _ in with_optional(SECTIONS, [BESIDE, second])]
    place = anchors.index("results")
    assert anchors[place : place + 4] == ["results", "beside", "search", "cases"]
    assert len(anchors) == len(SECTIONS) + 2


def test_a_section_answers_items_of_claim_only_where_it_is_shown(inputs: TrainedInputs) -> None:
    data = read_study(inputs)
    item = replace(
        next(each for each in ITEMS if each.number == 31), by="workflow", anchor="explanation"
    )
    section = OptionalSection(
        "explanation", "Explanation", "results", lambda _: {"n": 1}, claim=(item,)
    )
    rows = claim_rows(data, otherwise={item.number: item})
    assert rows[30].status == "answered by the workflow"
    silent = replace(section, context=lambda _: None)
    shown = context_of(data, replace(KIND, optional=(section,)))
    assert shown["claim"][30].anchor == "explanation"
    assert shown["explanation"] == {"n": 1}
    assert shown["templates"]["explanation"] == "sections/explanation.html.j2"
    hidden = context_of(data, replace(KIND, optional=(silent,)))
    assert hidden["claim"][30].anchor == "limitations"
    assert "explanation" not in dict(hidden["sections"])

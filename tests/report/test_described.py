"""The report of a study that describes its data: the same sections, and nothing of models."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from radflow.report.claim import NOT_APPLICABLE, WORKFLOW, claim_rows
from radflow.report.described import write_report
from radflow.report.flow import flow_of
from radflow.report.inputs import ReportInputs, TrainedInputs
from radflow.report.limits import limitations
from radflow.report.load import DescribedStudy, TrainedStudy, read_described
from radflow.report.reproduce import seeds_table
from radflow.report.sections import DESCRIBED_SECTIONS, SECTIONS


@pytest.fixture(scope="module")
def described(inputs: TrainedInputs) -> ReportInputs:
    return ReportInputs(**{each.name: getattr(inputs, each.name) for each in fields(ReportInputs)})


@pytest.fixture
def data(described: ReportInputs) -> DescribedStudy:
    return read_described(described)


@pytest.fixture(scope="module")
def html(described: ReportInputs, tmp_path_factory: pytest.TempPathFactory) -> str:
    output = tmp_path_factory.mktemp("described") / "report.html"
    write_report(described, output)
    return output.read_text(encoding="utf-8")


def test_it_is_read_without_split_plan_and_models(data: DescribedStudy) -> None:
    assert not isinstance(data, TrainedStudy)
    assert len(data.cases) == 12


def test_it_has_the_sections_of_data_and_none_of_training(
    html: str, parse: Callable[[str], Any]
) -> None:
    page = parse(html)
    sections = [found["id"] for tag, found in page.tags if tag == "section"]
    assert sections == [anchor for anchor, _ in DESCRIBED_SECTIONS]
    assert {"data", "quality", "acquisition", "claim"} <= set(sections)
    assert len(DESCRIBED_SECTIONS) == len(SECTIONS) - 7


def test_all_anchors_resolve_and_identifiers_are_unique(
    html: str, parse: Callable[[str], Any]
) -> None:
    page = parse(html)
    identifiers = Counter(page.values("id"))
    assert [name for name, n in identifiers.items() if n > 1] == []
    assert {value[1:] for value in page.values("href") if value.startswith("#")} <= set(identifiers)


def test_it_says_that_no_model_was_trained_and_shows_no_score(
    html: str, parse: Callable[[str], Any]
) -> None:
    text = parse(html).text
    assert "no model was trained" in text
    assert "12 accepted of 14 listed, of 12 subjects" in text
    assert not re.search(r"Dice|baseline|tuning|test part", text)


def test_two_runs_give_the_same_bytes(described: ReportInputs, html: str, tmp_path: Path) -> None:
    write_report(described, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == html


def test_the_flow_ends_with_the_accepted_cases(data: DescribedStudy) -> None:
    flow = flow_of(data)
    assert (flow.listed.amount, flow.accepted.amount) == ("14 cases", "12 cases")
    assert flow.development is None
    assert flow.test is None


def test_items_of_claim_that_ask_of_models_do_not_apply(data: DescribedStudy) -> None:
    rows = {row.number: row for row in claim_rows(data)}
    assert len(rows) == 44
    none = {number for number, row in rows.items() if row.status == NOT_APPLICABLE}
    assert {1, 19, 22, 25, 32, 37, 39} <= none
    assert not none & {3, 5, 7, 8, 9, 11, 12, 13, 14, 16, 18, 35, 36, 40, 42, 43, 44}
    assert rows[22].note == "no model was trained"
    assert (rows[9].status, rows[9].anchor) == (WORKFLOW, "quality")
    assert {row.anchor for row in rows.values()} <= {anchor for anchor, _ in DESCRIBED_SECTIONS}


def test_limits_are_those_of_the_data(data: DescribedStudy) -> None:
    text = " ".join(limitations(data))
    assert "nothing here says what a model would learn" in text
    assert "2 cases of 14 were excluded" in text
    assert "doesn't say which cases share a patient" in text
    assert "parts" not in text


def test_nothing_is_random_but_a_simulation(data: DescribedStudy, simulated: TrainedInputs) -> None:
    assert seeds_table(data) is None
    card = replace(data, inputs=replace(data.inputs, card=simulated.card))
    table = seeds_table(card)
    assert table is not None
    assert [[cell.text for cell in row] for row in table.rows] == [["simulation", "4711"]]


def test_simulated_subjects_are_told(
    described: ReportInputs, simulated: TrainedInputs, tmp_path: Path
) -> None:
    made = replace(described, card=simulated.card, source_json=simulated.source_json)
    write_report(made, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "no patient was examined" in text
    assert "Made by the steps simulate and intake" in text
    assert "All subjects are simulated: nothing here says anything about patients." in text

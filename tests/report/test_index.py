from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from radflow.files import read_json
from radflow.report.index import IndexEntry, write_index
from radflow.report.inputs import TrainedInputs


def _entry(inputs: TrainedInputs, study: str, title: str = "A study") -> IndexEntry:
    return IndexEntry(study, title, inputs.question, inputs.metrics_json, f"{study}/report.html")


def test_studies_are_listed_with_numbers_and_link(
    inputs: TrainedInputs, locked: TrainedInputs, tmp_path: Path, parse: Callable[[str], Any]
) -> None:
    entries = [_entry(inputs, "open", "<b>First</b>"), _entry(locked, "locked", "Second")]
    write_index(entries, tmp_path / "index.html")
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    page = parse(html)
    assert [v for v in page.values("href") if not v.startswith("#")] == [
        "open/report.html",
        "locked/report.html",
    ]
    assert "<b>First</b>" in page.text
    dice = read_json(inputs.metrics_json)["models"]["unet"]["test"]["classes"]["mean"]["dice"]
    assert f"{dice['mean']:.3f}" in page.text
    assert "test part" in page.text
    assert "tuning (internal, out of fold)" in page.text
    write_index(entries, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == html


def test_a_study_of_simulated_subjects_says_so(
    inputs: TrainedInputs, tmp_path: Path, parse: Callable[[str], Any]
) -> None:
    entries = [replace(_entry(inputs, "made"), simulated=True), _entry(inputs, "real")]
    write_index(entries, tmp_path / "index.html")
    made, real = (tmp_path / "index.html").read_text(encoding="utf-8").split('<section id="real"')
    assert "no patient was examined" in parse(made).text
    assert "imulated" not in parse(real).text


def test_a_study_that_describes_its_data_has_cases_and_no_scores(
    inputs: TrainedInputs, tmp_path: Path, parse: Callable[[str], Any]
) -> None:
    entry = IndexEntry("look", "A look", "What is there?", inputs.intake_json, "l", describes=True)
    write_index([entry], tmp_path / "index.html")
    text = parse((tmp_path / "index.html").read_text(encoding="utf-8")).text
    assert "Data described: 12 cases accepted of 14 listed; no model was trained." in text
    assert "Dice" not in text


def test_no_study_gives_a_page_that_says_so(tmp_path: Path) -> None:
    write_index([], tmp_path / "index.html")
    assert "There is no study yet." in (tmp_path / "index.html").read_text()

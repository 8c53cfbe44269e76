import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from radflow.config.report import ReportText
from radflow.errors import EvaluationError, ImageError, LeakError
from radflow.files import read_json, sha256_file, write_json
from radflow.report.inputs import TrainedInputs
from radflow.report.sections import SECTIONS
from radflow.report.segmentation.page import write_report

Build = Callable[..., TrainedInputs]


def _written(inputs: TrainedInputs, folder: Path, name: str = "report.html") -> str:
    write_report(inputs, folder / name)
    return (folder / name).read_text(encoding="utf-8")


def test_the_page_loads_nothing_and_runs_nothing(html: str, page: Any) -> None:
    forbidden = {"script", "link", "iframe", "object", "embed", "video", "audio", "base"}
    assert not {tag for tag, _ in page.tags} & forbidden
    for tag, attributes in page.tags:
        for name in ("src", "srcset", "href", "xlink:href", "data", "poster", "action"):
            value = attributes.get(name) or ""
            loads = tag != "a" and not value.startswith(("#", "data:image/png;base64,"))
            assert not (value and loads), (tag, name, value[:80])
        assert not [name for name in attributes if name.startswith("on")]
    assert "@import" not in html
    assert "@font-face" not in html
    assert not re.search(r"url\((?!#)", html)


def test_links_that_leave_the_page_go_to_the_checklist_alone(page: Any) -> None:
    outside = {value for value in page.values("href") if value.startswith("http")}
    assert outside == {"https://pmc.ncbi.nlm.nih.gov/articles/PMC11304031/"}


def test_all_anchors_resolve_and_identifiers_are_unique(page: Any) -> None:
    identifiers = Counter(page.values("id"))
    assert [name for name, n in identifiers.items() if n > 1] == []
    targets = {value[1:] for value in page.values("href") if value.startswith("#")}
    assert targets <= set(identifiers)
    assert {anchor for anchor, _ in SECTIONS} <= targets


def test_the_contents_name_every_section(page: Any) -> None:
    for anchor, title in SECTIONS:
        assert ("a", {"href": f"#{anchor}"}) in page.tags
        assert title in page.text


def test_two_runs_give_the_same_bytes(inputs: TrainedInputs, html: str, tmp_path: Path) -> None:
    assert _written(inputs, tmp_path) == html


def test_no_date_machine_or_folder_is_named(inputs: TrainedInputs, html: str) -> None:
    assert str(inputs.cases_tsv.parent.parent) not in html
    assert "/somewhere/on/this/machine" not in html
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", html)


def test_markup_in_configuration_and_case_names_is_shown_as_text(
    build: Build, tmp_path: Path, parse: Callable[[str], Any]
) -> None:
    evil = '<script>alert("1")</script>'
    inputs = build(cases=6, title=evil)
    for path in [inputs.cases_tsv, *inputs.cases_tsv.parent.parent.rglob("*.tsv")]:
        path.write_text(path.read_text().replace("shape_002\t", "<script>b&\t"))
    split = inputs.split_json
    record = read_json(split) | {"sha256": sha256_file(inputs.split_tsv)}
    write_json(split, record)
    text = ReportText(limitations=evil, authors=evil, temporal_leakage=evil)
    html = _written(replace(inputs, text=text, question=evil), tmp_path)
    page = parse(html)
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count(evil) >= 5
    assert "<script>b&" in page.text


def test_the_card_says_what_was_found_and_for_whom_it_is_not(
    inputs: TrainedInputs, page: Any
) -> None:
    dice = read_json(inputs.metrics_json)["models"]["unet"]["test"]["classes"]["mean"]["dice"]
    headline = f"{dice['mean']:.3f} ({dice['low']:.3f}\N{EN DASH}{dice['high']:.3f})"
    assert headline in page.text
    assert "evaluated 1 time with unet" in page.text
    assert "For research only. Not a medical device" in page.text
    assert "8 development (2 folds; trained: 0, 1), 4 test" in page.text


def test_simulated_subjects_are_told_near_the_top_and_no_patient_is_claimed(
    simulated: TrainedInputs, tmp_path: Path, parse: Callable[[str], Any]
) -> None:
    html = _written(simulated, tmp_path)
    top, rest = html.split('class="headline"', 1)
    assert "no patient was examined" in parse(top).text
    text = parse(rest).text
    assert "2 archives, simulated by this project, 2.0 MB" in text
    assert "nobody was recruited: subjects are simulated" in text
    assert "not needed: no patient was examined" in text
    assert "each was simulated by itself" in text
    assert "4711" in text
    assert "Made by the steps simulate, intake and split" in text
    assert "names no patients" not in text


def test_a_study_of_patients_is_not_called_simulated(page: Any) -> None:
    assert "imulated" not in page.text


def test_missing_author_text_says_so(page: Any, inputs: TrainedInputs, tmp_path: Path) -> None:
    assert page.text.count("not stated by the authors") >= 10
    stated = ReportText(**dict.fromkeys(ReportText.model_fields, "Told at length."))
    html = _written(replace(inputs, text=stated), tmp_path)
    assert "not stated by the authors" not in html
    assert html.count("Told at length.") >= len(ReportText.model_fields)


def test_a_locked_test_part_shows_as_locked(locked: TrainedInputs, tmp_path: Path) -> None:
    html = _written(locked, tmp_path)
    assert "locked: not evaluated" in html
    assert "The test part is locked." in html
    assert "None: the test part is locked" in html
    assert 'id="results-test"' not in html
    assert "dice-test" not in html


def test_tuning_results_are_labelled_internal(page: Any) -> None:
    assert "Tuning (internal)" in page.text
    assert "the same cases chose that model's best epoch" in page.text


def test_ledger_rows_are_printed(page: Any) -> None:
    assert "Ledger: 2 accesses" in page.text


def test_models_and_baseline_stand_side_by_side_with_their_difference(
    inputs: TrainedInputs, page: Any
) -> None:
    rows = read_json(inputs.metrics_json)["comparisons"]
    wanted = ("unet", "test", "anterior", "dice")
    row = next(r for r in rows if (r["model"], r["part"], r["class"], r["metric"]) == wanted)
    assert f"+{row['difference']:.3f} ({row['low']:.3f}\N{EN DASH}{row['high']:.3f})" in page.text
    assert page.text.count("difference") >= 6


def test_every_picture_is_described(page: Any) -> None:
    pictures = [found for tag, found in page.tags if tag == "svg"]
    assert len(pictures) >= 2 + 2 + 4 + 9
    assert all(found.get("aria-label") or found.get("aria-hidden") for found in pictures)


def test_the_page_suits_a_phone_and_a_printer(html: str, page: Any) -> None:
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in [
        found for tag, found in page.tags if tag == "meta"
    ]
    assert "@media print" in html
    scrolled = [found for tag, found in page.tags if found.get("class") == "scroll"]
    assert all(found["tabindex"] == "0" and found["aria-label"] for found in scrolled)


def test_hashes_seeds_and_versions_are_listed(inputs: TrainedInputs, page: Any) -> None:
    for path in (inputs.cases_tsv, inputs.split_tsv, inputs.plan_json, inputs.metrics_json):
        assert sha256_file(path) in page.text
    assert "shapes-1" in page.text
    assert "torch" in page.text
    assert "--config 'studies=[\"shapes\"]' -- results/shapes/report.html" in page.text


def test_a_missing_prediction_is_shown_and_counted(build: Build, tmp_path: Path) -> None:
    inputs = build(cases=6)
    table = inputs.models[0].predictions["test"]
    lines = table.read_text().splitlines()
    table.write_text("\n".join(line for line in lines if "shape_002" not in line) + "\n")
    scores = inputs.models[0].scores["test"]
    lines = scores.read_text().splitlines()
    scores.write_text(
        "".join(f"{line}missing\n" if "shape_002" in line else f"{line}\n" for line in lines)
    )
    html = _written(inputs, tmp_path)
    assert "Scores with an empty mask, counted" in html
    assert "unet gave no prediction for 1 case (test)" in html


def test_a_changed_split_is_refused(build: Build, tmp_path: Path) -> None:
    inputs = build(cases=6)
    inputs.split_tsv.write_text(inputs.split_tsv.read_text().replace("fold-0", "fold-1"))
    with pytest.raises(LeakError, match="was changed after it was frozen"):
        write_report(inputs, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_a_study_without_a_model_is_refused(inputs: TrainedInputs, tmp_path: Path) -> None:
    alone = replace(inputs, models=inputs.models[1:])
    with pytest.raises(EvaluationError, match=r"needs a model with scores beside the baseline"):
        write_report(alone, tmp_path / "report.html")


def test_a_broken_image_is_refused_by_name(build: Build, tmp_path: Path) -> None:
    inputs = build(cases=3)
    image = inputs.cases_tsv.parent / "images/shape_002.nii.gz"
    image.write_bytes(image.read_bytes()[:200])
    with pytest.raises(ImageError, match="shape_002"):
        write_report(inputs, tmp_path / "report.html")

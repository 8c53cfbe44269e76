"""The report of a classification as a page."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from classified_study import CLASSES, DEEP

from radflow.errors import EvaluationError
from radflow.report.claim_items import ITEMS
from radflow.report.classification.claim import OF_CLASSIFICATION
from radflow.report.classification.page import write_report
from radflow.report.inputs import ClassifiedInputs
from radflow.report.sections import SECTIONS

Build = Callable[..., ClassifiedInputs]
Parse = Callable[[str], Any]


def _page(inputs: ClassifiedInputs, folder: Path) -> str:
    write_report(inputs, folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_it_has_every_section_and_each_anchor_once(written: str, parse: Parse) -> None:
    page = parse(written)
    sections = [found["id"] for tag, found in page.tags if tag == "section"]
    assert sections == [anchor for anchor, _ in SECTIONS]
    identifiers = Counter(page.values("id"))
    assert [name for name, n in identifiers.items() if n > 1] == []
    assert {value[1:] for value in page.values("href") if value.startswith("#")} <= set(identifiers)


def test_two_runs_give_the_same_bytes_and_nothing_is_loaded(
    classified: ClassifiedInputs, written: str, tmp_path: Path, parse: Parse
) -> None:
    assert _page(classified, tmp_path) == written
    assert not {tag for tag, _ in parse(written).tags} & {"script", "link", "iframe", "object"}
    assert str(classified.cases_tsv.parent.parent) not in written


def test_the_card_says_task_classes_and_headline_numbers(written: str, parse: Parse) -> None:
    text = parse(written).text
    assert "multi-class of 3: one of several classes" in text
    assert "Accuracy, cnn, test part" in text
    assert re.search(r"AUC [01]\.\d{3} \(0\.\d{3}.[01]\.\d{3}\); 95% intervals, n = 9", text)
    assert "evaluated 1 time with cnn" in text


def test_no_word_of_outlines_stands_in_it(written: str, parse: Parse) -> None:
    assert not re.search(r"Dice|HD95|voxels of one|label map of", parse(written).text)


def test_every_picture_is_described(written: str, parse: Parse) -> None:
    pictures = [found for tag, found in parse(written).tags if tag == "svg"]
    assert len(pictures) >= 6 + 2 + 4 + 2 + 2 + 3
    assert all(found.get("aria-label") or found.get("aria-hidden") for found in pictures)
    labels = [found.get("aria-label") or "" for found in pictures]
    assert any(label.startswith("Confusion matrix of cnn, test part: cyst") for label in labels)
    assert any(re.match(r"Worst.*case p\d{3}: reference \w+, answer \w+", each) for each in labels)


def test_classes_are_counted_by_part(written: str, parse: Parse) -> None:
    text = " ".join(parse(written).text.split())
    assert "Cases of each class in each part" in text
    assert "fold-0 4 (33%) 4 (33%) 4 (33%) 12" in text
    assert "all 10 (33%) 10 (33%) 10 (33%) 30" in text


def test_temperature_balance_and_control_are_told(written: str, parse: Parse) -> None:
    text = " ".join(parse(written).text.split())
    assert "Temperature" in text
    assert "cnn 0 12 400" in text  # model, fold, cases, step of the weights kept
    assert "1.70 0.520 0.410" in text
    assert "sampling" in text
    assert "Control. shuffled was trained on shuffled labels" in text
    assert "shuffled (control)" in text


def test_without_a_test_part_the_page_says_so_and_claims_no_lock(
    by_column: ClassifiedInputs, tmp_path: Path, parse: Parse
) -> None:
    text = " ".join(parse(_page(by_column, tmp_path)).text.split())
    assert "There is no locked test part." in text
    assert "none: every subject takes part in the cross-validation" in text
    chose = "the best epoch, the temperature and the operating points"
    assert f"the tuning cases of each fold also chose {chose}" in text
    assert "The parts are those of the column 'fold'" in text
    assert "None: there is no test part." in text
    assert "test part is locked" not in text
    assert "keyed hash" not in text
    assert "no test part to combine them on" in text


def test_look_alikes_across_parts_fail_with_their_number(
    by_column: ClassifiedInputs, tmp_path: Path, parse: Parse
) -> None:
    html = _page(by_column, tmp_path)
    text = parse(html).text
    assert "FAILED: 4 pairs of images look alike and lie in two parts: p000 = p003" in text
    assert "so their scores are too good" in text
    assert re.search(r'class="failed">[^<]*FAILED: 4 pairs', html)
    assert "4 pairs of images that look alike lie in different parts" in text


def test_a_locked_test_part_is_locked(build: Build, tmp_path: Path, parse: Parse) -> None:
    text = parse(_page(build(opened=False), tmp_path)).text
    assert "The test part is locked." in text
    assert "locked: not evaluated" in text


def test_several_classes_at_once_have_no_table_of_confusions(
    build: Build, tmp_path: Path, parse: Parse
) -> None:
    page = parse(_page(build(kind="multi-label"), tmp_path))
    assert "there is no single table of confusions" in page.text
    assert not [each for each in page.values("aria-label") if "Confusion matrix" in each]
    assert "Interval includes chance" in page.text


@pytest.mark.parametrize("kind", ["binary", "ordinal"])
def test_other_kinds_have_a_report_too(
    kind: str, build: Build, tmp_path: Path, parse: Parse
) -> None:
    text = parse(_page(build(kind=kind, cases=18), tmp_path)).text
    assert f"{kind} of" in text
    assert ("with quadratic weights" in text) == (kind == "ordinal")


def test_volumes_are_shown_in_three_planes_with_letters(
    build: Build, tmp_path: Path, parse: Parse
) -> None:
    page = parse(_page(build(shape=DEEP, cases=18), tmp_path))
    labels = [each for each in page.values("aria-label") if each.startswith(("Axial", "Sagittal"))]
    assert len(labels) >= 6
    assert "Right of the patient is at the left (R)" in page.text


def test_markup_in_names_is_shown_as_text(build: Build, tmp_path: Path, parse: Parse) -> None:
    evil = '<script>alert("1")</script>'
    page = parse(_page(replace(build(cases=18), title=evil, question=evil), tmp_path))
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count(evil) >= 2


def test_a_study_without_a_model_is_refused(classified: ClassifiedInputs, tmp_path: Path) -> None:
    alone = replace(classified, models=classified.models[-1:])
    with pytest.raises(EvaluationError, match="needs a model with scores beside the baseline"):
        write_report(alone, tmp_path / "report.html")


def test_items_of_claim_point_to_sections_and_speak_of_classes() -> None:
    anchors = {anchor for anchor, _ in SECTIONS}
    texts = {item.number: item.text for item in ITEMS}
    for number, item in OF_CLASSIFICATION.items():
        assert item.anchor in anchors
        assert item.text == texts[number]
        assert "Dice" not in item.note


def test_classes_stand_in_the_order_of_the_study(written: str, parse: Parse) -> None:
    text = parse(written).text
    assert text.index("Classes") < text.index(", ".join(CLASSES))

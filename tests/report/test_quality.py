"""Repaired and refused cases with their pictures, and what was looked at to protect patients."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from radflow.config.dataset import DatasetCard
from radflow.report.inputs import TrainedInputs
from radflow.report.leakage import leakage_rows, near_duplicates
from radflow.report.load import Finding, TrainedStudy
from radflow.report.privacy import identity_checks, identity_findings, shows_heads
from radflow.report.quality import THUMBNAILS, has_pictures, quality_tables, thumbnail
from radflow.report.segmentation.page import write_report
from radflow.report.segmentation.scores import read_study

PNG = b"\x89PNG\r\n\x1a\n and more"

Build = Callable[..., TrainedInputs]


@pytest.fixture
def data(inputs: TrainedInputs) -> TrainedStudy:
    return read_study(inputs)


def identity(case: str, level: str = "NOTE") -> Finding:
    return Finding(case, "header-text", 57, level, f"{case}: a name", "Clear it", "", "")


def test_pictures_stand_beside_repaired_and_refused_cases(
    build: Build, tmp_path: Path, parse: Callable[[str], Any]
) -> None:
    inputs = build(cases=6)
    folder = inputs.cases_tsv.parent / THUMBNAILS
    folder.mkdir()
    for case in ("shape_900", "shape_003", "shape_001"):
        (folder / f"{case}.png").write_bytes(PNG)
    write_report(inputs, tmp_path / "report.html")
    page = parse((tmp_path / "report.html").read_text(encoding="utf-8"))
    shown = [found for tag, found in page.tags if tag == "img"]
    assert [found["alt"] for found in shown] == ["shape_900", "shape_003"]
    assert {found["src"] for found in shown} == {f"data:image/png;base64,{b64encode(PNG).decode()}"}
    assert "Pictures show the planes through the middle" in page.text


def test_without_pictures_none_are_announced(data: TrainedStudy, page: Any) -> None:
    assert not has_pictures(quality_tables(data))
    assert "Pictures show" not in page.text


def test_a_case_with_two_findings_is_shown_once(data: TrainedStudy, tmp_path: Path) -> None:
    (tmp_path / THUMBNAILS).mkdir()
    (tmp_path / THUMBNAILS / "a.png").write_bytes(PNG)
    one = Finding("a", "suffix", 10, "FIX", "a: renamed", "Kept", "", "")
    inputs = replace(data.inputs, cases_tsv=tmp_path / "cases.tsv")
    made = replace(data, inputs=inputs, findings=(one, replace(one, rule="units")))
    _, repairs = quality_tables(made)
    assert [bool(row[2].picture) for row in repairs.rows] == [True, False]


@pytest.mark.parametrize("case", ["../secret", "/etc/a", "a/b", "..", "", "nothing", "a\0b"])
def test_no_file_outside_the_folder_is_shown(tmp_path: Path, case: str) -> None:
    folder = tmp_path / THUMBNAILS
    (folder / "a").mkdir(parents=True)
    for path in (tmp_path / "secret.png", folder / "a/b.png"):
        path.write_bytes(PNG)
    assert thumbnail(folder, case) == ""


def test_what_is_no_picture_or_too_large_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(b"<svg onload=alert(1)>")
    (tmp_path / "large.png").write_bytes(PNG + bytes(300_000))
    (tmp_path / "small.png").write_bytes(PNG)
    assert thumbnail(tmp_path, "page") == ""
    assert thumbnail(tmp_path, "large") == ""
    assert thumbnail(tmp_path, "small") != ""


def test_remedies_stand_under_findings(data: TrainedStudy) -> None:
    _, quarantined, _ = quality_tables(data)
    assert [row[2].notes for row in quarantined.rows] == [("download again",), ("resample",)]


def test_what_was_searched_for_identity_follows_the_layout(data: TrainedStudy, page: Any) -> None:
    assert identity_checks(data)[0] == "free text in NIfTI headers and their extensions"
    assert "Searched at intake: free text in NIfTI headers" in page.text
    assert "Nothing was found that names a patient." in page.text
    assert "radflow does not de-identify" in page.text
    dicom = data.inputs.card.model_copy(update={"layout": "dicom"})
    checks = identity_checks(replace(data, inputs=replace(data.inputs, card=dicom)))
    assert any("burned" in check for check in checks)


def test_every_layout_of_patients_says_what_was_searched(data: TrainedStudy) -> None:
    layouts = set(DatasetCard.model_json_schema()["properties"]["layout"]["enum"])
    for layout in layouts - {"phantom"}:
        card = data.inputs.card.model_copy(update={"layout": layout})
        assert identity_checks(replace(data, inputs=replace(data.inputs, card=card))), layout


def test_what_the_search_for_identity_found_is_counted(data: TrainedStudy) -> None:
    assert identity_findings(data) is None
    found = (identity("a"), identity("b"), identity("c", "QUAR"))
    table = identity_findings(replace(data, findings=(*data.findings, *found)))
    assert table is not None
    assert [[cell.text for cell in row[:3]] for row in table.rows] == [
        ["quarantined", "header-text", "1"],
        ["noted", "header-text", "2"],
    ]


def test_faces_can_be_computed_from_volumes_of_patients(
    data: TrainedStudy, simulated: TrainedInputs, page: Any
) -> None:
    assert shows_heads(data)
    assert "unless they were defaced" in page.text
    assert not shows_heads(read_study(simulated))
    flat = tuple(replace(case, shape=(9, 9, 1)) for case in data.cases)
    assert not shows_heads(replace(data, cases=flat))


def test_nobody_is_named_where_subjects_are_simulated(
    simulated: TrainedInputs, tmp_path: Path
) -> None:
    write_report(simulated, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Nobody's: subjects are simulated." in text
    assert "de-identify:" not in text


def test_near_duplicates_are_listed_with_their_part(data: TrainedStudy) -> None:
    assert near_duplicates(data) is None
    record = data.split_record | {"near_duplicates": [{"cases": ["shape_000", "shape_003"]}]}
    table = near_duplicates(replace(data, split_record=record))
    assert table is not None
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["fold-0", "shape_000 = shape_003"]
    ]


def duplicates_row(data: TrainedStudy) -> Any:
    return next(row for row in leakage_rows(data, chosen="") if row.code == "L1.4")


def test_no_near_duplicate_passes(data: TrainedStudy) -> None:
    row = duplicates_row(data)
    assert "by what the images look like" in row.how
    assert row.result.endswith("no near-duplicate")
    assert row.status == "passed"


def test_near_duplicates_in_two_parts_fail(data: TrainedStudy) -> None:
    record = data.split_record | {"near_duplicates": [{"cases": ["shape_000", "shape_001"]}]}
    row = duplicates_row(replace(data, split_record=record))
    assert row.status == "failed"
    assert "look alike and lie in two parts: shape_000 = shape_001" in row.result

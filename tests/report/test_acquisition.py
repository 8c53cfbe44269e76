"""How images were made, and who was examined: what the records say, and what they do not."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from radflow.config.dataset import DatasetCard
from radflow.datasets.cases import Case, Lesion
from radflow.report.acquisition import acquisition_table
from radflow.report.cohort import cohort_table
from radflow.report.groups import counted, summarised
from radflow.report.inputs import ReportInputs, TrainedInputs
from radflow.report.limits import limitations
from radflow.report.load import DescribedStudy, read_described
from radflow.report.segmentation.scores import read_study
from radflow.report.tables import Table

Change = Callable[[int, Case], dict[str, Any]]


@pytest.fixture
def data(inputs: TrainedInputs) -> DescribedStudy:
    described = {each.name: getattr(inputs, each.name) for each in fields(ReportInputs)}
    return read_described(ReportInputs(**described))


def changed(data: DescribedStudy, change: Change, **card: Any) -> DescribedStudy:
    cases = tuple(replace(case, **change(n, case)) for n, case in enumerate(data.cases))
    inputs = replace(data.inputs, card=data.inputs.card.model_copy(update=card))
    return replace(data, cases=cases, inputs=inputs)


def cells(table: Table) -> dict[str, list[str]]:
    return {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}


def test_scanners_are_counted_and_settings_have_median_and_range(data: DescribedStudy) -> None:
    repetition = [2000 + 10 * n**2 for n in range(12)]
    made = changed(
        data,
        lambda n, _: {
            "acquisition": {
                "manufacturer": "Siemens" if n < 7 else "GE",
                "field_strength_t": "3" if n < 6 else "1.5",
                "tr_ms": str(repetition[n]),
                "coil": "head",
            }
        },
    )
    rows = cells(acquisition_table(made))
    assert rows["manufacturer"] == ["Siemens: 7, GE: 5"]
    assert rows["field strength (T)"] == ["1.5: 6, 3: 6"]
    low, high = repetition[0], repetition[-1]
    middle = f"{np.median(repetition):.4g}"
    assert rows["repetition time TR (ms)"] == [f"{middle} ({low}\N{EN DASH}{high})"]
    assert rows["coil"] == ["head"]
    assert list(rows)[-1] == "coil"


def test_what_no_file_states_is_named(data: DescribedStudy) -> None:
    note = acquisition_table(data).note
    assert "Not stated in the files: manufacturer, scanner model, field strength (T)" in note
    stated = changed(data, lambda n, _: {"acquisition": {"manufacturer": "GE"} if n else {}})
    assert "files: scanner model" in acquisition_table(stated).note
    assert cells(acquisition_table(stated))["manufacturer"] == ["GE: 11; not stated: 1"]


def test_a_tube_voltage_is_not_looked_for_in_mr(data: DescribedStudy) -> None:
    assert "tube voltage" not in acquisition_table(data).note
    assert "tube voltage" in acquisition_table(changed(data, lambda *_: {}, modality="CT")).note


def test_of_several_channels_the_first_is_told(data: DescribedStudy) -> None:
    several = changed(data, lambda *_: {}, channels=("T1", "FLAIR"))
    assert "of the first channel, T1," in acquisition_table(several).note


def test_volumes_have_axes_and_voxels(data: DescribedStudy) -> None:
    rows = cells(acquisition_table(data))
    assert rows["image size posterior-anterior (voxels)"] == ["50"]
    assert rows["voxel size (mm)"] == ["1 \N{MULTIPLICATION SIGN} 1 \N{MULTIPLICATION SIGN} 1"]


def test_many_voxel_sizes_are_told_by_their_edges(data: DescribedStudy) -> None:
    made = changed(data, lambda n, _: {"spacing_mm": (0.5 + n / 10, 1.0, 6.5)})
    assert cells(acquisition_table(made))["voxel size (mm)"] == [
        "12 different, edges 0.5\N{EN DASH}6.5"
    ]


def pictures(**changes: Any) -> DatasetCard:
    record: dict[str, Any] = {
        "title": "Slices",
        "licence": "CC0-1.0",
        "citation": "none",
        "layout": "images",
        "channels": ["picture"],
        "modality": "other",
        "classes": {},
        "targets": ["glioma", "other"],
        "images": {"folders": {"a": "glioma", "b": "other"}},
        "sources": [{"path": "/data/slices"}],
    }
    return DatasetCard.model_validate(record | changes)


def flat(data: DescribedStudy, card: DatasetCard, spacing: float = 1.0) -> DescribedStudy:
    made = changed(data, lambda *_: {"shape": (512, 256, 1), "spacing_mm": (spacing, spacing, 1.0)})
    return replace(made, inputs=replace(data.inputs, card=card))


def test_pictures_have_pixels_whose_size_may_be_unknown(data: DescribedStudy) -> None:
    rows = cells(acquisition_table(flat(data, pictures())))
    assert rows["image size (pixels)"] == ["512 \N{MULTIPLICATION SIGN} 256"]
    assert rows["pixel size (mm)"] == ["unknown"]
    assert not [name for name in rows if "voxel" in name]
    known = flat(data, pictures(pixel_mm=0.49), 0.49)
    assert cells(acquisition_table(known))["pixel size (mm)"] == [
        "0.49 \N{MULTIPLICATION SIGN} 0.49"
    ]


def test_labels_of_pictures_have_an_area(data: DescribedStudy) -> None:
    classes = {0: "background", 1: "anterior", 2: "posterior"}
    unknown = flat(data, pictures(classes=classes))
    voxels = [case.label_voxels[1] for case in data.cases]
    assert cells(cohort_table(unknown))["anterior area (pixels)"][0].endswith(
        f"{min(voxels)}\N{EN DASH}{max(voxels)}"
    )
    known = cells(cohort_table(flat(data, pictures(classes=classes, pixel_mm=0.5), 0.5)))
    assert known["anterior area (cm\N{SUPERSCRIPT TWO})"][0].endswith(
        f"{min(voxels) * 0.25 / 100:.2f}\N{EN DASH}{max(voxels) * 0.25 / 100:.2f}"
    )


def test_covariates_classes_and_lesions_are_summarised(data: DescribedStudy) -> None:
    lesion = Lesion("point", (1.0, 2.0, 3.0), (0.0, 0.0, 0.0), "focus")
    made = changed(
        data,
        lambda n, _: {
            "covariates": {"age": str(40 + n), "sex": "F" if n % 3 else "M"} if n else {"sex": "F"},
            "target": "tumour" if n < 3 else "control",
            "lesions": (lesion,) * n if n < 3 else (),
            "session": str(n % 2),
            "subject": f"s{n // 2}",
        },
        targets=("control", "tumour"),
    )
    rows = cells(cohort_table(made))
    assert rows["subjects"] == ["6"]
    assert rows["time points of a subject, at most"] == ["2"]
    ages = np.arange(41, 52)
    spread = f"{ages.mean():.1f} ({ages.std(ddof=1):.1f})"
    assert rows["age"] == [f"{spread}, 41\N{EN DASH}51; not stated: 1"]
    assert rows["sex"] == ["F: 9, M: 3"]
    assert rows["class control"] == ["9 (75%)"]
    assert rows["cases with marked lesions"] == ["2 (17%)"]
    assert rows["lesions, focus"] == ["3"]
    assert cohort_table(made).note == ""


def test_parts_stand_beside_each_other_with_their_difference(inputs: TrainedInputs) -> None:
    study = read_study(inputs)
    cases = tuple(replace(case, covariates={"age": str(50)}) for case in study.cases)
    table = cohort_table(replace(study, cases=cases))
    assert table.head == ("", "Development", "Test", "Standardised difference")
    assert cells(table)["age"] == ["50", "50", "0.00"]
    assert len(acquisition_table(study).head) == 4


def test_few_whole_numbers_are_kinds_and_are_counted(data: DescribedStudy) -> None:
    made = changed(
        data,
        lambda n, _: {"covariates": {"fold": str(1 + n % 3), "dose": str(0.5 * (1 + n % 2))}},
    )
    rows = cells(cohort_table(made))
    assert rows["fold"] == ["1: 4, 2: 4, 3: 4"]
    assert rows["dose"] == ["0.75 (0.26), 0.50\N{EN DASH}1.00"]


def test_thousands_are_written_out(data: DescribedStudy) -> None:
    names = {case.case: str(1000 * n) for n, case in enumerate(data.cases)}
    text = summarised(data.cases, lambda case: names[case.case], unstated="")
    assert text == "5500 (0\N{EN DASH}11,000)"


def test_what_is_recorded_is_no_limitation(data: DescribedStudy) -> None:
    made = changed(
        data,
        lambda *_: {"covariates": {"Age": "50", "site": "A"}, "acquisition": {"model": "Skyra"}},
    )
    text = " ".join(limitations(made))
    assert "Not among the records: sex." in text
    assert "single centre" not in text
    nothing = " ".join(limitations(data))
    assert "Not among the records: centre, scanner, age and sex" in nothing


def test_values_that_are_many_or_missing_are_told(data: DescribedStudy) -> None:
    cases = data.cases
    names = {case.case: str(n) for n, case in enumerate(cases)}
    assert counted(cases, lambda case: f"v{names[case.case]}", unstated="none") == "12 different"
    assert counted(cases, lambda _: "", unstated="none") == "none"
    assert summarised(cases, lambda _: "", unstated="none") == "none"
    assert summarised(cases, lambda _: "nan", unstated="none") == "nan"
    some = summarised(cases, lambda c: "" if names[c.case] == "0" else names[c.case], unstated="")
    assert some == "6 (1\N{EN DASH}11); not stated: 1"

"""Bring what the sections of a study with models show together, beside those of its data."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from radflow.datasets.cases import Case
from radflow.report import methods, results
from radflow.report.cohort import counts_table
from radflow.report.draw import part_title
from radflow.report.figures import (
    Panel,
    agreement_panels,
    curve_panels,
    dice_panels,
    inline_panels,
)
from radflow.report.inputs import BASELINE, TEST
from radflow.report.leakage import leakage_rows, near_duplicates
from radflow.report.load import ModelData, TrainedStudy
from radflow.report.numbers import count, number, short
from radflow.report.planes import GREY_PERCENTILES, MARGIN_MM, draw_planes, read_case
from radflow.report.selection import KINDS, RULE, Shown, rank, worst_median_best
from radflow.report.tables import Table, table


@dataclass(frozen=True)
class CaseFigure:
    """A case to show: title, scores in words, its three planes, and the width of the first two."""

    title: str
    case: str
    scores: str
    planes: tuple[Markup, ...]
    row_mm: float


def trained_context(data: TrainedStudy) -> dict[str, Any]:
    """Build what the template names beside `context_of`'s part for every study."""
    return {
        "test_open": TEST in data.parts,
        "headline": results.headline(data),
        "headline_part": part_title(data.headline_part),
        "counts": counts_table(data),
        "leakage": leakage_rows(data),
        "near_duplicates": near_duplicates(data),
        "ledger": _ledger(data),
        **_of_the_training(data),
        **_of_the_results(data),
    }


def trained_card(data: TrainedStudy) -> Iterator[tuple[str, str]]:
    """Yield the lines of the card of a study with models: label, text."""
    inputs, record = data.inputs, data.split_record
    folds = int(record["folds"])
    development = sum(record["cases"].get(f"fold-{fold}", 0) for fold in range(folds))
    trained = ", ".join(map(str, data.trained_folds))
    times = sum(row["model"] == data.primary.name for row in data.accesses)
    yield "Task", f"{data.primary.folds[0].record['task']}, {inputs.card.modality}"
    yield "Classes", ", ".join(data.classes)
    yield "Channels", ", ".join(inputs.card.channels)
    yield "Dataset", inputs.card.title
    yield (
        "Cases",
        f"{development} development ({count(folds, 'fold')}; trained: {trained}), "
        f"{record['cases'].get(TEST, 0)} test",
    )
    yield "Models", ", ".join(model.name for model in data.models)
    if TEST in data.parts:
        yield "Test part", f"evaluated {count(times, 'time')} with {data.primary.name}"
    else:
        yield "Test part", "locked: not evaluated"


def _of_the_training(data: TrainedStudy) -> dict[str, Any]:
    folds = (results.fold_table(data, model) for model in data.models)
    return {
        "plan": methods.plan_table(data),
        "networks": tuple(methods.architecture_table(model) for model in data.models),
        "trainings": tuple(_trainings(data)),
        "folds": tuple(found for found in folds if found),
        "curves": _figures(curve_panels(data)),
    }


def _of_the_results(data: TrainedStudy) -> dict[str, Any]:
    return {
        "definitions": methods.definitions(data),
        "empties_rule": methods.empties_rule_table(),
        "uncertainty": methods.uncertainty(data),
        "results": tuple((name, results.results_table(data, name)) for name in data.parts),
        "dice": _figures(dice_panels(data)),
        "agreement": _figures(agreement_panels(data)),
        "agreement_table": results.agreement_table(data),
        "empties": results.empties_table(data),
        "rule": RULE,
        "kinds": KINDS,
        "shown": tuple(_shown(data)),
        "margin_mm": MARGIN_MM,
        "percentiles": [f"{percentile:g}" for percentile in GREY_PERCENTILES],
        "failures": tuple(
            results.failure_table(model, name)
            for model in _real_models(data)
            for name in data.parts
        ),
    }


def _ledger(data: TrainedStudy) -> Table | None:
    if not data.accesses:
        return None
    return table(
        f"Ledger: {count(len(data.accesses), 'access', 'accesses')}",
        ("Access", "Model", "Folds", "Weights", "Split", "Settings"),
        [
            (
                int(row["access"]),
                str(row["model"]),
                str(row["folds"]),
                *(short(str(row[f"{key}_sha256"])) for key in ("weights", "split", "settings")),
            )
            for row in data.accesses
        ],
        numeric=(0,),
        note="Weights, split and settings by the first digits of their SHA-256. An identical "
        "evaluation is the same access.",
    )


def _real_models(data: TrainedStudy) -> tuple[ModelData, ...]:
    return tuple(model for model in data.models if model.name != BASELINE and model.scores)


def _trainings(data: TrainedStudy) -> Iterator[Table]:
    for model in data.models:
        yield methods.training_table(model)
        augmentation = methods.augmentation_table(model)
        if augmentation is not None:
            yield augmentation


def _figures(panels: tuple[Panel, ...]) -> tuple[Markup, ...]:
    # The text of figures is escaped by matplotlib's writer and by `inline`.
    return tuple(Markup(svg) for svg in inline_panels(panels))  # noqa: S704


def _shown(data: TrainedStudy) -> Iterator[tuple[str, tuple[CaseFigure, ...]]]:
    cases = {case.case: case for case in data.cases}
    for model in _real_models(data):
        part = TEST if TEST in model.scores else next(iter(model.scores))
        chosen = worst_median_best(rank(model.scores[part]))
        yield (
            f"{model.name}, {part_title(part)}",
            tuple(_case_figure(model, part, shown, cases[shown.ranked.case]) for shown in chosen),
        )


def _case_figure(model: ModelData, part: str, shown: Shown, case: Case) -> CaseFigure:
    scores = ", ".join(
        f"{score.name} {number(score.dice)}"
        for score in model.scores[part]
        if score.case == case.case
    )
    prediction = model.predictions.get(part, {}).get(case.case)
    summary = f"mean Dice {number(shown.ranked.dice)} ({scores})"
    if case.label is None:
        return CaseFigure(shown.title, case.case, summary, (), 1.0)
    what = "outlines of reference and prediction" if prediction else "outline of the reference"
    pictures = draw_planes(
        read_case(case.images[0], case.label, prediction),
        description=f"{shown.title.capitalize()} case {case.case}, {what}, {summary}.",
    )
    return CaseFigure(
        title=shown.title,
        case=case.case,
        scores=summary,
        # Numbers, and text escaped by `draw_planes`.
        planes=tuple(Markup(picture.svg) for picture in pictures),  # noqa: S704
        row_mm=sum(picture.width_mm for picture in pictures[:2]),
    )

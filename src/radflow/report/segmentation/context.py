"""Bring what the sections of a segmentation show together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from radflow.datasets.cases import Case
from radflow.report.figures import inline_panels
from radflow.report.inputs import BASELINE, TEST
from radflow.report.methods import training_table
from radflow.report.names import part_title
from radflow.report.numbers import number
from radflow.report.planes import MARGIN_MM, draw_planes, read_case
from radflow.report.segmentation import methods, results
from radflow.report.segmentation.figures import sheets
from radflow.report.segmentation.scores import SegmentedModel, SegmentedStudy
from radflow.report.segmentation.selection import (
    KINDS,
    RULE,
    Shown,
    rank,
    worst_median_best,
)
from radflow.report.slices import GREY_PERCENTILES
from radflow.report.trained import shared_card, shared_context

CHOSEN = (
    "networks read voxels, no feature is selected; the epoch is chosen on the tuning cases of its "
    "fold, no threshold is fitted"
)


@dataclass(frozen=True)
class CaseFigure:
    """A case to show: title, scores in words, its three planes, and the width of the first two."""

    title: str
    case: str
    scores: str
    planes: tuple[Markup, ...]
    row_mm: float


def context(data: SegmentedStudy) -> dict[str, Any]:
    """Build what the templates name."""
    level = f"{data.metrics['confidence']:.0%}"
    n = data.summary(data.primary.name, data.headline_part).get("n_subjects", 0)
    return {
        **shared_context(data, methods.NETWORKS, chosen=CHOSEN),
        "headline_title": f"Mean Dice over classes, {data.primary.name}, "
        f"{part_title(data.headline_part)}",
        "headline": results.headline(data),
        "headline_note": f"{level} interval by bootstrap over subjects, n = {n} subjects",
        **_of_the_training(data),
        **_of_the_results(data),
    }


def card(data: SegmentedStudy) -> Iterator[tuple[str, str]]:
    """Yield the lines of the card: label, text."""
    yield "Task", f"{data.primary.folds[0].record['task']}, {data.inputs.card.modality}"
    yield "Classes", ", ".join(data.classes)
    yield from shared_card(data)


def _of_the_training(data: SegmentedStudy) -> dict[str, Any]:
    folds = (results.fold_table(data, model) for model in data.models)
    return {
        "trainings": tuple(
            training_table(model, methods.NETWORKS, selection=methods.SELECTION)
            for model in data.models
        ),
        "folds": tuple(found for found in folds if found),
    }


def _of_the_results(data: SegmentedStudy) -> dict[str, Any]:
    drawn = {name: inline_panels(panels) for name, panels in sheets(data).items()}
    return {
        "definitions": methods.definitions(data),
        "empties_rule": methods.empties_rule_table(),
        "uncertainty": methods.uncertainty(data),
        "results": tuple((name, results.results_table(data, name)) for name in data.parts),
        "curves": drawn["curves"],
        "dice": drawn["scores"],
        "agreement": drawn["agreement"],
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


def _real_models(data: SegmentedStudy) -> tuple[SegmentedModel, ...]:
    return tuple(model for model in data.models if model.name != BASELINE and model.scores)


def _shown(data: SegmentedStudy) -> Iterator[tuple[str, tuple[CaseFigure, ...]]]:
    cases = {case.case: case for case in data.cases}
    for model in _real_models(data):
        part = TEST if TEST in model.scores else next(iter(model.scores))
        chosen = worst_median_best(rank(model.scores[part]))
        yield (
            f"{model.name}, {part_title(part)}",
            tuple(_case_figure(model, part, shown, cases[shown.ranked.case]) for shown in chosen),
        )


def _case_figure(model: SegmentedModel, part: str, shown: Shown, case: Case) -> CaseFigure:
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

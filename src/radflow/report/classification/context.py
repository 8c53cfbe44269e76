"""Bring what the sections of a classification show together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from radflow.datasets.cases import Case
from radflow.report.classification import methods, results
from radflow.report.classification.answers import Answer, ClassifiedStudy
from radflow.report.classification.cohort import class_counts
from radflow.report.classification.controls import controls_table, verdicts
from radflow.report.classification.figures import all_panels
from radflow.report.classification.pictures import Directions, draw_whole
from radflow.report.classification.selection import RULE, Shown, chosen
from radflow.report.figures import inline_panels
from radflow.report.grid import is_flat, knows_pixels
from radflow.report.methods import training_table
from radflow.report.names import part_title
from radflow.report.numbers import number
from radflow.report.slices import GREY_PERCENTILES
from radflow.report.tables import Table
from radflow.report.trained import shared_card, shared_context

CHOSEN = (
    "networks read voxels and other models compute fixed features, none is selected; the epoch is "
    "chosen, and temperature and operating points are fitted, on the tuning cases of their fold"
)
_PICTURES = ("images", "table")


@dataclass(frozen=True)
class CaseFigure:
    """A case to show: title, reference, answer, probabilities, pictures and their width in mm."""

    title: str
    case: str
    reference: str
    answer: str
    right: bool
    probabilities: tuple[tuple[str, str], ...]
    planes: tuple[Markup, ...]
    row_mm: float


def context(data: ClassifiedStudy) -> dict[str, Any]:
    """Build what the templates name."""
    level = f"{data.metrics['confidence']:.0%}"
    n = data.summary(data.primary.name, data.headline_part).get("n_subjects", 0)
    return {
        **shared_context(
            data,
            methods.NETWORKS,
            chosen=CHOSEN,
            lines=tuple(methods.view_lines(data.inputs.view)),
        ),
        "headline_title": f"Accuracy, {data.primary.name}, {part_title(data.headline_part)}",
        "headline": results.headline(data, "accuracy"),
        "headline_note": f"AUC {results.headline(data, 'auc')}; {level} intervals, n = {n} "
        "subjects",
        "class_counts": class_counts(data),
        **_of_the_training(data),
        **_of_the_results(data),
        **_of_the_cases(data),
    }


def card(data: ClassifiedStudy) -> Iterator[tuple[str, str]]:
    """Yield the lines of the card: label, text."""
    modality = data.inputs.card.modality
    shown = "" if modality == "other" else f", {modality}"
    yield "Task", f"classification{shown}; {methods.kind_in_words(data.inputs.target)}"
    yield "Classes", ", ".join(data.target.classes)
    yield from shared_card(data)


def _of_the_training(data: ClassifiedStudy) -> dict[str, Any]:
    return {
        "trainings": tuple(
            training_table(model, methods.NETWORKS, selection=methods.SELECTION)
            for model in data.models
        ),
        "folds": (results.fold_table(data),),
        "control_names": tuple(model.name for model in data.controls),
    }


def _of_the_results(data: ClassifiedStudy) -> dict[str, Any]:
    drawn = {name: inline_panels(panels) for name, panels in all_panels(data).items()}
    return {
        "definitions": tuple(methods.definitions(data)),
        "how_computed": methods.how_computed(data),
        "uncertainty": methods.uncertainty(data),
        "results": tuple((part, tuple(_tables(data, part))) for part in data.parts),
        "points": results.points_table(data, data.headline_part),
        "controls": controls_table(data),
        "verdicts": verdicts(data),
        "drawn": drawn,
        "several": data.target.several,
    }


def _tables(data: ClassifiedStudy, part: str) -> Iterator[Table]:
    yield results.overall_table(data, part)
    if differences := results.differences_table(data, part, of_classes=False):
        yield differences
    yield results.classes_table(data, part)
    if differences := results.differences_table(data, part, of_classes=True):
        yield differences
    yield results.calibration_table(data, part)


def _of_the_cases(data: ClassifiedStudy) -> dict[str, Any]:
    part = data.headline_part
    cases = {case.case: case for case in data.cases}
    shown = chosen(data.primary.scores[part])
    flat = is_flat(data)
    return {
        "rule": RULE,
        "shown_title": f"{data.primary.name}, {part_title(part)}",
        "shown": tuple(_case_figure(data, each, cases[each.answer.case]) for each in shown),
        "flat": flat,
        "lettered": _directions(data).known,
        "outlined": _outlined(data),
        "percentiles": [f"{percentile:g}" for percentile in GREY_PERCENTILES],
    }


def _case_figure(data: ClassifiedStudy, shown: Shown, case: Case) -> CaseFigure:
    answer = shown.answer
    reference = ", ".join(answer.reference) or "none of the classes"
    answered = _answered(answer)
    pictures = draw_whole(
        case,
        outlined=bool(_outlined(data)),
        directions=_directions(data),
        description=f"{shown.title.capitalize()}, case {case.case}: reference {reference}, answer "
        f"{answered}.",
    )
    return CaseFigure(
        title=shown.title,
        case=case.case,
        reference=reference,
        answer=answered,
        right=answer.right,
        probabilities=tuple((name, number(p)) for name, p in answer.probabilities.items()),
        # Numbers, and text escaped by `draw_whole`.
        planes=tuple(Markup(picture.svg) for picture in pictures),  # noqa: S704
        row_mm=sum(picture.width_mm for picture in pictures[:2]),
    )


def _answered(answer: Answer) -> str:
    if not answer.probabilities:
        return "none was given"
    return ", ".join(answer.answered) or "none of the classes"


def _directions(data: ClassifiedStudy) -> Directions:
    """Tell what is known: no picture says where its axes point, nor how large its pixels are."""
    pictures = data.inputs.card.layout in _PICTURES and is_flat(data)
    return Directions(known=not pictures, scale=knows_pixels(data))


def _outlined(data: ClassifiedStudy) -> str:
    """Name the structure that label maps outline; empty where they hold none, or several."""
    return data.classes[0] if len(data.classes) == 1 else ""

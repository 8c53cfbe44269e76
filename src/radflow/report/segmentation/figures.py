"""The figures of a segmentation: training curves, every case's Dice, agreement of volumes."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from radflow.report.figures import Panel, curve_panels, write_sheets
from radflow.report.inputs import BASELINE, TrainedInputs
from radflow.report.names import part_title
from radflow.report.numbers import count
from radflow.report.segmentation.draw import TUNING_DICE, draw_agreement, draw_dice
from radflow.report.segmentation.scores import SegmentedStudy, read_study


def write_figures(inputs: TrainedInputs, folder: Path) -> None:
    """Write the figures as files: ``curves.svg``, ``scores.svg``, ``agreement.svg``.

    Raises
    ------
    EvaluationError
        As `radflow.report.segmentation.page.write_report`.
    """
    write_sheets(sheets(read_study(inputs)), folder)


def sheets(data: SegmentedStudy) -> Mapping[str, tuple[Panel, ...]]:
    """Give the pictures of each figure by its name."""
    return {
        "curves": curve_panels(data, TUNING_DICE),
        "scores": dice_panels(data),
        "agreement": agreement_panels(data),
    }


def dice_panels(data: SegmentedStudy) -> tuple[Panel, ...]:
    """Dice of every case, by class, models beside the baseline; a panel for each part."""
    return tuple(
        Panel(
            f"dice-{part}",
            f"Dice of every case by class, {part_title(part)}: "
            f"{', '.join(model.name for model in data.models)} side by side; "
            f"{count(data.summary(data.primary.name, part).get('n_cases', 0), 'case')}. "
            "The results table holds the numbers.",
            lambda axes, part=part: draw_dice(axes, data, part),
        )
        for part in data.parts
    )


def agreement_panels(data: SegmentedStudy) -> tuple[Panel, ...]:
    """Bland-Altman plots of volume, for every model but the baseline, part and class."""
    return tuple(_agreement(data))


def _agreement(data: SegmentedStudy) -> Iterator[Panel]:
    for model in data.models:
        for place, (part, name) in enumerate(
            (part, name) for part in data.parts for name in data.classes
        ):
            if model.name == BASELINE or part not in model.scores:
                continue
            yield Panel(
                f"agreement-{model.name}-{place}",
                f"Bland-Altman plot of the volume of {name}, {model.name}, {part_title(part)}: "
                "difference against mean, every case a dot, with bias and limits of agreement.",
                lambda axes, model=model, part=part, name=name: draw_agreement(
                    axes, data, model, part=part, name=name
                ),
            )

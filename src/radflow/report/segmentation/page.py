"""The report of a segmentation."""

from collections.abc import Iterator
from pathlib import Path

from radflow.report.inputs import BASELINE, TrainedInputs
from radflow.report.limits import outline_limitations, trained_limitations
from radflow.report.numbers import count
from radflow.report.optional import OF_EVERY_FAMILY
from radflow.report.sections import SECTIONS, Kind
from radflow.report.segmentation.context import card, context
from radflow.report.segmentation.scores import SegmentedStudy, read_study
from radflow.report.write import write_page


def write_report(inputs: TrainedInputs, output: Path) -> None:
    """Write the report of a segmentation; see `radflow.report.write.write_page`.

    Raises
    ------
    EvaluationError
        When there is no model but the baseline, or a label map does not lie on its image's grid.
    ImageError
        When an image or label map of a case to show can't be read.
    LeakError
        When the split is not the one that was frozen.
    """
    write_page(read_study(inputs), KIND, output)


def limitations(data: SegmentedStudy) -> Iterator[str]:
    """Yield what limits the results, each sentence filled from a record."""
    yield from trained_limitations(data)
    yield from outline_limitations(data)
    for model in data.models:
        for part, scores in model.scores.items():
            missing = len({score.case for score in scores if score.empty == "missing"})
            if missing and model.name != BASELINE:
                yield (
                    f"{model.name} gave no prediction for {count(missing, 'case')} ({part}); they "
                    "count with the worst values."
                )


KIND = Kind(
    folder="segmentation",
    sections=SECTIONS,
    card=card,
    context=context,
    limitations=limitations,
    optional=OF_EVERY_FAMILY,
)

"""The report of a classification."""

from pathlib import Path
from typing import Any

from radflow.report.classification.answers import ClassifiedStudy, read_study
from radflow.report.classification.claim import OF_CLASSIFICATION
from radflow.report.classification.context import card, context
from radflow.report.classification.limits import limitations
from radflow.report.curve import CURVE
from radflow.report.explanation import explanation_context
from radflow.report.inputs import ClassifiedInputs
from radflow.report.load import AnyTrained
from radflow.report.optional import OF_EVERY_FAMILY
from radflow.report.sections import SECTIONS, Kind, OptionalSection
from radflow.report.write import write_page


def _explanation(data: AnyTrained) -> dict[str, Any] | None:
    file = data.inputs.extras.get("explain")
    if file is None or not isinstance(data, ClassifiedStudy):
        return None
    models = [model.name for model in data.models]
    return explanation_context(file.parents[1], models=models, classes=data.inputs.target.classes)


OPTIONAL = (
    *OF_EVERY_FAMILY,
    CURVE,
    OptionalSection("explanation", "Why the networks said so", after="cases", context=_explanation),
)
"""Sections that only a classification may have stand here, beside those of every family."""


def write_report(inputs: ClassifiedInputs, output: Path) -> None:
    """Write the report of a classification; see `radflow.report.write.write_page`.

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


KIND = Kind(
    folder="classification",
    sections=SECTIONS,
    card=card,
    context=context,
    limitations=limitations,
    claim=OF_CLASSIFICATION,
    optional=OPTIONAL,
)

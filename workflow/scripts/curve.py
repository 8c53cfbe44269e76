"""Gather the points of a learning curve, and say which model learns more from few cases."""

from pathlib import Path

from radflow.config.transfer import CurveRules
from radflow.evaluation.classification.curve import write_curve
from radflow.steps import step

with step(snakemake.log[0]):
    write_curve(
        [Path(point) for point in snakemake.input.points],
        Path(snakemake.output.curve),
        rules=CurveRules.model_validate(snakemake.params.rules),
        confidence=snakemake.params.confidence,
    )

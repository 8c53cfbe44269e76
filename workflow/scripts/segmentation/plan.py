"""Derive spacing, patch, batch and depth from the development cases."""

from pathlib import Path

from radflow.config.preprocess import PlanRules
from radflow.datasets.cases import read_cases
from radflow.planning.segmentation import make_plan
from radflow.splits import read_split
from radflow.steps import step

with step(snakemake.log[0]):
    make_plan(
        read_cases(Path(snakemake.input.cases)),
        read_split(Path(snakemake.input.split), Path(snakemake.input.record)),
        modality=snakemake.params.modality,
        channels=snakemake.params.channels,
        rules=PlanRules.model_validate(snakemake.params.rules),
        output=Path(snakemake.output.plan),
    )

"""Derive the grid on which a network sees a case, and the batch, from the development cases."""

from pathlib import Path

from radflow.config.classification import InputRules, TargetRules
from radflow.config.preprocess import PlanRules
from radflow.datasets.cases import read_cases
from radflow.planning.classification import make_plan
from radflow.splits import read_split
from radflow.steps import step
from radflow.targets import Target

with step(snakemake.log[0]):
    target = Target(TargetRules.model_validate(snakemake.params.target))
    make_plan(
        target.select(read_cases(Path(snakemake.input.cases))),
        read_split(Path(snakemake.input.split), Path(snakemake.input.record)),
        modality=snakemake.params.modality,
        channels=snakemake.params.channels,
        rules=PlanRules.model_validate(snakemake.params.rules),
        view=InputRules.model_validate(snakemake.params.view),
        output=Path(snakemake.output.plan),
    )

"""Divide the subjects into a locked test part and folds."""

from pathlib import Path

from radflow.config.split import SplitRules
from radflow.datasets.cases import read_cases
from radflow.splits import write_split
from radflow.steps import step

with step(snakemake.log[0]):
    write_split(
        read_cases(Path(snakemake.input.cases)),
        SplitRules.model_validate(snakemake.params.rules),
        tsv=Path(snakemake.output.split),
        record=Path(snakemake.output.record),
        apart={Path(table).parent.name: read_cases(Path(table)) for table in snakemake.input.apart},
    )

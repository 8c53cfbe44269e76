"""Read and check every case of a dataset, and keep the accepted ones."""

from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.datasets.intake import intake
from radflow.steps import step

with step(snakemake.log[0]):
    archives = [Path(archive) for archive in snakemake.input.archives]
    intake(
        archives,
        DatasetCard.for_intake(snakemake.params.card),
        Path(snakemake.output.cases).parent,
        jobs=snakemake.threads,
    )

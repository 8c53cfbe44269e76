"""Write down the archives of a simulated dataset with their hashes."""

from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.phantom.record import record_simulation
from radflow.steps import step

with step(snakemake.log[0]):
    record_simulation(
        # The part of the card that the rule depends on; it has no other.
        DatasetCard.model_construct(
            licence=snakemake.params.licence, citation=snakemake.params.citation
        ),
        [Path(archive) for archive in snakemake.input.archives],
        name=snakemake.wildcards.dataset,
        record_path=Path(snakemake.output.record),
    )

"""Simulate the subjects of one shard of a cohort, and write their archive."""

from pathlib import Path

from radflow.config.phantom import PhantomRules
from radflow.phantom.shard import write_shard
from radflow.steps import step

with step(snakemake.log[0]):
    write_shard(
        Path(snakemake.output.archive),
        PhantomRules.model_validate(snakemake.params.rules),
        int(snakemake.wildcards.shard),
        channels=snakemake.params.channels,
    )

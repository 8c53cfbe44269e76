"""Train a model on some of a fold's training cases, and hold it against the tuning cases."""

from pathlib import Path

from radflow.steps import step
from radflow.training.job import Inputs, Settings
from radflow.training.point import train_point

with step(snakemake.log[0]):
    given = snakemake.input
    train_point(
        Settings.model_validate(snakemake.params.settings),
        Inputs(
            cases=Path(given.cases),
            split=Path(given.split),
            split_record=Path(given.record),
            plan=Path(given.plan),
            index=Path(given.index),
            shards=tuple(Path(shard) for shard in given.shards),
            start=next((Path(model) for model in given.start), None),
        ),
        Path(snakemake.output.point),
        size=int(snakemake.wildcards.size),
        seed=int(snakemake.wildcards.seed),
        code=snakemake.params.code,
    )

"""Choose where training patches may be centred."""

from pathlib import Path

from radflow.config.preprocess import PatchRules
from radflow.patches.index import build_index, write_index
from radflow.patches.store import ShardSet
from radflow.steps import step

with step(snakemake.log[0]):
    shards = ShardSet(Path(shard) for shard in snakemake.input.shards)
    rules = PatchRules.model_validate(snakemake.params.rules)
    write_index(Path(snakemake.output.index), build_index(shards, rules))

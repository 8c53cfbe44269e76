"""List the views that a classifier sees of each case."""

from pathlib import Path

from radflow.config.classification import InputRules, TargetRules
from radflow.datasets.cases import read_cases
from radflow.patches.index import write_index
from radflow.patches.store import ShardSet
from radflow.patches.views import build_views
from radflow.steps import step
from radflow.targets import Target

with step(snakemake.log[0]):
    shards = ShardSet(Path(shard) for shard in snakemake.input.shards)
    target = Target(TargetRules.model_validate(snakemake.params.target))
    held = set(shards.cases)
    cases = [c for c in target.select(read_cases(Path(snakemake.input.cases))) if c.case in held]
    codes = {case.case: target.code_of(case) for case in cases}
    view = InputRules.model_validate(snakemake.params.view)
    write_index(Path(snakemake.output.index), build_views(shards, cases, codes, view))

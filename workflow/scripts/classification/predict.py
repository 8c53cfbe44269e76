"""Tell the classes of the cases of one part."""

from pathlib import Path

from radflow.config.classification import TargetRules
from radflow.datasets.cases import read_cases
from radflow.inference.classify import classify_part
from radflow.splits import read_split
from radflow.steps import step
from radflow.targets import Target

with step(snakemake.log[0]):
    target = Target(TargetRules.model_validate(snakemake.params.target))
    cases = target.select(read_cases(Path(snakemake.input.cases)))
    split = read_split(Path(snakemake.input.split), Path(snakemake.input.record))
    chosen = split.cases_of(snakemake.wildcards.part, cases)
    classify_part(
        [Path(model).parent for model in snakemake.input.models],
        [Path(shard) for shard in snakemake.input.shards],
        cases=chosen,
        table=Path(snakemake.output.table),
        precision=snakemake.params.precision,
    )

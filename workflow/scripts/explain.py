"""Show why a classifier says what it says of the cases of some parts."""

from pathlib import Path

from radflow.config.classification import TargetRules
from radflow.config.explain import ExplainRules
from radflow.datasets.cases import read_cases
from radflow.explain.write import Explained, explain_model
from radflow.splits import read_split
from radflow.steps import step
from radflow.targets import Target

with step(snakemake.log[0]):
    target = Target(TargetRules.model_validate(snakemake.params.target))
    cases = target.select(read_cases(Path(snakemake.input.cases)))
    split = read_split(Path(snakemake.input.split), Path(snakemake.input.record))
    explain_model(
        Explained(
            folders=[Path(model).parent for model in snakemake.input.models],
            shards=[Path(shard) for shard in snakemake.input.shards],
            cases={part: split.cases_of(part, cases) for part in snakemake.params.parts},
            scores=[Path(table) for table in snakemake.input.scores],
        ),
        ExplainRules.model_validate(snakemake.params.rules),
        Path(snakemake.output.table).parent,
    )

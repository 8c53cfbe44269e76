"""Label the cases of one part, on the grids of their source images."""

from pathlib import Path

from radflow.datasets.cases import read_cases
from radflow.inference.predict import predict_part
from radflow.splits import read_split
from radflow.steps import step

with step(snakemake.log[0]):
    cases = read_cases(Path(snakemake.input.cases))
    split = read_split(Path(snakemake.input.split), Path(snakemake.input.record))
    chosen = split.cases_of(snakemake.wildcards.part, cases)
    predict_part(
        [Path(model).parent for model in snakemake.input.models],
        [Path(shard) for shard in snakemake.input.shards],
        cases=[case.case for case in chosen],
        output=Path(snakemake.output.table).parent,
        precision=snakemake.params.precision,
    )

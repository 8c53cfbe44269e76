"""Bring the cases of one shard to the grid and the intensities that the plan chose."""

from pathlib import Path

from radflow.datasets.cases import Case, read_cases, verify_case
from radflow.imaging.geometry import PreprocessedCase
from radflow.imaging.preprocess import preprocess_image
from radflow.patches.store import write_shard
from radflow.planning.plan import Plan
from radflow.progress import track
from radflow.splits import read_split
from radflow.steps import step

with step(snakemake.log[0]):
    group, number = snakemake.wildcards.group, int(snakemake.wildcards.shard)
    cases = read_cases(Path(snakemake.input.cases))
    split = read_split(Path(snakemake.input.split), Path(snakemake.input.record))
    plan = Plan.read(Path(snakemake.input.plan))
    of_group = split.test_cases(cases) if group == "test" else split.development_cases(cases)
    of_shard = sorted(of_group, key=lambda case: case.case)[number :: snakemake.params.shards]

    def preprocessed(case: Case) -> PreprocessedCase:
        verify_case(case)
        return preprocess_image(case.images, case.label, plan=plan, case=case.case)

    bar = track(of_shard, f"preprocess {group} {number}")
    write_shard(Path(snakemake.output.shard), map(preprocessed, bar))

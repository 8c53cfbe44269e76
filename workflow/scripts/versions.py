"""Write down the version of each step's code, for the report and for `dvc repro`."""

from pathlib import Path

from radflow.files import write_json
from radflow.steps import step

with step(snakemake.log[0]):
    write_json(Path(snakemake.output.versions), dict(snakemake.params.versions))

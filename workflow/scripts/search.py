"""Summarise the trials of a search, and bring MLflow in step with them."""

from pathlib import Path

from radflow.config.search import SearchRules
from radflow.search.summary import write_summary
from radflow.steps import step
from radflow.tracking.trials import log_search

with step(snakemake.log[0]):
    summary = Path(snakemake.output.summary)
    record = write_summary(
        [Path(path) for path in snakemake.input.trials],
        [Path(path) for path in snakemake.input.repeats],
        summary,
        study=snakemake.wildcards.study,
        rules=SearchRules.model_validate(snakemake.params.rules),
        model=Path(snakemake.input.model),
    )
    log_search(record, summary)

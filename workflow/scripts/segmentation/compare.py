"""Summarise and compare the models of a study."""

from pathlib import Path

from radflow.config.evaluation import CompareRules
from radflow.evaluation.compare import compare
from radflow.evaluation.headline import write_headline
from radflow.steps import step

with step(snakemake.log[0]):
    folder = Path(snakemake.params.scores)
    ledger = Path(snakemake.params.ledger)
    metrics = Path(snakemake.output.metrics)
    compare(
        {
            model: {part: folder / model / f"{part}.tsv" for part in snakemake.params.parts}
            for model in snakemake.params.models
        },
        metrics,
        study=snakemake.wildcards.study,
        rules=CompareRules.model_validate(snakemake.params.rules),
        ledger=ledger if ledger.exists() else None,
    )
    write_headline(metrics, Path(snakemake.output.headline))

"""Summarise and compare the classifiers of a study."""

from pathlib import Path

from radflow.config.classification import TargetRules
from radflow.config.evaluation import AnswerRules, CompareRules
from radflow.evaluation.classification.compare import compare
from radflow.evaluation.classification.headline import write_headline
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
        target=TargetRules.model_validate(snakemake.params.target),
        rules=CompareRules.model_validate(snakemake.params.rules),
        points=AnswerRules.model_validate(snakemake.params.answers),
        ledger=ledger if ledger.exists() else None,
    )
    write_headline(metrics, Path(snakemake.output.headline))

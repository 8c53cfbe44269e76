"""Score the predictions of one part; an access to the test part is written to the ledger first."""

from pathlib import Path

from radflow.config.evaluation import EvaluationRules
from radflow.datasets.cases import read_cases
from radflow.evaluation.cases import evaluate_predictions
from radflow.evaluation.ledger import record_models
from radflow.files import sha256_record
from radflow.parts import TEST
from radflow.splits import read_split
from radflow.steps import step

with step(snakemake.log[0]):
    part = snakemake.wildcards.part
    cases = read_cases(Path(snakemake.input.cases))
    split = read_split(Path(snakemake.input.split), Path(snakemake.input.record))
    if part == TEST:
        record_models(
            Path(snakemake.params.ledger),
            model=snakemake.wildcards.model,
            cards=[Path(card) for card in snakemake.input.models],
            split_sha256=split.sha256,
            settings_sha256=sha256_record(snakemake.params.rules),
        )
    chosen = split.cases_of(part, cases)
    evaluate_predictions(
        chosen,
        Path(snakemake.input.predictions),
        Path(snakemake.output.scores),
        part=part,
        classes={int(label): name for label, name in snakemake.params.classes.items()},
        rules=EvaluationRules.model_validate(snakemake.params.rules),
    )

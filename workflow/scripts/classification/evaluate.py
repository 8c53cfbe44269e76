"""Hold the answers of one part against the truth; an access to the test part goes to the ledger."""

from pathlib import Path

from radflow.config.classification import TargetRules
from radflow.datasets.cases import read_cases
from radflow.evaluation.classification.cases import evaluate_answers
from radflow.evaluation.ledger import record_models
from radflow.files import sha256_record
from radflow.parts import TEST
from radflow.splits import read_split
from radflow.steps import step
from radflow.targets import Target

with step(snakemake.log[0]):
    part = snakemake.wildcards.part
    target = Target(TargetRules.model_validate(snakemake.params.target))
    cases = target.select(read_cases(Path(snakemake.input.cases)))
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
    predictions, scores = Path(snakemake.input.predictions), Path(snakemake.output.scores)
    evaluate_answers(chosen, predictions, scores, part=part, target=target)

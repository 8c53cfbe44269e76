"""Write the report of a study and its figures, and bring MLflow in step with them."""

from pathlib import Path

from radflow.config.classification import InputRules, TargetRules
from radflow.config.dataset import DatasetCard
from radflow.config.evaluation import CompareRules, EvaluationRules
from radflow.config.report import ReportText
from radflow.report.classification.figures import write_figures
from radflow.report.classification.page import write_report
from radflow.report.inputs import BesideFiles, ClassifiedInputs, ModelFiles
from radflow.steps import step
from radflow.tracking.results import log_study
from radflow.tracking.store import default_uri

with step(snakemake.log[0]):
    file, of_study = snakemake.input, snakemake.params
    page = Path(snakemake.output.page)
    ledger = page.parent / "ledger.tsv"
    inputs = ClassifiedInputs(
        **{name: of_study[name] for name in ("study", "title", "question", "folds", "dataset")},
        card=DatasetCard.model_validate(of_study.card),
        text=ReportText.model_validate(of_study.text),
        evaluation=EvaluationRules.model_validate(of_study.evaluation),
        compare=CompareRules.model_validate(of_study.compare),
        **{
            name: Path(path)
            for name, path in file.items()
            if name.endswith(("_tsv", "_json")) and not name.startswith("extra_")
        },
        models=tuple(
            ModelFiles.under(page.parent, name, folds=of_study.numbers, parts=of_study.parts)
            for name in of_study.models
        ),
        ledger=ledger if ledger.exists() else None,
        beside=tuple(
            BesideFiles(**about, metrics_json=Path(path))
            for about, path in zip(of_study.beside, file.beside, strict=True)
        ),
        extras={
            name.removeprefix("extra_"): Path(path)
            for name, path in file.items()
            if name.startswith("extra_")
        },
        code_version=of_study.code,
        target=TargetRules.model_validate(of_study.target),
        view=InputRules.model_validate(of_study.view),
    )
    write_report(inputs, page)
    write_figures(inputs, Path(snakemake.output.curves).parent)
    log_study(page.parent, uri=default_uri(), figures=Path(snakemake.output.curves).parent)

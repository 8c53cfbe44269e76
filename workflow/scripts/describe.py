"""Write the report of a study that describes its data."""

from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.config.report import ReportText
from radflow.report.described import write_report
from radflow.report.inputs import ReportInputs
from radflow.steps import step

with step(snakemake.log[0]):
    file, of_study = snakemake.input, snakemake.params
    inputs = ReportInputs(
        **{name: of_study[name] for name in ("study", "title", "question", "dataset")},
        card=DatasetCard.model_validate(of_study.card),
        text=ReportText.model_validate(of_study.text),
        **{name: Path(path) for name, path in file.items()},
        code_version=of_study.code,
    )
    write_report(inputs, Path(snakemake.output.page))

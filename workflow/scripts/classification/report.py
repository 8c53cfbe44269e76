"""Write the report of a study and its figures, and bring MLflow in step with them."""

from pathlib import Path

from radflow.config.classification import InputRules, TargetRules
from radflow.report.classification.figures import write_figures
from radflow.report.classification.page import write_report
from radflow.report.inputs import ClassifiedInputs
from radflow.steps import step
from radflow.tracking.results import log_study
from radflow.tracking.store import default_uri

with step(snakemake.log[0]):
    page, figures = Path(snakemake.output.page), Path(snakemake.output.curves).parent
    inputs = ClassifiedInputs.of_rule(
        dict(snakemake.input.items()),
        dict(snakemake.params.items()),
        page=page,
        target=TargetRules.model_validate(snakemake.params.target),
        view=InputRules.model_validate(snakemake.params.view),
    )
    write_report(inputs, page)
    write_figures(inputs, figures)
    log_study(page.parent, uri=default_uri(), figures=figures)

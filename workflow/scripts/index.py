"""List the reports of the project's studies."""

from pathlib import Path

from radflow.report.index import IndexEntry, write_index
from radflow.steps import step

with step(snakemake.log[0]):
    page = Path(snakemake.output.page)
    write_index(
        [
            IndexEntry(
                study=study,
                **texts,
                metrics_json=Path(metrics),
                link=Path(report).relative_to(page.parent).as_posix(),
            )
            for (study, texts), metrics, report in zip(
                snakemake.params.studies.items(),
                snakemake.input.metrics,
                snakemake.input.reports,
                strict=True,
            )
        ],
        page,
    )

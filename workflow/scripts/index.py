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
                numbers_json=Path(numbers),
                link=Path(report).relative_to(page.parent).as_posix(),
            )
            for (study, texts), numbers, report in zip(
                snakemake.params.studies.items(),
                snakemake.input.numbers,
                snakemake.input.reports,
                strict=True,
            )
        ],
        page,
    )

"""Get a dataset's archive from this machine, the mirror folder or its address; verify it."""

import os
from pathlib import Path

from radflow.config.dataset import ArchiveCaps, DatasetCard, Source
from radflow.datasets.download import download
from radflow.steps import step

with step(snakemake.log[0]):
    # The machine's own folder is no parameter: where the bytes come from does not change them.
    mirror = os.environ.get("RADFLOW_MIRROR") or snakemake.config.get("mirror")
    download(
        # The part of the card that the rule depends on; it has no other.
        DatasetCard.model_construct(
            sources=tuple(Source.model_validate(source) for source in snakemake.params.sources),
            licence=snakemake.params.licence,
            citation=snakemake.params.citation,
            archive=ArchiveCaps.model_validate(snakemake.params.archive),
        ),
        name=snakemake.wildcards.dataset,
        archive_path=Path(snakemake.output.archive),
        record_path=Path(snakemake.output.record),
        mirror=Path(mirror) if mirror else None,
    )

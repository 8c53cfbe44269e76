"""Read and check every case of a dataset, and keep the accepted ones."""

from pathlib import Path

from radflow.config.dataset import ArchiveCaps, DatasetCard, IntakeRules
from radflow.config.phantom import PhantomRules
from radflow.datasets.intake import intake
from radflow.steps import step

with step(snakemake.log[0]):
    rule = snakemake.params
    # The part of the card that the rule depends on; it has no other.
    card = DatasetCard.model_construct(
        layout=rule.layout,
        channels=tuple(rule.channels),
        modality=rule.modality,
        classes={int(label): name for label, name in rule.classes.items()},
        phantom=PhantomRules.model_validate(rule.phantom) if rule.phantom else None,
        archive=ArchiveCaps.model_validate(rule.archive),
        intake=IntakeRules.model_validate(rule.rules),
    )
    archives = [Path(archive) for archive in snakemake.input.archives]
    intake(archives, card, Path(snakemake.output.cases).parent, jobs=snakemake.threads)

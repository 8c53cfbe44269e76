"""A simulated cohort: how many subjects, on which grid, with which diseases."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from radflow.config.base import Section

Share = Annotated[float, Field(ge=0)]
Diagnosis = Literal[
    "control", "tumour", "stroke", "haemorrhage", "microbleeds", "intermediate", "alzheimer"
]
Reference = Literal[
    "tissue",
    "tumour",
    "tissue-and-tumour",
    "stroke",
    "infarct",
    "haemorrhage",
    "microbleeds",
    "lesion",
]

REFERENCE_CLASSES: dict[str, tuple[str, ...]] = {
    "tissue": ("background", "csf", "grey-matter", "white-matter"),
    "tumour": ("background", "oedema", "enhancing", "necrosis"),
    "tissue-and-tumour": (
        "background",
        "csf",
        "grey-matter",
        "white-matter",
        "oedema",
        "enhancing",
        "necrosis",
    ),
    "stroke": ("background", "core", "penumbra"),
    "infarct": ("background", "infarct"),
    "haemorrhage": ("background", "haematoma", "oedema"),
    "microbleeds": ("background", "microbleed"),
    "lesion": ("background", "lesion"),
}
"""Classes of each reference standard, in the order of their labels from 0.

``lesion`` is tissue that any disease has changed: tumour and haematoma with their oedema, core of a
stroke, microbleed. It leaves out what only looks like disease, and a penumbra, which shows on
perfusion alone.
"""

SEQUENCES = (
    "T1w",
    "T1c",
    "T2w",
    "FLAIR",
    "PDw",
    "T2starw",
    "b0",
    "b1000",
    "ADC",
    "CBF",
    "CT",
)
"""Channels that can be simulated; T1c is T1w after gadolinium, CBF is perfusion by ASL."""


class PhantomRules(Section):
    """A simulated cohort, subject by subject from the seed and the subject's number."""

    subjects: Annotated[int, Field(ge=1, le=100_000, description="numbered from 1")] = 60
    seed: Annotated[int, Field(ge=0, description="with a subject's number decides the subject")] = 0
    shards: Annotated[int, Field(ge=1, le=1000, description="archives the cohort is cut into")] = 2
    spacing_mm: Annotated[float, Field(ge=0.5, le=8, description="isotropic voxel size, mm")] = 2.0
    shape: Annotated[
        tuple[int, int, int], Field(description="voxels, RAS axes, about the brain's centre")
    ] = (96, 112, 96)
    diagnoses: Annotated[
        dict[Diagnosis, Share], Field(min_length=1, description="diagnosis: share of the subjects")
    ]
    reference: Annotated[Reference, Field(description="what the label map outlines")] = "tissue"
    scanners: Annotated[int, Field(ge=1, le=9, description="scanners that differ in protocol")] = 3
    raters: Annotated[
        int, Field(ge=0, le=9, description="simulated raters who outline lesions and disagree")
    ] = 0

    @model_validator(mode="after")
    def _fits(self) -> "PhantomRules":
        if sum(self.diagnoses.values()) <= 0:
            message = "diagnoses: at least one share must be above 0"
            raise ValueError(message)
        if self.shards > self.subjects:
            message = f"shards ({self.shards}) must not be above subjects ({self.subjects})"
            raise ValueError(message)
        if min(self.shape) < 8 or max(self.shape) > 512:
            message = f"shape {list(self.shape)} must have 8 to 512 voxels along each axis"
            raise ValueError(message)
        return self

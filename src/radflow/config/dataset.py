"""The dataset card: where images and labels come from."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from radflow.config.base import Section


class Source(Section):
    """One archive of a dataset: an address, a file in the mirror folder, or both."""

    url: Annotated[str | None, Field(description="address of the archive (http, https)")] = None
    mirror: Annotated[str | None, Field(description="name of the archive in the mirror folder")] = (
        None
    )
    checksum: Annotated[
        str,
        Field(pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$", description="algorithm:digest"),
    ]
    cases: Annotated[int | None, Field(ge=1, description="labelled cases this archive holds")] = (
        None
    )
    note: Annotated[str, Field(description="what differs from the other sources")] = ""

    @model_validator(mode="after")
    def _some_place(self) -> "Source":
        if self.url is None and self.mirror is None:
            message = "a source names a `url`, a `mirror` file, or both"
            raise ValueError(message)
        return self


class ArchiveCaps(Section):
    """Bounds an archive must keep before it is unpacked."""

    members: Annotated[int, Field(gt=0, description="most files and folders")] = 100_000
    gigabytes: Annotated[float, Field(gt=0, description="most unpacked bytes, in 10^9")] = 50.0


class IntakeRules(Section):
    """Bounds a case must keep to be accepted."""

    most_quarantined: Annotated[
        float, Field(ge=0, le=1, description="share of cases above which the run stops")
    ] = 0.05
    most_voxels: Annotated[int, Field(gt=0, description="voxels per image")] = 1_000_000_000
    least_voxels_per_axis: Annotated[int, Field(ge=1, description="smallest extent, voxels")] = 2
    field_of_view_mm: Annotated[
        tuple[float, float], Field(description="plausible extent of an axis, mm")
    ] = (10.0, 3000.0)
    form_tolerance_mm: Annotated[
        float, Field(ge=0, description="largest shift of a corner between qform and sform, mm")
    ] = 0.5
    shear_degrees: Annotated[
        float, Field(ge=0, description="largest departure of two axes from a right angle")
    ] = 1.0


class DatasetCard(Section):
    """Where images and labels come from: `config/datasets/NAME.yaml`."""

    title: Annotated[str, Field(min_length=1, description="full name")]
    description: Annotated[str, Field(description="what the images and labels show")] = ""
    licence: Annotated[str, Field(min_length=1, description="SPDX name or the licence's own")]
    attribution: Annotated[str, Field(description="credit line the licence asks for")] = ""
    citation: Annotated[str, Field(min_length=1, description="reference, with DOI or arXiv id")]
    homepage: Annotated[str, Field(description="where the dataset is described")] = ""
    layout: Annotated[Literal["msd"], Field(description="how files are arranged")]
    channels: Annotated[tuple[str, ...], Field(min_length=1, description="names, in file order")]
    modality: Annotated[Literal["MR", "CT"], Field(description="decides how intensities are read")]
    classes: Annotated[
        dict[int, str], Field(min_length=2, description="label value: name; 0 is background")
    ]
    sources: Annotated[tuple[Source, ...], Field(min_length=1, description="tried in this order")]
    archive: Annotated[ArchiveCaps, Field(description="bounds of the archive")] = ArchiveCaps()
    intake: Annotated[IntakeRules, Field(description="bounds of a case")] = IntakeRules()

    @model_validator(mode="after")
    def _classes_count_up(self) -> "DatasetCard":
        if sorted(self.classes) != list(range(len(self.classes))):
            message = f"classes must be 0..{len(self.classes) - 1}, got {sorted(self.classes)}"
            raise ValueError(message)
        return self

"""The dataset card: where images and labels come from."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from radflow.config.base import Section
from radflow.config.layouts import (
    SECTION_LAYOUTS,
    LayoutSections,
    bids_problems,
    channels_of,
    layout_problems,
)
from radflow.config.phantom import REFERENCE_CLASSES, SEQUENCES, PhantomRules

Modality = Literal["MR", "CT", "XR", "other"]


class Source(Section):
    """Where a dataset's archive is: an address, a file in the mirror folder, or a local path."""

    url: Annotated[str | None, Field(description="address of the archive (http, https)")] = None
    mirror: Annotated[str | None, Field(description="name of the archive in the mirror folder")] = (
        None
    )
    path: Annotated[
        str | None, Field(description="folder or archive on this machine; a folder is packed")
    ] = None
    checksum: Annotated[
        str | None,
        Field(
            pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$",
            description="algorithm:digest of the archive; only a `path` may go without",
        ),
    ] = None
    cases: Annotated[int | None, Field(ge=1, description="labelled cases this archive holds")] = (
        None
    )
    note: Annotated[str, Field(description="what differs from the other sources")] = ""

    @model_validator(mode="after")
    def _some_place(self) -> "Source":
        if self.url is None and self.mirror is None and self.path is None:
            message = "a source names a `url`, a `mirror` file or a `path`"
            raise ValueError(message)
        if self.checksum is None and not (self.url is None and self.mirror is None):
            message = "a `url` or a `mirror` file needs a `checksum`"
            raise ValueError(message)
        return self


class ArchiveCaps(Section):
    """Bounds an archive must keep before it is unpacked."""

    members: Annotated[int, Field(gt=0, description="most files and folders")] = 100_000
    gigabytes: Annotated[float, Field(gt=0, description="most unpacked bytes, in 10^9")] = 50.0


class IntakeRules(Section):
    """Bounds a case must keep to be accepted, and repairs that are declared for this dataset."""

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
    unlabelled: Annotated[
        Literal["refuse", "leave-out"], Field(description="a case without its label map or class")
    ] = "refuse"
    other_grids: Annotated[
        Literal["refuse", "resample"],
        Field(description="files off the first channel's grid: images linearly, labels nearest"),
    ] = "refuse"
    fill_not_finite: Annotated[
        float | None,
        Field(ge=-1e9, le=1e9, description="value for NaN and infinite voxels; None: quarantine"),
    ] = None
    unknown_orientation: Annotated[
        Literal["refuse", "accept"],
        Field(description="files without any orientation; accept: voxel axes taken as R, A, S"),
    ] = "refuse"
    units: Annotated[
        Literal["mm", "um", "m"] | None, Field(description="of voxel sizes, where headers err")
    ] = None
    identity: Annotated[
        Literal["refuse", "pseudonyms"],
        Field(description="pseudonyms: names and record numbers in the files are made up"),
    ] = "refuse"
    thumbnails: Annotated[
        bool, Field(description="small pictures of repaired and refused cases for the report")
    ] = False

    @property
    def pseudonyms(self) -> bool:
        """Whether the card declares that names and record numbers in the files are made up."""
        return self.identity == "pseudonyms"

    def without_repairs(self) -> "IntakeRules":
        """Give the same bounds for a file that is used as it stands: nothing declared is mended."""
        undeclared = {"fill_not_finite": None, "unknown_orientation": "refuse", "units": None}
        return self.model_copy(update=undeclared)


INTAKE_KEYS = (
    "layout",
    "channels",
    "modality",
    "classes",
    "targets",
    "pixel_mm",
    "patients",
    "phantom",
    *SECTION_LAYOUTS,
    "archive",
    "intake",
)
"""Keys of a card that intake depends on."""


class DatasetCard(LayoutSections):
    """Where images and labels come from: `config/datasets/NAME.yaml`."""

    title: Annotated[str, Field(min_length=1, description="full name")]
    description: Annotated[str, Field(description="what the images and labels show")] = ""
    licence: Annotated[str, Field(min_length=1, description="SPDX name or the licence's own")]
    attribution: Annotated[str, Field(description="credit line the licence asks for")] = ""
    citation: Annotated[str, Field(min_length=1, description="reference, with DOI or arXiv id")]
    homepage: Annotated[str, Field(description="where the dataset is described")] = ""
    layout: Annotated[
        Literal["msd", "bids", "dicom", "table", "images", "phantom"],
        Field(description="how files are arranged; phantom: simulated"),
    ]
    channels: Annotated[tuple[str, ...], Field(min_length=1, description="names, in file order")]
    modality: Annotated[Modality, Field(description="decides how intensities are read")]
    classes: Annotated[
        dict[int, str],
        Field(description="label value: name; 0 is background; empty: no label maps"),
    ]
    targets: Annotated[
        tuple[str, ...], Field(description="classes of a case as a whole; empty: none")
    ] = ()
    pixel_mm: Annotated[
        float | None, Field(gt=0, description="size of a pixel of 2D images; None: unknown")
    ] = None
    patients: Annotated[
        dict[str, str],
        Field(
            default_factory=dict,
            description="subject: the patient's id beyond this dataset, e.g. TCIA:PGBM-002",
        ),
    ]
    sources: Annotated[
        tuple[Source, ...], Field(description="tried in this order; none where simulated")
    ] = ()
    phantom: Annotated[
        PhantomRules | None, Field(description="the simulated cohort; layout phantom alone")
    ] = None
    archive: Annotated[ArchiveCaps, Field(description="bounds of the archive")] = ArchiveCaps()
    intake: Annotated[IntakeRules, Field(description="bounds of a case")] = IntakeRules()

    @model_validator(mode="after")
    def _classes_count_up(self) -> "DatasetCard":
        if len(self.classes) == 1 or sorted(self.classes) != list(range(len(self.classes))):
            last = max(len(self.classes) - 1, 1)
            message = (
                f"classes must be 0..{last}, got {sorted(self.classes)}: label maps with other "
                "values have to be converted first, say 255 to 1"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> "DatasetCard":
        problems = list(_simulation(self) if self.simulated else _delivery(self))
        problems += layout_problems(self.layout, self)
        problems += _channels(self)
        if self.bids is not None:
            kinds = {"classes": bool(self.classes), "targets": bool(self.targets)}
            problems += bids_problems(self.bids, **kinds)
        problems += _targets(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def part_for_intake(self) -> dict[str, Any]:
        """Give what intake depends on, as plain values: not titles, licence or sources."""
        return self.model_dump(mode="json", include=set(INTAKE_KEYS))

    @classmethod
    def for_intake(cls, part: Mapping[str, Any]) -> "DatasetCard":
        """Make a card again from `part_for_intake`: what intake does not depend on is a dash."""
        source = Source(path="-")
        blank = {"title": "-", "licence": "-", "citation": "-"}
        sources = () if part["layout"] == "phantom" else (source,)
        return cls.model_validate({**blank, "sources": sources, **part})

    @property
    def simulated(self) -> bool:
        """Whether no patient was examined: the subjects are computed."""
        return self.layout == "phantom"


def _channels(card: DatasetCard) -> Iterator[str]:
    described = channels_of(card)
    if isinstance(described, tuple) and described != card.channels:
        yield f"`channels` are {list(card.channels)}, `{card.layout}` describes {list(described)}"
    if isinstance(described, int) and described != len(card.channels):
        yield f"{len(card.channels)} `channels`, `{card.layout}` describes {described}"


def _targets(card: DatasetCard) -> Iterator[str]:
    """Compare `targets` with what the layouts of 2D images and sheets say of classes."""
    targets = set(card.targets)
    if card.images is not None and set(card.images.folders.values()) != targets:
        named = sorted(set(card.images.folders.values()))
        yield f"`targets` are {sorted(targets)}, `images: folders` names the classes {named}"
    if card.table is None:
        return
    if bool(targets) != bool(card.table.target or card.table.raters):
        yield "`targets` and `table: target` (or `raters`) go together: give both or none"
    if card.table.negative is not None and card.table.negative not in targets:
        yield f"`table: negative` is {card.table.negative!r}, `targets` are {sorted(targets)}"


def _delivery(card: DatasetCard) -> Iterator[str]:
    if not card.sources:
        yield f"`sources` is empty: name an archive of the layout {card.layout!r}, or simulate one"
    if card.phantom is not None:
        yield f"`phantom` belongs to the layout 'phantom', not to {card.layout!r}: remove one"


def _simulation(card: DatasetCard) -> Iterator[str]:
    if card.sources:
        yield "`sources` belong to delivered datasets, the layout 'phantom' has none: remove them"
    unknown = [name for name in card.channels if name not in SEQUENCES]
    if unknown:
        yield f"channels {unknown} can't be simulated: choose from {', '.join(SEQUENCES)}"
    if len(set(card.channels)) < len(card.channels):
        yield f"channels {list(card.channels)} name one twice: a sequence is simulated once"
    if card.phantom is None:
        yield "the layout 'phantom' needs the section `phantom`: how many subjects, and which"
        return
    reference = card.phantom.reference
    expected = dict(enumerate(REFERENCE_CLASSES[reference]))
    if card.classes and card.classes != expected:
        yield f"the classes of the reference {reference!r} are {expected}, got {card.classes}"

"""How the files of a dataset are arranged: one section of the card for each layout that asks."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from radflow.config.base import Section

BidsEnding = Annotated[
    str,
    Field(
        pattern=r"^([^/]+/)?([a-zA-Z]+-[^-_/]+_)*[^-_/]+$",
        description="how a file's name ends, e.g. T1w or acq-highres_T1w",
    ),
]


class BidsRules(Section):
    """Which files of a BIDS dataset are images, labels and classes (BIDS 1.10).

    A file is named by its suffix, after the entities that its name must have beyond ``sub-`` and
    ``ses-``: ``T1w`` or ``acq-highres_T1w``. A name without further entities is taken before one
    that has some. Images come from raw datasets alone; a label map may be in any derivatives, or in
    those of one folder: ``manual/label-lesion_mask``.
    """

    images: Annotated[
        dict[str, BidsEnding],
        Field(min_length=1, description="channel: its suffix, after any entities"),
    ]
    label: Annotated[
        BidsEnding | None,
        Field(description="suffix of the label map, in derivatives or beside the image"),
    ] = None
    target: Annotated[
        str | None, Field(description="column of participants.tsv or sessions.tsv with the class")
    ] = None
    covariates: Annotated[
        tuple[str, ...], Field(description="further columns to keep, e.g. age, sex")
    ] = ()

    @model_validator(mode="after")
    def _files_differ(self) -> "BidsRules":
        endings = [*self.images.values(), *filter(None, [self.label])]
        if len(set(endings)) < len(endings):
            message = f"{endings} name one file twice: each channel and the label has its own"
            raise ValueError(message)
        owned = [each for each in endings if re.search(r"(^|[_/])(sub|ses)-", each)]
        if owned:
            message = f"{owned}: leave out sub- and ses-, every subject and session is a case"
            raise ValueError(message)
        return self


class SeriesRule(Section):
    """Which series of a DICOM examination is a channel: every given key must hold.

    Localisers, captures and reports are never chosen.
    """

    description: Annotated[
        str | None, Field(description="regular expression, found anywhere in SeriesDescription")
    ] = None
    modality: Annotated[str | None, Field(description="Modality (0008,0060), e.g. MR")] = None
    orientation: Annotated[
        Literal["axial", "coronal", "sagittal"] | None, Field(description="nearest plane")
    ] = None
    derived: Annotated[
        bool, Field(description="images computed from others may be chosen too, e.g. an ADC map")
    ] = False

    @field_validator("description")
    @classmethod
    def _is_an_expression(cls, description: str | None) -> str | None:
        try:
            re.compile(description or "")
        except re.error as error:
            message = f"{description!r} is no regular expression: {error}"
            raise ValueError(message) from error
        return description

    @model_validator(mode="after")
    def _says_something(self) -> "SeriesRule":
        if self.description is None and self.modality is None and self.orientation is None:
            message = "a series is chosen by description, modality or orientation: give one"
            raise ValueError(message)
        return self


class DicomRules(Section):
    """Which series of each examination are read; a patient's study is a case."""

    series: Annotated[
        dict[str, SeriesRule], Field(min_length=1, description="channel: how to find its series")
    ]


class LesionColumns(Section):
    """Which columns of a sheet hold a lesion; a row is one lesion.

    A point has `centre`; a sphere `centre` and `radius`; a box `lower` and `upper`. Columns stand
    in the order x, y, z (two of them in 2D images).
    """

    kind: Annotated[Literal["point", "sphere", "box"], Field(description="what a row describes")]
    units: Annotated[
        Literal["voxel", "mm"],
        Field(description="voxel: indices along the file's axes, from 0; mm: RAS+ (NIfTI) space"),
    ]
    centre: Annotated[tuple[str, ...], Field(description="columns of the centre")] = ()
    lower: Annotated[tuple[str, ...], Field(description="columns of the lower corner")] = ()
    upper: Annotated[tuple[str, ...], Field(description="columns of the upper corner")] = ()
    radius: Annotated[str | None, Field(description="column of the radius, in `units`")] = None
    name: Annotated[str | None, Field(description="column of the lesion's class")] = None

    @model_validator(mode="after")
    def _has_its_columns(self) -> "LesionColumns":
        needed = {"point": {"centre"}, "sphere": {"centre", "radius"}, "box": {"lower", "upper"}}[
            self.kind
        ]
        given = {key for key in ("centre", "lower", "upper", "radius") if getattr(self, key)}
        if needed != given:
            message = f"a {self.kind} has {sorted(needed)}, the card gives {sorted(given)}"
            raise ValueError(message)
        axes = {len(names) for names in (self.centre, self.lower, self.upper) if names}
        if axes - {2, 3} or len(axes) > 1:
            message = f"a place has 3 columns (x, y, z), 2 in 2D images, got {sorted(axes)}"
            raise ValueError(message)
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """Columns of numbers, in the order centre, lower, upper, radius."""
        radius = () if self.radius is None else (self.radius,)
        return (*self.centre, *self.lower, *self.upper, *radius)


class TableRules(Section):
    """What the columns of a sheet (CSV, TSV, XLSX, Parquet) mean; a row is a case or a lesion."""

    file: Annotated[str, Field(min_length=1, description="the sheet, relative to the dataset")]
    images: Annotated[
        tuple[str, ...], Field(min_length=1, description="columns that name files, one a channel")
    ]
    case: Annotated[str | None, Field(description="column of the case id; None: file name")] = None
    subject: Annotated[
        str | None, Field(description="column of the patient; None: every case is a patient")
    ] = None
    session: Annotated[str | None, Field(description="column of the time point")] = None
    label: Annotated[str | None, Field(description="column that names label maps")] = None
    target: Annotated[str | None, Field(description="column of the case's class")] = None
    negative: Annotated[
        str | None,
        Field(description="class of cases without any lesion, in `lesions` and in the label map"),
    ] = None
    raters: Annotated[
        tuple[str, ...], Field(description="columns of classes by several annotators")
    ] = ()
    covariates: Annotated[tuple[str, ...], Field(description="further columns to keep")] = ()
    lesions: Annotated[LesionColumns | None, Field(description="lesions, one a row")] = None
    sheet: Annotated[str | None, Field(description="XLSX: name of the sheet; None: first")] = None
    missing: Annotated[tuple[str, ...], Field(description="texts that mean: no value")] = (
        "",
        "NA",
        "N/A",
        "n/a",
        "None",
        "NaN",
        "nan",
    )

    @property
    def ids(self) -> tuple[str, ...]:
        """Columns of ids: case, subject, session."""
        return tuple(name for name in (self.case, self.subject, self.session) if name is not None)

    @property
    def of_case(self) -> tuple[str, ...]:
        """Columns that describe a case as a whole."""
        single = [name for name in (self.label, self.target) if name is not None]
        return (*self.images, *self.ids, *single, *self.raters, *self.covariates)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        if self.lesions is None:
            return tuple(dict.fromkeys(self.of_case))
        name = () if self.lesions.name is None else (self.lesions.name,)
        return tuple(dict.fromkeys((*self.of_case, *self.lesions.places, *name)))


class ImagesRules(Section):
    """2D images in one folder per class."""

    folders: Annotated[
        dict[str, str], Field(min_length=1, description="folder: class of the images in it")
    ]
    subject: Annotated[
        str | None,
        Field(description="regular expression on the file's name; its first group is the patient"),
    ] = None

    @model_validator(mode="after")
    def _has_a_group(self) -> "ImagesRules":
        try:
            groups = 1 if self.subject is None else re.compile(self.subject).groups
        except re.error as error:
            message = f"`subject` {self.subject!r} is no regular expression: {error}"
            raise ValueError(message) from error
        if groups < 1:
            message = f"`subject` {self.subject!r} has no group: put the patient in parentheses"
            raise ValueError(message)
        return self


class LayoutSections(Section):
    """The sections of a card that describe a layout; the layout's own one is needed."""

    bids: Annotated[BidsRules | None, Field(description="layout bids")] = None
    dicom: Annotated[DicomRules | None, Field(description="layout dicom")] = None
    table: Annotated[TableRules | None, Field(description="layout table")] = None
    images: Annotated[ImagesRules | None, Field(description="layout images")] = None


SECTION_LAYOUTS = tuple(LayoutSections.model_fields)


def layout_problems(layout: str, card: LayoutSections) -> Iterator[str]:
    """Say which section of the layout is missing, and which belongs to another layout."""
    for name in SECTION_LAYOUTS:
        given = getattr(card, name) is not None
        if given and name != layout:
            yield f"`{name}` belongs to the layout {name!r}, not to {layout!r}: remove one"
        if not given and name == layout:
            yield f"the layout {layout!r} needs the section `{name}`: what its files mean"


def bids_problems(rules: BidsRules, *, classes: bool, targets: bool) -> Iterator[str]:
    """Say where a card has classes and `bids` names no file or column of them, or the reverse."""
    for key, kind, needed in (("label", "classes", classes), ("target", "targets", targets)):
        if (getattr(rules, key) is not None) != needed:
            yield f"`{kind}` and `bids: {key}` belong together: give both or neither"


def channels_of(card: LayoutSections) -> tuple[str, ...] | int | None:
    """Give the channels a layout's section names, their number, or None where it says nothing."""
    if card.bids is not None:
        return tuple(card.bids.images)
    if card.dicom is not None:
        return tuple(card.dicom.series)
    if card.table is not None:
        return len(card.table.images)
    return 1 if card.images is not None else None

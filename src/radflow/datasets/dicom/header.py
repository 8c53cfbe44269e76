"""What the header of one DICOM file says of its voxels and of where they lie."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from pydicom.charset import python_encoding
from pydicom.dataset import Dataset
from pydicom.valuerep import VR

from radflow.datasets.dicom.identity import Identity, identity_of
from radflow.datasets.dicom.reading import UnreadableDicomError, read_instance, told

_MOST_MM = 1e6
_LEAST_SPACING_MM = 1e-6
_MOST_SLOPE = 1e15
_VRS = frozenset(str(vr) for vr in VR)


@dataclass(frozen=True)
class Frame:
    """One plane of voxels, in DICOM's space: LPS+, mm.

    Attributes
    ----------
    index
        Its number within the file, from 0.
    position
        ImagePositionPatient: centre of the first voxel; None where the header has none.
    orientation
        ImageOrientationPatient: direction along a row, then along a column; None likewise.
    spacing
        PixelSpacing: between rows, then between columns, in mm; None likewise.
    thickness
        SliceThickness in mm; None likewise.
    slope, intercept
        From stored to real values; None where the header is silent.
    """

    index: int
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    thickness: float | None
    slope: float | None
    intercept: float | None


@dataclass(frozen=True)
class Header:
    """A DICOM image file without its voxels.

    Attributes
    ----------
    path
        The file.
    syntax
        Transfer syntax UID; empty where the file names none.
    series, space
        SeriesInstanceUID and FrameOfReferenceUID; empty where absent.
    modality, photometric
        Modality and PhotometricInterpretation; empty where absent.
    rows, columns, samples
        Extents of a frame, and values per voxel.
    bits
        Allocated, stored, and the number of the highest bit.
    signed
        Whether stored values have a sign.
    floating
        Whether voxels are stored as floating-point numbers.
    overlays
        Whether unused bits of voxels hold overlays (retired in 2004).
    lut
        Whether a table, not slope and intercept, gives the real values.
    claimed_frames
        NumberOfFrames.
    frames
        The planes that the header describes.
    identity
        What it says of who was examined.
    """

    path: Path
    syntax: str
    series: str
    space: str
    modality: str
    photometric: str
    rows: int
    columns: int
    samples: int
    bits: tuple[int, int, int]
    signed: bool
    floating: bool
    overlays: bool
    lut: bool
    claimed_frames: int
    frames: tuple[Frame, ...]
    identity: Identity

    @property
    def voxels(self) -> int:
        """How many voxels the header claims, over all frames."""
        return self.rows * self.columns * self.claimed_frames


def read_header(path: Path) -> Header:
    """Read the header of an image file.

    Raises
    ------
    UnreadableDicomError
        When the file can't be read, or its header lacks extents or holds what can't be converted.
    """
    dataset = read_instance(path)
    check_encoding(dataset)
    try:
        return _header(path, dataset)
    except UnreadableDicomError:
        raise
    except Exception as error:  # values are converted on access: any error of pydicom may come
        raise UnreadableDicomError(rule="dicom-value", message=told(error)) from error


def check_encoding(dataset: Dataset) -> None:
    """Refuse unknown value representations and character sets, and text that is in another one.

    Raises
    ------
    UnreadableDicomError
        It names the attribute, never the value.
    """
    for element in dataset.values():
        vr = element.VR
        if vr is not None and str(vr) not in _VRS:
            message = f"{element.tag} has the unknown value representation {str(vr)!a}"
            raise UnreadableDicomError(rule="dicom-vr", message=message)
    try:
        charsets = text_values(dataset, "SpecificCharacterSet")
        unknown = [name for name in charsets if name not in python_encoding]
        foreign = [key for key in ("PatientID", "SeriesDescription") if _foreign(dataset, key)]
    except Exception as error:  # as above
        raise UnreadableDicomError(rule="dicom-value", message=told(error)) from error
    if unknown:
        message = f"SpecificCharacterSet {unknown[0]!a} is not known"
        raise UnreadableDicomError(rule="dicom-charset", message=message)
    if foreign:
        message = f"{foreign[0]} is not in the file's SpecificCharacterSet {charsets}"
        raise UnreadableDicomError(rule="dicom-charset", message=message)


def _foreign(dataset: Dataset, keyword: str) -> bool:
    return "\N{REPLACEMENT CHARACTER}" in str(dataset.get(keyword) or "")


def text_values(dataset: Dataset, keyword: str) -> list[str]:
    """Give the values of an attribute as text without padding; none where it is absent or empty."""
    value = dataset.get(keyword)
    if value is None:
        return []
    several = not isinstance(value, (str, bytes)) and isinstance(value, Sequence)
    values = list(cast("Sequence[Any]", value)) if several else [value]
    return [text for each in values if (text := str(each).strip())]


def first_text(dataset: Dataset, keyword: str) -> str:
    """Give the first value of an attribute as text; empty where there is none."""
    return next(iter(text_values(dataset, keyword)), "")


def sources_of(dataset: Dataset, index: int = 0) -> tuple[Dataset, ...]:
    """Give where attributes of a frame may stand: its functional groups, the shared ones, the top.

    Reference: DICOM PS3.3, C.7.6.16.
    """
    each = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    return (*each[index : index + 1], *shared[:1], dataset)


def find(sources: tuple[Dataset, ...], sequence: str, keyword: str) -> Any:
    """Give an attribute's value from the functional group `sequence`, else from the top level."""
    for source in sources:
        items = source.get(sequence)
        if items and (value := items[0].get(keyword)) is not None:
            return value
    return sources[-1].get(keyword)


def _header(path: Path, dataset: Dataset) -> Header:
    meta = cast("Any", dataset).file_meta
    allocated = int(dataset["BitsAllocated"].value)
    stored = int(dataset.get("BitsStored") or allocated)
    high = dataset.get("HighBit")
    lut = find(sources_of(dataset), "PixelValueTransformationSequence", "ModalityLUTSequence")
    return Header(
        path=path,
        syntax=first_text(meta, "TransferSyntaxUID"),
        series=first_text(dataset, "SeriesInstanceUID"),
        space=first_text(dataset, "FrameOfReferenceUID"),
        modality=first_text(dataset, "Modality"),
        photometric=first_text(dataset, "PhotometricInterpretation"),
        rows=int(dataset["Rows"].value),
        columns=int(dataset["Columns"].value),
        samples=int(dataset.get("SamplesPerPixel") or 1),
        bits=(allocated, stored, stored - 1 if high is None else int(high)),
        signed=bool(dataset.get("PixelRepresentation") or 0),
        floating="BitsStored" not in dataset,
        overlays=any(_is_overlay_position(int(element.tag)) for element in dataset.values()),
        lut=bool(lut),
        claimed_frames=int(dataset.get("NumberOfFrames") or 1),
        frames=tuple(_frames(dataset)),
        identity=identity_of(dataset),
    )


def _is_overlay_position(tag: int) -> bool:
    return tag >> 16 & 0xFF01 == 0x6000 and tag & 0xFFFF == 0x0102


def _frames(dataset: Dataset) -> Iterator[Frame]:
    each = dataset.get("PerFrameFunctionalGroupsSequence") or [None]
    for index in range(len(each)):
        sources = sources_of(dataset, index)
        transform = "PixelValueTransformationSequence"
        position = find(sources, "PlanePositionSequence", "ImagePositionPatient")
        orientation = find(sources, "PlaneOrientationSequence", "ImageOrientationPatient")
        spacing = find(sources, "PixelMeasuresSequence", "PixelSpacing")
        spacing = spacing or dataset.get("ImagerPixelSpacing")
        thickness = find(sources, "PixelMeasuresSequence", "SliceThickness")
        yield Frame(
            index,
            _numbers("ImagePositionPatient", position, 3, most=_MOST_MM),
            _numbers("ImageOrientationPatient", orientation, 6, most=2.0),
            _numbers("PixelSpacing", spacing, 2, most=_MOST_MM, least=_LEAST_SPACING_MM),
            _number("SliceThickness", thickness, most=_MOST_MM),
            _number("RescaleSlope", find(sources, transform, "RescaleSlope")),
            _number("RescaleIntercept", find(sources, transform, "RescaleIntercept")),
        )


def _number(name: str, value: Any, *, most: float = _MOST_SLOPE) -> float | None:
    found = _numbers(name, None if value in (None, "") else [value], 1, most=most)
    return None if found is None else found[0]


def _numbers(
    name: str, values: Any, count: int, *, most: float, least: float = -math.inf
) -> tuple[float, ...] | None:
    """Convert an attribute to numbers that can be calculated with; None where it is empty."""
    if values is None or len(values) == 0:
        return None
    numbers = np.asarray([float(value) for value in values], np.float64)
    if len(numbers) != count:
        message = f"{name} has {len(numbers)} numbers, {count} are needed"
        raise ValueError(message)
    if not np.isfinite(numbers).all() or np.abs(numbers).max() > most or numbers.min() < least:
        message = f"{name} is {[f'{number:g}' for number in numbers]}, not to be calculated with"
        raise ValueError(message)
    return tuple(float(number) for number in numbers)

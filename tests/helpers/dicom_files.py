"""Small DICOM series for tests, written by pydicom."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)

Change = Callable[[Dataset, int], None]
AXIAL, SAGITTAL = np.eye(3), np.array([[0.0, 0, -1], [1, 0, 0], [0, -1, 0]])
"""Columns: direction along a row, along a column, and of the stack (LPS+)."""
KINDS = {
    "MR": MRImageStorage,
    "CT": CTImageStorage,
    "PT": PositronEmissionTomographyImageStorage,
}
SPACING = (0.8, 0.7, 3.0)
ORIGIN = (-90.5, -70.25, 12.125)


def voxels(slices: int = 5, rows: int = 12, columns: int = 16) -> np.ndarray:
    """Stored values ``(slice, row, column)``, each different."""
    count = slices * rows * columns
    return (np.arange(count, dtype=np.int16) * 7 % 2003).reshape(slices, rows, columns)


def uid(*parts: object) -> str:
    """A UID that is the same for the same parts."""
    return generate_uid(entropy_srcs=["radflow-tests", *map(str, parts)])


def header(*, modality: str = "MR", patient: str = "P-01", study: str = "1", series: str = "1"):
    """A de-identified header without geometry and voxels."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = KINDS[modality]
    made.SpecificCharacterSet = "ISO_IR 100"
    made.ImageType = ["ORIGINAL", "PRIMARY"]
    made.PatientIdentityRemoved = "YES"
    made.PatientID, made.PatientAge, made.PatientSex = patient, "072Y", "F"
    made.Modality, made.Manufacturer, made.ManufacturerModelName = modality, "Maker", "Model 1"
    made.StudyDate, made.StudyTime = f"200{study}0101", "120000"
    made.StudyInstanceUID = uid(patient, study)
    made.SeriesInstanceUID = uid(patient, study, series)
    made.FrameOfReferenceUID = uid(patient, study, "space")
    made.SeriesNumber, made.SeriesDescription = series, "T1"
    made.RescaleSlope, made.RescaleIntercept = "1", "0"
    made.RepetitionTime, made.EchoTime = "500", "9.5"
    made.MagneticFieldStrength, made.FlipAngle = "1.5", "75"
    made.PatientPosition = "HFS"
    return made


def add_voxels(made: Dataset, array: np.ndarray) -> None:
    """Describe and store a plane ``(row, column)`` or frames ``(frame, row, column)``."""
    made.Rows, made.Columns = array.shape[-2:]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    bits = 8 * array.dtype.itemsize
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation = int(array.dtype.kind == "i")
    made.PixelData = array.tobytes()
    made["PixelData"].VR = "OB" if bits == 8 else "OW"


def ds(values: Sequence[float]) -> list[str]:
    """Numbers as decimal strings of at most 16 letters, as headers hold them."""
    return [f"{value:.10f}"[:16] for value in values]


def write_series(
    folder: Path,
    *,
    array: np.ndarray | None = None,
    axes: np.ndarray = AXIAL,
    spacing: tuple[float, float, float] = SPACING,
    change: Change | None = None,
    keep: Callable[[int], bool] = lambda _: True,
    **names: Any,
) -> list[Path]:
    """Write one file a slice, in an order that is not theirs in space.

    `axes` are the columns of directions; `spacing` is between columns, rows and slices in mm;
    `change` gets each dataset and its number; `keep` says which slices are written.
    """
    array = voxels() if array is None else array
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for number, plane in enumerate(array):
        made = header(**names)
        made.SOPInstanceUID = uid(made.SeriesInstanceUID, number)
        made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
        made.InstanceNumber = number + 1
        made.ImagePositionPatient = ds(np.array(ORIGIN) + axes[:, 2] * spacing[2] * number)
        made.ImageOrientationPatient = ds([*axes[:, 0], *axes[:, 1]])
        made.PixelSpacing = ds([spacing[1], spacing[0]])
        made.SliceThickness = f"{spacing[2]:g}"
        add_voxels(made, plane)
        if change is not None:
            change(made, number)
        if keep(number):
            path = folder / f"IM{(number * 7) % 101:04d}.dcm"
            made.save_as(path, enforce_file_format=True)
            paths.append(path)
    return sorted(paths)


def item(**values: Any) -> Items:
    """A sequence of one item."""
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return Items([made])


def write_multiframe(
    path: Path, *, array: np.ndarray | None = None, change: Callable[[Dataset], None] | None = None
) -> Path:
    """Write an enhanced MR image: frames in falling order, each with its own place and slope."""
    array = voxels() if array is None else array
    made = header()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = EnhancedMRImageStorage
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid("multi-frame")
    del made.RescaleSlope, made.RescaleIntercept, made.RepetitionTime, made.EchoTime, made.FlipAngle
    add_voxels(made, array[::-1])
    made.NumberOfFrames = len(array)
    shared, frames = Dataset(), []
    orientation = ds([*AXIAL[:, 0], *AXIAL[:, 1]])
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=orientation)
    shared.PixelMeasuresSequence = item(
        PixelSpacing=ds([SPACING[1], SPACING[0]]), SliceThickness="3"
    )
    shared.MRTimingAndRelatedParametersSequence = item(RepetitionTime=500.0, FlipAngle=75.0)
    for number in reversed(range(len(array))):
        frame = Dataset()
        place = ds(np.array(ORIGIN) + AXIAL[:, 2] * SPACING[2] * number)
        frame.PlanePositionSequence = item(ImagePositionPatient=place)
        frame.PixelValueTransformationSequence = item(
            RescaleSlope=str(number + 1), RescaleIntercept="-5", RescaleType="US"
        )
        frame.MREchoSequence = item(EffectiveEchoTime=9.5)
        frames.append(frame)
    made.SharedFunctionalGroupsSequence = Items([shared])
    made.PerFrameFunctionalGroupsSequence = Items(frames)
    if change is not None:
        change(made)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path

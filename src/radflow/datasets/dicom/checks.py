"""Checks of a DICOM series before its voxels are decoded."""

import math
import re

import numpy as np
from pydicom.pixels import get_decoder
from pydicom.uid import UID

from radflow.datasets.checks.finding import Check, Level, Problem
from radflow.datasets.dicom.stack import Stack, values_of

NEGLIGIBLE_MM = 1e-3
"""Shifts up to this are rounding: positions are written with three or four decimals."""
_SAME_STEP = 0.05
"""Share of the usual step by which a step, or a slice sideways, may be off."""
_PARALLEL_DEGREES = 0.05
_RIGHT_ANGLE = 1e-3
_MOST_EXTENT = 32767  # of an axis in NIfTI-1
_HARD_UNITS = ("CT", "PT")
"""Modalities whose values have units, so that slope and intercept must be given."""
_GREY = ("MONOCHROME1", "MONOCHROME2")
_AGAIN = "Get the series again from the archive it came from"


def _mixed(stack: Stack) -> Problem | None:
    values = {
        "SeriesInstanceUID": values_of([header.series for header in stack.headers]),
        "FrameOfReferenceUID": values_of([header.space for header in stack.headers]),
        "Modality": values_of([header.modality for header in stack.headers]),
        "PhotometricInterpretation": values_of([header.photometric for header in stack.headers]),
    }
    mixed = [f"{len(found)} of {name}" for name, found in values.items() if len(found) > 1]
    if not mixed:
        return None
    message = f"the files are not one series: {', '.join(mixed)}"
    return Problem(Level.QUAR, message, "Deliver each series in a folder of its own")


def _sizes(stack: Stack) -> Problem | None:
    extents = values_of([(header.rows, header.columns) for header in stack.headers])
    spacings = values_of([plane.frame.spacing for plane in stack.delivered])
    if len(extents) > 1:
        message = f"slices of different sizes, rows x columns: {_listed(extents)}"
        return Problem(Level.QUAR, message, _AGAIN)
    if len(spacings) > 1:
        message = f"slices of different PixelSpacing: {len(spacings)} values"
        return Problem(Level.QUAR, message, _AGAIN)
    return None


def _listed(extents: list[tuple[int, int]]) -> str:
    return ", ".join(f"{rows} x {columns}" for rows, columns in sorted(extents)[:5])


def _budget(stack: Stack) -> Problem | None:
    claimed = [header.voxels for header in stack.headers]
    voxels, least = sum(claimed), min(claimed)
    bound = stack.rules.most_voxels
    extents = [size for header in stack.headers for size in (header.rows, header.columns)]
    if min(extents) < 1 or max(extents) > _MOST_EXTENT or least < 1:
        message = f"extents of {min(extents)} to {max(extents)} voxels, {voxels} in all"
        return Problem(Level.QUAR, message, _AGAIN)
    if voxels <= bound:
        return None
    message = f"the headers claim {voxels} voxels, the bound is {bound}"
    remedy = "If the series is that large, raise `intake: most_voxels` in the dataset card"
    return Problem(Level.QUAR, message, remedy)


def _frames(stack: Stack) -> Problem | None:
    for header in stack.headers:
        if header.claimed_frames != len(header.frames):
            message = (
                f"{header.claimed_frames} frames in a file whose functional groups describe "
                f"{len(header.frames)}"
            )
            return Problem(Level.QUAR, message, "Export it as enhanced multi-frame or as slices")
    return None


def _values(stack: Stack) -> Problem | None:
    """Refuse colour, and voxels whose bits the header does not describe."""
    for header in stack.headers:
        allocated, stored, high = header.bits
        if header.samples != 1 or header.photometric not in _GREY:
            message = f"{header.samples} samples per voxel, {header.photometric!a}: no grey values"
            return Problem(Level.QUAR, message, "Deliver the series it was made from")
        right = allocated in (8, 16, 32) and 1 <= stored <= allocated and high == stored - 1
        if not right and not (header.floating and allocated in (32, 64)):
            message = f"{allocated} bits allocated, {stored} stored, the highest is {high}"
            return Problem(Level.QUAR, message, _AGAIN)
    return None


def _place(stack: Stack) -> Problem | None:
    if stack.placed:
        return None
    declared = stack.rules.unknown_orientation == "accept"
    spaced = all(plane.frame.spacing for plane in stack.delivered)
    if stack.unplaced_single and declared and spaced:
        message = "no ImagePositionPatient and ImageOrientationPatient"
        remedy = "Columns are taken as R, rows as A, as `intake: unknown_orientation` says"
        return Problem(Level.NOTE, message, remedy)
    names = ("position", "orientation", "spacing")
    without = [
        f"{name} in {sum(getattr(plane.frame, name) is None for plane in stack.delivered)}"
        for name in names
    ]
    message = f"frames without their place, of {len(stack.delivered)}: {', '.join(without)}"
    return Problem(Level.QUAR, message, _AGAIN)


def _axes(stack: Stack) -> Problem | None:
    if not stack.placed:
        return None
    lengths = np.linalg.norm(stack.orientations, axis=2)
    cosines = (stack.orientations[:, 0] * stack.orientations[:, 1]).sum(axis=1)
    worst = float(max(np.abs(lengths - 1).max(), np.abs(cosines).max()))
    if worst <= _RIGHT_ANGLE:
        return None
    message = (
        f"ImageOrientationPatient is {worst:.3g} off two unit vectors at a right angle, "
        f"the bound is {_RIGHT_ANGLE:g}"
    )
    return Problem(Level.QUAR, message, _AGAIN, worst)


def _parallel(stack: Stack) -> Problem | None:
    if not stack.placed or _axes(stack):
        return None
    first = stack.orientations[0]
    apart = np.linalg.norm(stack.orientations - first, axis=2).max()
    angle = math.degrees(2 * math.asin(min(1.0, float(apart) / 2)))
    if angle <= _PARALLEL_DEGREES:
        return None
    message = f"slices are up to {angle:.3g} degrees apart, the bound is {_PARALLEL_DEGREES:g}"
    return Problem(Level.QUAR, message, "Choose a series of parallel slices", angle, "degrees")


def _stacked(stack: Stack) -> bool:
    """Say whether the order of slices means anything."""
    sound = stack.placed and not _axes(stack) and not _parallel(stack)
    return sound and len(stack.delivered) > 1


def _duplicate(stack: Stack) -> Problem | None:
    if not _stacked(stack):
        return None
    bound = max(NEGLIGIBLE_MM, 0.01 * stack.step_mm)
    (twice,) = np.nonzero(stack.steps <= bound)
    if not len(twice):
        return None
    message = (
        f"{len(twice) + 1} or more slices share positions, the first at "
        f"{stack.offsets[twice[0]]:.4g} mm along the normal"
    )
    return Problem(Level.QUAR, message, "Split the series by echo, phase or time, or drop copies")


def _missing(stack: Stack) -> Problem | None:
    if not _stacked(stack) or _duplicate(stack):
        return None
    counts = stack.steps / stack.step_mm
    whole = np.abs(counts - np.round(counts)) <= _SAME_STEP * np.maximum(1, np.round(counts))
    (gaps,) = np.nonzero(whole & (np.round(counts) >= 2))
    if not len(gaps):
        return None
    lost = int((np.round(counts[gaps]) - 1).sum())
    one, other = stack.offsets[gaps[0]], stack.offsets[gaps[0] + 1]
    message = (
        f"{lost} slices are missing, the first between {one:.4g} and {other:.4g} mm along the "
        f"normal (usual step {stack.step_mm:.4g} mm)"
    )
    return Problem(Level.QUAR, message, _AGAIN, float(other - one), "mm")


def _variable(stack: Stack) -> Problem | None:
    if not _stacked(stack) or _duplicate(stack) or _missing(stack):
        return None
    off = np.abs(stack.steps - stack.step_mm)
    worst = int(off.argmax())
    if off[worst] <= _SAME_STEP * stack.step_mm:
        return None
    message = (
        f"steps of {stack.steps.min():.4g} to {stack.steps.max():.4g} mm between slices, the "
        f"worst at {stack.offsets[worst]:.4g} mm along the normal"
    )
    return Problem(Level.QUAR, message, "Resample to even slices", float(off[worst]), "mm")


def _tilt(stack: Stack) -> Problem | None:
    if not _stacked(stack) or _duplicate(stack):
        return None
    way = stack.positions[-1] - stack.positions[0]
    angle = math.degrees(math.acos(min(1.0, float(way @ stack.normal / np.linalg.norm(way)))))
    bound = stack.rules.shear_degrees
    if angle <= bound:
        return None
    message = f"slices are stacked {angle:.3g} degrees off their normal, the bound is {bound:g}"
    remedy = "The gantry was tilted: resample the series to a straight grid"
    return Problem(Level.QUAR, message, remedy, angle, "degrees")


def _line(stack: Stack) -> Problem | None:
    """Refuse slices that are shifted sideways against each other."""
    if not _stacked(stack) or _duplicate(stack) or _missing(stack) or _variable(stack):
        return None
    way = (stack.positions[-1] - stack.positions[0]) / (len(stack.positions) - 1)
    expected = stack.positions[0] + np.arange(len(stack.positions))[:, None] * way
    shift = float(np.linalg.norm(stack.positions - expected, axis=1).max())
    bound = max(_SAME_STEP * stack.step_mm, NEGLIGIBLE_MM)
    if shift <= bound:
        return None
    message = f"a slice lies {shift:.3g} mm from an even stack, the bound is {bound:.3g} mm"
    return Problem(Level.QUAR, message, "Resample to even slices", shift, "mm")


def _rescale(stack: Stack) -> Problem | None:
    slopes = [plane.frame.slope for plane in stack.delivered]
    without = sum(
        plane.frame.slope is None or plane.frame.intercept is None for plane in stack.delivered
    )
    modality = stack.headers[0].modality
    if 0.0 in slopes:
        return Problem(Level.QUAR, "RescaleSlope is 0: all values would be one", _AGAIN)
    if not without:
        return None
    message = f"RescaleSlope or RescaleIntercept is missing in {without} of {len(slopes)} frames"
    if modality in _HARD_UNITS or without < len(slopes) or values_of(slopes) != [None]:
        return Problem(Level.QUAR, f"{message} of modality {modality!a}", _AGAIN)
    return Problem(Level.NOTE, f"{message}: values have no unit", "Stored values are kept")


def _lut(stack: Stack) -> Problem | None:
    if not any(header.lut for header in stack.headers):
        return None
    message = "a table (Modality LUT Sequence) gives the real values, not slope and intercept"
    return Problem(Level.QUAR, message, "Export the series with slope and intercept")


def _negative(stack: Stack) -> Problem | None:
    slopes = [plane.frame.slope for plane in stack.delivered]
    least = min((slope for slope in slopes if slope is not None), default=1.0)
    if least >= 0:
        return None
    message = f"RescaleSlope is {least:g}: stored values are inverted"
    return Problem(Level.NOTE, message, "Rescaled as the header says; look at the image")


def _inverted(stack: Stack) -> Problem | None:
    first = stack.headers[0]
    if first.photometric != "MONOCHROME1":
        return None
    if first.modality in _HARD_UNITS:
        message = "MONOCHROME1: shown inverted, but values of this modality have units"
        return Problem(Level.NOTE, message, "Values are kept as they are")
    message = "MONOCHROME1: low values are white"
    return Problem(Level.FIX, message, "Inverted within the range of the stored bits")


def _decoder(stack: Stack) -> Problem | None:
    for syntax in values_of([header.syntax for header in stack.headers]):
        try:
            decoder = get_decoder(syntax)
        except NotImplementedError:
            message = f"nothing decodes the transfer syntax {UID(syntax).name!a}"
            return Problem(Level.QUAR, message, "Export the series uncompressed")
        if not decoder.is_available:
            wanted = " ".join(decoder.missing_dependencies)
            packages = values_of(re.findall(r"pylibjpeg-\w+", wanted)) or ["pylibjpeg"]
            message = f"no decoder is installed for {UID(syntax).name!a}"
            return Problem(Level.STOP, message, f"pip install pylibjpeg {' '.join(packages)}")
    return None


DICOM_CHECKS: tuple[Check[Stack], ...] = (
    Check("dicom-mixed", 50, "files of several series", _mixed),
    Check("dicom-sizes", 50, "slices of several sizes", _sizes),
    Check("voxel-budget", 8, "more voxels than allowed", _budget),
    Check("dicom-frames", 53, "frames that nothing describes", _frames),
    Check("voxel-type", 26, "voxels are not grey values", _values),
    Check("dicom-place", 18, "no orientation", _place),
    Check("dicom-axes", 22, "the orientation is not valid", _axes),
    Check("dicom-parallel", 52, "slices are not parallel", _parallel),
    Check("dicom-duplicate", 51, "slices at one position", _duplicate),
    Check("dicom-missing", 51, "a slice is missing", _missing),
    Check("dicom-variable", 52, "uneven steps between slices", _variable),
    Check("dicom-tilt", 52, "tilted gantry", _tilt),
    Check("dicom-line", 52, "slices shifted sideways", _line),
    Check("dicom-rescale", 53, "rescaling is missing", _rescale),
    Check("dicom-lut", 53, "rescaling by a table", _lut),
    Check("slope", 35, "rescaling is not valid", _negative),
    Check("dicom-inverted", 40, "inverted grey values", _inverted),
    Check("dicom-decoder", 54, "no decoder is installed", _decoder),
)

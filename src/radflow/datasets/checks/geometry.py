"""Checks of the header's geometry: forms, spacing, shear, axes, units.

Which form gives the affine, and what is done where both speak:

==========  ==========  ==============================  =====================================
qform_code  sform_code  largest shift of a corner       what follows
==========  ==========  ==============================  =====================================
0           0           -                               quarantined, or axes taken as R, A, S
                                                        where the card accepts it
> 0         0           -                               qform
0           > 0         -                               sform
> 0         > 0         at most 0.001 mm                sform
> 0         > 0         at most ``form_tolerance_mm``   sform; qform rewritten to agree
> 0         > 0         above                           quarantined
==========  ==========  ==============================  =====================================
"""

import math

import numpy as np
from nibabel.orientations import aff2axcodes

from radflow.datasets.checks.examined import Examined, corner_shift_mm
from radflow.datasets.checks.finding import Check, Level, Problem
from radflow.errors import ImageError

NEGLIGIBLE_MM = 1e-3
"""Shifts up to this are rounding: headers hold float32."""
_NEGLIGIBLE_DEGREES = 0.01
_UNITS = {1: "m", 3: "um"}
_LEAST_SUSPECT_RATIO = 4
_LEAST_SUSPECT_MM = 500
"""Above these a voxel size of exactly 1 x 1 x 1 mm is more often a default than measured."""
_DECLARE = "Correct the header at its source, where the true geometry is known"


def _axes(examined: Examined) -> Problem | None:
    if len(examined.shape) == 3:
        return None
    intent = int(examined.raw.header["intent_code"])
    message = f"shape {examined.raw.dimensions}, intent {intent}: three axes are needed"
    return Problem(Level.STOP, message, "Split it into one file per channel or time point")


def _singletons(examined: Examined) -> Problem | None:
    dimensions = examined.raw.dimensions
    if len(examined.shape) != 3 or len(dimensions) <= 3:
        return None
    message = f"shape {dimensions} has trailing axes of length 1"
    dropped = len(dimensions) - 3
    return Problem(Level.FIX, message, f"Kept as {examined.shape}", dropped, "axes")


def _thin(examined: Examined) -> Problem | None:
    least = examined.rules.least_voxels_per_axis
    if min(examined.extents) >= least:
        return None
    message = f"shape {examined.shape}: an axis is shorter than {least} voxels"
    remedy = "Leave it out, or lower `intake: least_voxels_per_axis` in the dataset card"
    return Problem(Level.QUAR, message, remedy)


def _codes(examined: Examined) -> Problem | None:
    if any(examined.raw.codes):
        return None
    message = "qform_code and sform_code are both 0: left and right are unknown"
    if examined.rules.unknown_orientation == "refuse":
        remedy = f"{_DECLARE}; or set `intake: unknown_orientation: accept` in the dataset card"
        return Problem(Level.QUAR, message, remedy)
    if examined.affine is None:
        return Problem(Level.QUAR, f"{message}, and no voxel size gives an affine", _DECLARE)
    sizes = _numbers(examined.pixdim_mm)
    remedy = f"Kept with voxel axes taken as R, A, S and {sizes} mm, as the card says"
    return Problem(Level.FIX, message, remedy)


def _affine(examined: Examined) -> Problem | None:
    if examined.affine is not None or not any(examined.raw.codes):
        return None
    raw = examined.raw
    try:
        rows = (raw.sform() if raw.codes[1] else raw.qform())[:3].round(6).tolist()
    except ImageError as error:
        return Problem(Level.QUAR, str(error), _DECLARE)
    return Problem(Level.QUAR, f"the affine is singular or not finite: {rows}", _DECLARE)


def _forms(examined: Examined) -> Problem | None:
    raw, bound = examined.raw, examined.rules.form_tolerance_mm
    if not all(raw.codes) or examined.affine is None:
        return None
    try:
        qform = examined.in_mm(raw.qform())
    except ImageError as error:
        return Problem(Level.QUAR, str(error), _DECLARE)
    if not np.isfinite(qform).all():
        return Problem(Level.QUAR, "the qform is not finite", _DECLARE)
    shift = corner_shift_mm(qform, examined.affine, examined.shape)
    if shift <= NEGLIGIBLE_MM:
        return None
    angle = _angle_degrees(qform, examined.affine)
    message = (
        f"qform and sform differ by {shift:.3g} mm at a corner and {angle:.3g} degrees, "
        f"the bound is {bound:g} mm"
    )
    if shift > bound:
        return Problem(Level.QUAR, message, _DECLARE, shift, "mm")
    return Problem(Level.FIX, message, "The sform is kept, the qform made to agree", shift, "mm")


def _pixdim(examined: Examined) -> Problem | None:
    pixdim = [float(value) for value in examined.raw.header["pixdim"][1:4]]
    if all(math.isfinite(value) and value > 0 for value in pixdim):
        return None
    return Problem(Level.QUAR, f"pixdim is {pixdim}: voxel sizes are above 0 mm", _DECLARE)


def _default_size(examined: Examined) -> Problem | None:
    sizes, shape = examined.spacing_mm, examined.shape
    if examined.flat or examined.classes or len(shape) != 3:
        return None
    if sizes is None or not (sizes == 1).all():
        return None
    if max(shape) < _LEAST_SUSPECT_RATIO * min(shape) and max(shape) < _LEAST_SUSPECT_MM:
        return None
    message = f"the voxel size is exactly 1 x 1 x 1 mm, a default, yet the shape is {shape}"
    return Problem(Level.NOTE, message, "Kept; compare with the source: distances depend on it")


def _pixdim_and_affine(examined: Examined) -> Problem | None:
    pixdim = examined.pixdim_mm
    if examined.spacing_mm is None or not np.isfinite(pixdim).all() or pixdim.min() <= 0:
        return None
    shift = float(np.max(np.abs(pixdim - examined.spacing_mm) * examined.shape[:3]))
    bound = examined.rules.form_tolerance_mm
    if shift <= NEGLIGIBLE_MM:
        return None
    message = (
        f"pixdim {_numbers(pixdim)} and the affine's voxel size {_numbers(examined.spacing_mm)} "
        f"differ by {shift:.3g} mm over the image, the bound is {bound:g} mm"
    )
    if shift > bound:
        return Problem(Level.QUAR, message, _DECLARE, shift, "mm")
    return Problem(Level.NOTE, message, "The affine is used", shift, "mm")


def _shear(examined: Examined) -> Problem | None:
    if examined.affine is None or examined.spacing_mm is None:
        return None
    axes = examined.affine[:3, :3] / examined.spacing_mm
    cosines = np.abs((axes.T @ axes)[np.triu_indices(3, 1)]).max()
    shear = math.degrees(math.asin(min(1.0, float(cosines))))
    bound = examined.rules.shear_degrees
    if shear <= _NEGLIGIBLE_DEGREES:
        return None
    message = f"axes depart {shear:.3g} degrees from a right angle, the bound is {bound:g}"
    if shear > bound:
        return Problem(Level.QUAR, message, "Resample it to a straight grid", shear, "degrees")
    return Problem(Level.NOTE, message, "The affine is kept with its shear", shear, "degrees")


def _field_of_view(examined: Examined) -> Problem | None:
    if examined.spacing_mm is None or len(examined.shape) != 3:
        return None
    extent = (examined.spacing_mm * examined.shape)[: len(examined.extents)]
    least, most = examined.rules.field_of_view_mm
    if least <= extent.min() and extent.max() <= most:
        return None
    unit = _header_unit(examined)
    message = (
        f"the image is {_numbers(extent)} mm (the header's unit is {unit}), "
        f"plausible is {least:g} to {most:g} mm"
    )
    remedy = f"{_DECLARE}; or declare the unit of all files as `intake: units` in the dataset card"
    return Problem(Level.QUAR, message, remedy)


def _units(examined: Examined) -> Problem | None:
    unit, declared = _header_unit(examined), examined.rules.units
    if declared not in (None, "mm"):
        factor = examined.mm_per_unit
        message = f"the header's unit is {unit}, the card declares {declared}"
        remedy = f"Sizes are multiplied by {factor:g} and kept as mm"
        return Problem(Level.FIX, message, remedy, factor, "mm per unit")
    if unit == "mm":
        return None
    if declared == "mm":
        message = f"the header's unit is {unit}, the card declares mm"
        return Problem(Level.FIX, message, "The unit is set to mm, sizes stay", 1, "mm per unit")
    if _field_of_view(examined) is not None:
        return None
    message = f"the header's unit is {unit}, but the extent is plausible in mm only"
    return Problem(Level.NOTE, message, "Sizes are read as mm")


def _header_unit(examined: Examined) -> str:
    return _UNITS.get(int(examined.raw.header["xyzt_units"]) & 7, "mm")


def _orientation(examined: Examined) -> Problem | None:
    if examined.affine is None or examined.flat:
        return None
    axes = "".join(str(axis) for axis in aff2axcodes(examined.affine))
    if axes == "RAS":
        return None
    message = f"voxels are stored in {axes} order"
    return Problem(Level.NOTE, message, "Turned to RAS when preprocessed, and back for output")


def _byte_order(examined: Examined) -> Problem | None:
    if examined.raw.header.endianness == "<":
        return None
    return Problem(Level.NOTE, "the file is big-endian", "Read correctly, kept as it is")


def _angle_degrees(one: np.ndarray, other: np.ndarray) -> float:
    """Largest angle between corresponding axes of two affines, in degrees."""
    with np.errstate(all="ignore"):
        a = one[:3, :3] / np.linalg.norm(one[:3, :3], axis=0)
        b = other[:3, :3] / np.linalg.norm(other[:3, :3], axis=0)
    cosines = np.clip(np.nan_to_num((a * b).sum(axis=0)), -1, 1)
    return float(np.degrees(np.arccos(cosines)).max())


def _numbers(values: np.ndarray) -> str:
    return " x ".join(f"{value:.4g}" for value in values)


GEOMETRY_CHECKS: tuple[Check[Examined], ...] = (
    Check("axes", 26, "not three axes", _axes),
    Check("singletons", 25, "trailing axes of length 1", _singletons),
    Check("thin", 27, "too few voxels along an axis", _thin),
    Check("no-orientation", 18, "no orientation", _codes),
    Check("affine", 22, "the affine is not valid", _affine),
    Check("forms", 17, "qform and sform disagree", _forms),
    Check("pixdim", 19, "voxel size is not valid", _pixdim),
    Check("default-size", 19, "voxel size looks like a default", _default_size),
    Check("pixdim-affine", 20, "voxel size and affine disagree", _pixdim_and_affine),
    Check("shear", 21, "sheared axes", _shear),
    Check("field-of-view", 30, "implausible extent", _field_of_view),
    Check("units", 30, "units other than mm", _units),
    Check("orientation", 24, "stored in another order than RAS", _orientation),
    Check("byte-order", 31, "big-endian", _byte_order),
)

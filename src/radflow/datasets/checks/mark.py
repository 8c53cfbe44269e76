"""Lesions as a dataset marks them: placed on the image's voxels, and checked against it.

Voxel coordinates are continuous; whole numbers are centres of voxels. Datasets differ by half a
voxel in where they see a voxel's edge, so a mark may pass the outermost centre by one voxel.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from radflow.datasets.cases import Lesion
from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Check, Finding, Level, Problem, found, run_checks
from radflow.datasets.checks.listing import Mark

_MARGIN = 1.0
_MOST_OVERLAP = 0.9
_MOST_GROWTH = 1.2
_CORRECT = "Correct the sheet, or `lesions` in the dataset card"
_Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Placing:
    """A mark and the image it lies on.

    Attributes
    ----------
    mark
        As the dataset gives it.
    affine
        4x4 of the image, voxel to mm (RAS+).
    shape
        Voxels along the file's axes.
    """

    mark: Mark
    affine: np.ndarray
    shape: tuple[int, ...]

    @cached_property
    def finite(self) -> bool:
        """Whether every number of the mark is one."""
        mark = self.mark
        return bool(np.isfinite([*mark.lower, *mark.upper, mark.radius]).all())

    @cached_property
    def lesion(self) -> Lesion:
        """The mark in voxels of the image."""
        return self.read_as(self.mark)

    def read_as(self, mark: Mark) -> Lesion:
        """Place another reading of the mark; in an image of one slice it is one voxel thick."""
        lesion = _lesion(mark, np.linalg.inv(self.affine))
        if self.shape[2] > 1 or mark.kind == "point":
            return lesion
        return replace(lesion, extent=(*lesion.extent[:2], 1.0))


def place_marks(
    marks: Sequence[Mark], image: Examined, *, case: str
) -> tuple[tuple[Lesion, ...], list[Finding]]:
    """Place all marks of a case on its first channel; no lesion where one finding is a STOP."""
    if image.affine is None:
        return (), []
    placings = [Placing(mark, image.affine, image.shape) for mark in marks]
    findings: list[Finding] = []
    for number, placing in enumerate(placings, 1):
        findings += run_checks(MARK_CHECKS, placing, case=case, role=f"lesion {number}")
    if any(finding.level is Level.STOP for finding in findings):
        return (), findings
    lesions = tuple(placing.lesion for placing in placings)
    return lesions, findings + _repeated(lesions, case)


def _lesion(mark: Mark, to_voxel: np.ndarray) -> Lesion:
    """Bring a mark to voxels; a box that is turned against them becomes the box around it."""
    lower, upper = np.asarray(mark.lower), np.asarray(mark.upper)
    centre, size = (lower + upper) / 2, upper - lower
    if mark.units == "voxel":
        extent = size if mark.kind == "box" else np.full(3, 2 * mark.radius)
        return Lesion(mark.kind, _triple(centre), _triple(extent), mark.name)
    linear = to_voxel[:3, :3]
    extent = np.abs(linear) @ size
    if mark.kind != "box":
        extent = 2 * mark.radius * np.linalg.norm(linear, axis=1)
    placed = linear @ centre + to_voxel[:3, 3]
    return Lesion(mark.kind, _triple(placed), _triple(extent), mark.name)


def _triple(values: np.ndarray) -> _Triple:
    i, j, k = (float(value) for value in values)
    return i, j, k


def _finite(placing: Placing) -> Problem | None:
    if placing.finite:
        return None
    return Problem(Level.STOP, f"{_shown(placing.mark)}: a number is not finite", _CORRECT)


def _order(placing: Placing) -> Problem | None:
    mark = placing.mark
    axes = [axis for axis, low, up in zip("xyz", mark.lower, mark.upper, strict=True) if up < low]
    if not axes or not placing.finite:
        return None
    message = f"{_shown(mark)}: the upper corner lies below the lower one along {', '.join(axes)}"
    return Problem(Level.STOP, message, _CORRECT)


def _size(placing: Placing) -> Problem | None:
    mark = placing.mark
    if mark.kind == "sphere" and mark.radius <= 0:
        message = f"{_shown(mark)}: the radius must be above 0"
        return Problem(Level.STOP, message, _CORRECT)
    if mark.kind != "box":
        return None
    flat = placing.shape[2] == 1 and mark.lower[2] == mark.upper[2]
    pairs = list(zip("xyz", mark.lower, mark.upper, strict=True))[: 2 if flat else 3]
    axes = [axis for axis, low, up in pairs if low == up]
    if not axes:
        return None
    message = f"{_shown(mark)}: the box has no size along {', '.join(axes)}"
    return Problem(Level.STOP, message, _CORRECT)


def _outside(placing: Placing) -> Problem | None:
    if not placing.finite or _order(placing) or _inside(placing.lesion, placing.shape):
        return None
    extents = " x ".join(str(size) for size in placing.shape)
    lesion = placing.lesion
    where = ", ".join(f"{value:.4g}" for value in lesion.centre)
    size = " x ".join(f"{value:.4g}" for value in lesion.extent)
    message = (
        f"{_shown(placing.mark)} does not lie in the image of {extents} voxels: "
        f"its middle is voxel ({where}), its size {size}"
    )
    hints: list[str] = []
    for words, read in _READINGS.items():
        other = read(placing.mark, placing.affine)
        if other is not None and _inside(placing.read_as(other), placing.shape):
            hints.append(words)
    if hints:
        message += f". It would {', or '.join(hints)}"
    return Problem(Level.STOP, message, _CORRECT)


def _turned(placing: Placing) -> Problem | None:
    mark = placing.mark
    if mark.kind != "box" or mark.units != "mm" or not placing.finite or _size(placing):
        return None
    volume = float(np.prod(np.abs(np.subtract(mark.upper, mark.lower))))
    voxel = abs(float(np.linalg.det(placing.affine[:3, :3])))
    growth = float(np.prod(placing.lesion.extent)) * voxel / volume if volume else 1.0
    if growth <= _MOST_GROWTH:
        return None
    message = (
        f"the image is turned against the box, so the box of voxels around it is {growth:.3g} "
        f"times as large, the bound is {_MOST_GROWTH:g}"
    )
    return Problem(Level.NOTE, message, "The larger box is used", growth, "times")


def _inside(lesion: Lesion, shape: Sequence[int]) -> bool:
    """Say whether a box lies in the image, or the centre of a point or sphere."""
    half = np.asarray(lesion.extent) / 2 if lesion.kind == "box" else np.zeros(3)
    lower, upper = np.asarray(lesion.centre) - half, np.asarray(lesion.centre) + half
    last = np.asarray(shape[:3]) - 1
    return bool((lower >= -_MARGIN).all() and (upper <= last + _MARGIN).all())


def _as_voxels(mark: Mark, _: np.ndarray) -> Mark | None:
    return None if mark.units == "voxel" else replace(mark, units="voxel")


def _as_mm(mark: Mark, _: np.ndarray) -> Mark | None:
    return None if mark.units == "mm" else replace(mark, units="mm")


def _as_mm_from_corner(mark: Mark, affine: np.ndarray) -> Mark | None:
    if mark.units == "mm":
        return None
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    lower, upper = np.asarray(mark.lower) / sizes, np.asarray(mark.upper) / sizes
    return replace(mark, lower=_triple(lower), upper=_triple(upper))


def _reversed(mark: Mark, _: np.ndarray) -> Mark | None:
    return replace(mark, lower=mark.lower[::-1], upper=mark.upper[::-1])


def _as_lps(mark: Mark, _: np.ndarray) -> Mark | None:
    if mark.units == "voxel":
        return None
    (x, y, z), (u, v, w) = mark.lower, mark.upper
    return replace(mark, lower=(-u, -v, z), upper=(-x, -y, w))


_READINGS: dict[str, Callable[[Mark, np.ndarray], Mark | None]] = {
    "as voxel indices (`units: voxel`)": _as_voxels,
    "as mm in RAS+ (`units: mm`)": _as_mm,
    "in the order z, y, x (columns swapped)": _reversed,
    "with x and y negated (LPS, as in DICOM)": _as_lps,
    "as mm from the first voxel (divide by the voxel size)": _as_mm_from_corner,
}
"""Mistakes that put a mark outside, by what is said where undoing one puts it inside."""


def _shown(mark: Mark) -> str:
    def numbers(values: _Triple) -> str:
        return ", ".join(f"{value:g}" for value in values)

    if mark.kind == "box":
        return f"the box ({numbers(mark.lower)}) to ({numbers(mark.upper)}) {mark.units}"
    radius = f" of radius {mark.radius:g}" if mark.kind == "sphere" else ""
    return f"the {mark.kind} ({numbers(mark.lower)}){radius} {mark.units}"


MARK_CHECKS: tuple[Check[Placing], ...] = (
    Check("lesion-number", 47, "a lesion without a place", _finite),
    Check("lesion-corners", 47, "corners of a lesion are swapped", _order),
    Check("lesion-size", 47, "a lesion without size", _size),
    Check("lesion-outside", 47, "a lesion outside the image", _outside),
    Check("lesion-turned", 47, "a box turned against the image", _turned),
)


def _repeated(lesions: Sequence[Lesion], case: str) -> list[Finding]:
    """Compare every lesion of a case with those before it."""
    centres = np.array([lesion.centre for lesion in lesions]).reshape(-1, 3)
    halves = np.array([lesion.extent for lesion in lesions]).reshape(-1, 3) / 2
    findings: list[Finding] = []
    for number in range(1, len(lesions)):
        before = slice(number)
        same = (centres[before] == centres[number]) & (halves[before] == halves[number])
        twins = np.flatnonzero(same.all(axis=1))
        role = f"lesion {number + 1}"
        if twins.size:
            message = f"the same place and size as lesion {int(twins[0]) + 1}"
            problem = Problem(Level.STOP, message, "Keep one of them in the sheet")
            reason = "a lesion is listed twice"
            findings.append(found("lesion-twice", 48, reason, problem, case=case, role=role))
            continue
        overlap = _overlaps(centres[before], halves[before], centres[number], halves[number])
        if overlap.max() <= _MOST_OVERLAP:
            continue
        message = (
            f"shares {overlap.max():.0%} with lesion {int(overlap.argmax()) + 1} (intersection "
            f"over union), the bound is {_MOST_OVERLAP:.0%}"
        )
        problem = Problem(Level.NOTE, message, "Both are kept; see whether they are one lesion")
        reason = "lesions that nearly coincide"
        findings.append(found("lesion-overlap", 48, reason, problem, case=case, role=role))
    return findings


def _overlaps(
    centres: np.ndarray, halves: np.ndarray, centre: np.ndarray, half: np.ndarray
) -> np.ndarray:
    """Intersection over union of boxes ``(n, 3)`` with one, all in voxels; 0 without a size."""
    lower = np.maximum(centres - halves, centre - half)
    upper = np.minimum(centres + halves, centre + half)
    shared = np.prod(np.maximum(upper - lower, 0), axis=1)
    union = np.prod(2 * halves, axis=1) + np.prod(2 * half) - shared
    return np.divide(shared, union, out=np.zeros(len(centres)), where=union > 0)

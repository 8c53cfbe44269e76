"""Compare the files of a case with its first channel, and bring them to its grid if declared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Finding, Level, Problem, found, refusals, run_checks
from radflow.datasets.checks.label import class_voxels
from radflow.datasets.checks.pair import (
    CHANNEL_PAIR_CHECKS,
    LABEL_PAIR_CHECKS,
    OTHER_GRID,
    Pair,
)
from radflow.imaging.nifti import RawNifti, plain_header
from radflow.imaging.regrid import Grid, corner_distance_mm, covered, regrid_image, regrid_labels

_LEAST_COVERED = 0.5
_MOST_CHANGE = 2.0
"""Factor by which nearest neighbours may change the volume of a class."""
_DECLARED = "as `intake: other_grids` of the card says"
_ELSEWHERE = "Bring it to the image's grid at its source, or leave the case out"


@dataclass(frozen=True)
class Aligned:
    """Files of a case on one grid.

    Attributes
    ----------
    images
        In the order of the channels.
    label
        The label map, or None.
    findings
        Of each file: of the images, the first of which has none, then of the label.
    """

    images: list[Examined]
    label: Examined | None
    findings: list[list[Finding]]


def align(
    case: str, images: Sequence[Examined], label: Examined | None, *, resample: bool
) -> Aligned:
    """Compare all files of a case with the first image.

    Parameters
    ----------
    case
        Id.
    images, label
        The examined files, those that could be read.
    resample
        Whether a file on another grid is brought to that of the first image, linearly or, for
        labels, from the nearest voxel. Files of another handedness never are: one may be flipped.
    """
    if not images:
        return Aligned([], label, [])
    first, *others = images
    aligned, findings = [first], [list[Finding]()]
    for other in others:
        image, problems = _compare(case, first, other, other.path.name, resample=resample)
        aligned.append(image)
        findings.append(problems)
    if label is not None:
        label, problems = _compare(case, first, label, "label", resample=resample)
        findings.append(problems)
    return Aligned(aligned, label, findings)


def _compare(
    case: str, first: Examined, other: Examined, role: str, *, resample: bool
) -> tuple[Examined, list[Finding]]:
    checks = LABEL_PAIR_CHECKS if other.classes else CHANNEL_PAIR_CHECKS
    findings = run_checks(checks, Pair(first, other), case=case, role=role)
    refused = {finding.rule for finding in refusals(findings)}
    if not resample or not refused or refused - OTHER_GRID:
        return other, findings
    grids = _grid(first), _grid(other)
    if grids[0] is None or grids[1] is None or other.array is None:
        return other, findings
    return _regrid(case, first, other, role, target=grids[0], source=grids[1])


def _grid(examined: Examined) -> Grid | None:
    if examined.affine is None or len(examined.shape) != 3:
        return None
    i, j, k = examined.shape
    return Grid((i, j, k), examined.affine)


def _regrid(
    case: str, first: Examined, other: Examined, role: str, *, target: Grid, source: Grid
) -> tuple[Examined, list[Finding]]:
    """Put a file on the target's grid, or refuse where too much would be lost or made up."""
    fault, kind = (28, "labels") if other.classes else (29, "images")
    share = float(covered(source, target).mean())
    distance = corner_distance_mm(target, source)
    if share < _LEAST_COVERED:
        message = f"it covers {share:.1%} of the image's voxels, the bound is {_LEAST_COVERED:.0%}"
        problem = Problem(Level.QUAR, message, _ELSEWHERE, distance, "mm")
        reason = "fields of view hardly overlap"
        return other, [found("overlap", fault, reason, problem, case=case, role=role)]
    moved = _moved(first, other, target=target, source=source)
    if lost := _lost(other, moved):
        problem = Problem(Level.QUAR, lost, _ELSEWHERE)
        reason = "labels changed by the image's grid"
        return other, [found("labels-changed", fault, reason, problem, case=case, role=role)]
    message = (
        f"voxels {_shown(other)} on another grid: a corner of the field of view lies "
        f"{distance:.3g} mm from the image's, {share:.1%} of the image's voxels are covered"
    )
    how = "Taken from the nearest voxel" if other.classes else "Interpolated linearly"
    problem = Problem(Level.FIX, message, f"{how}, {_DECLARED}", distance, "mm")
    reason = f"{kind} brought to the first channel's grid"
    return moved, [found("resampled", fault, reason, problem, case=case, role=role)]


def _moved(first: Examined, other: Examined, *, target: Grid, source: Grid) -> Examined:
    """Resample a file that has an array; its header is that of the target's grid."""
    array, fill = np.asarray(other.array), other.rules.fill_not_finite
    if other.classes:
        voxels = regrid_labels(array, source, target)
    else:
        if fill is not None:
            array = np.nan_to_num(array, nan=fill, posinf=fill, neginf=fill)
        voxels = regrid_image(array, source, target)
    code = first.raw.codes[1] or first.raw.codes[0]
    header = plain_header(voxels.shape, voxels.dtype, target.affine, code=code)
    data = bytearray(voxels.tobytes(order="F"))
    return replace(other, raw=RawNifti(header, data, 0, 0, other.raw.compressed))


def _lost(label: Examined, moved: Examined) -> str:
    """Say which classes of a label map shrink or grow too much; nothing for images."""
    before, after = _volumes_ml(label), _volumes_ml(moved)
    changed = [
        f"class {value} has {after[value]:.3g} mL of {volume:.3g} mL"
        for value, volume in before.items()
        if value and not volume / _MOST_CHANGE <= after[value] <= volume * _MOST_CHANGE
    ]
    return f"on the image's grid, {', '.join(changed)}" if changed else ""


def _volumes_ml(label: Examined) -> dict[int, float]:
    affine = np.eye(4) if label.affine is None else label.affine
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    return {value: voxels * voxel_ml for value, voxels in class_voxels(label).items()}


def _shown(examined: Examined) -> str:
    spacing = np.ones(3) if examined.spacing_mm is None else examined.spacing_mm
    return f"{examined.shape} of {' x '.join(f'{size:.3g}' for size in spacing)} mm"

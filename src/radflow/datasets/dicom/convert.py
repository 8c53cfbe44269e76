"""A series of DICOM files to one NIfTI file: checked, real values, the true affine."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from nibabel.nifti1 import Nifti1Header

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.finding import Finding, Level, Problem, found, refusals, run_checks
from radflow.datasets.checks.unreadable import AGAIN, UNREADABLE_FILES, Fault, unreadable_file
from radflow.datasets.dicom.checks import DICOM_CHECKS, NEGLIGIBLE_MM
from radflow.datasets.dicom.header import Header, read_header
from radflow.datasets.dicom.identity import IDENTITY_CHECKS, Identities
from radflow.datasets.dicom.reading import UnreadableDicomError, quiet
from radflow.datasets.dicom.stack import Stack
from radflow.datasets.dicom.voxels import VOXEL_CHECKS, Decoded, decode
from radflow.imaging.nifti import write_raw

_SCANNER = 1
"""Code of a NIfTI form whose axes are the scanner's."""

UNREADABLE = {
    **UNREADABLE_FILES,
    "dicom-header-bytes": Fault(8, Level.QUAR, "the header is too large", AGAIN),
    "dicom-bomb": Fault(9, Level.QUAR, "the file swells when inflated", AGAIN),
    "dicom-preamble": Fault(55, Level.QUAR, "not a DICOM file", AGAIN),
    "dicom-damaged": Fault(55, Level.QUAR, "the DICOM file is damaged", AGAIN),
    "dicom-vr": Fault(55, Level.QUAR, "the DICOM file is damaged", AGAIN),
    "dicom-charset": Fault(
        55, Level.QUAR, "text in an unknown character set", "Correct it at its source"
    ),
    "dicom-value": Fault(55, Level.QUAR, "the DICOM header is not valid", AGAIN),
    "dicom-voxels": Fault(55, Level.QUAR, "voxels can't be decoded", AGAIN),
}
"""What follows when a DICOM file can't be read, by the rule that `UnreadableDicomError` names."""


def convert_series(
    files: Sequence[Path], target: Path, *, case: str, role: str, rules: IntakeRules
) -> list[Finding]:
    """Check the files of one series and, where nothing forbids it, write them as NIfTI.

    Parameters
    ----------
    files
        All files of the series: slices, or one enhanced multi-frame file.
    target
        Where the NIfTI goes; ends in ``.nii.gz``. Its axes are column, row and slice of the DICOM
        images, slices along their normal; its affine leads to RAS+ mm. Values are real ones (slope
        and intercept applied), stored as int16 or uint16 where these are exact, else as float32.
        The header holds no text.
    case, role
        Whom findings name, e.g. ``"image T1"``.
    rules
        Bounds of the card, and what it declares of identity and orientation.

    Returns
    -------
    list of Finding
        The file was written unless one of them is a STOP or a QUAR.
    """
    with quiet():
        headers, unreadable = _headers(files, case=case, role=role)
        if unreadable:
            return unreadable
        stack = Stack(tuple(headers), rules)
        identities = Identities(tuple(header.identity for header in headers), rules)
        findings = run_checks(IDENTITY_CHECKS, identities, case=case, role=role)
        findings += run_checks(DICOM_CHECKS, stack, case=case, role=role)
        if refusals(findings):
            return findings
        try:
            decoded = decode(stack)
        except UnreadableDicomError as error:
            return [*findings, unreadable_finding([error], len(files), case=case, role=role)]
        findings += run_checks(VOXEL_CHECKS, decoded, case=case, role=role)
    if not refusals(findings):
        findings += _write(decoded, target, case=case, role=role)
    return findings


def unreadable_finding(
    errors: Sequence[UnreadableDicomError], count: int, *, case: str, role: str
) -> Finding:
    """Give one finding for files of a series that can't be read, by their most frequent fault."""
    ((rule, _),) = Counter(error.rule for error in errors).most_common(1)
    first = next(error for error in errors if error.rule == rule)
    message = f"{len(errors)} of {count} files can't be used, the first: {first}"
    return unreadable_file(UNREADABLE, rule, message, case=case, role=role)


def _headers(files: Sequence[Path], *, case: str, role: str) -> tuple[list[Header], list[Finding]]:
    headers: list[Header] = []
    errors: list[UnreadableDicomError] = []
    for path in files:
        try:
            headers.append(read_header(path))
        except UnreadableDicomError as error:
            errors.append(error)
    if not files:
        errors.append(UnreadableDicomError(rule="missing-file", message="no file is there"))
    if not errors:
        return headers, []
    return [], [unreadable_finding(errors, len(files), case=case, role=role)]


def _write(decoded: Decoded, target: Path, *, case: str, role: str) -> list[Finding]:
    """Write the volume, after a look at where its header will put every frame."""
    header = Nifti1Header()
    slices, rows, columns = decoded.stored.shape
    volume = np.empty((columns, rows, slices), _smallest_type(decoded), order="F")
    for number, values in enumerate(decoded.real()):
        volume[:, :, number] = values.T
    header.set_data_dtype(volume.dtype)
    header.set_data_shape(volume.shape)
    header.set_sform(decoded.stack.affine, code=_SCANNER)
    spacing = np.linalg.norm(decoded.stack.affine[:3, :3], axis=0)
    header.set_zooms([float(size) for size in spacing])
    header.set_xyzt_units("mm")
    header["scl_slope"], header["scl_inter"] = 1, 0
    findings = _placement(header, decoded.stack, case=case, role=role)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_raw(target, header, volume.tobytes(order="F"))
    return findings


def _placement(header: Nifti1Header, stack: Stack, *, case: str, role: str) -> list[Finding]:
    shift = stack.largest_shift_mm(np.asarray(header.get_sform()))
    if shift <= NEGLIGIBLE_MM:
        return []
    message = f"slices lie up to {shift:.3g} mm from where ImagePositionPatient puts them"
    remedy = "Kept: positions are rounded, the stack is even within its bounds"
    problem = Problem(Level.NOTE, message, remedy, shift, "mm")
    reason = "positions that are not quite even"
    return [found("dicom-positions", 51, reason, problem, case=case, role=role)]


def _smallest_type(decoded: Decoded) -> npt.DTypeLike:
    """Choose the smallest of int16, uint16 and float32 that holds all real values exactly.

    float32 is exact for whole numbers up to 16,777,216, and else off by 6e-8 of a value.
    """
    least, most, whole = decoded.span
    kinds: tuple[type[Any], ...] = (np.int16, np.uint16)
    for kind in kinds:
        limits = np.iinfo(kind)
        if whole and limits.min <= least and most <= limits.max:
            return kind
    return np.float32

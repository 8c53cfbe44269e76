"""Put an accepted file in its place: bytes as delivered, unless a declared repair rewrites them."""

from collections.abc import Iterable, Set
from pathlib import Path

import numpy as np
from nibabel.nifti1 import Nifti1Header

from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Finding, Level
from radflow.datasets.checks.label import label_type
from radflow.imaging.nifti import write_raw

_HEADER_REPAIRS = frozenset({"singletons", "forms", "units", "no-orientation"})
_LABEL_REPAIRS = frozenset({"label-type", "label-bits"})
_VOXEL_REPAIRS = _LABEL_REPAIRS | {"not-finite"}
_REWRITTEN = _HEADER_REPAIRS | _VOXEL_REPAIRS | {"compression", "extensions", "resampled"}
"""Rules whose repair changes bytes; the repair of a wrong suffix is the new name alone."""
_ALIGNED = 2
"""The code of a form that is not the scanner's."""


def store(examined: Examined, target: Path, findings: Iterable[Finding]) -> None:
    """Move a delivered file to `target`, or write it there with the repairs of its findings.

    Parameters
    ----------
    examined
        The delivered file.
    target
        Ends in ``.nii.gz``.
    findings
        Of this file; those of level FIX say what to repair.
    """
    repairs = {finding.rule for finding in findings if finding.level is Level.FIX} & _REWRITTEN
    if not repairs:
        examined.path.chmod(0o644)
        examined.path.replace(target)
        return
    if "resampled" in repairs:  # made from the repaired values, with a header of its own
        repairs = {"resampled"}
    header, data = examined.raw.header.copy(), examined.raw.data
    _repair_header(header, examined, repairs)
    if repairs & _VOXEL_REPAIRS and examined.array is not None:
        kind = label_type(examined) if repairs & _LABEL_REPAIRS else examined.array.dtype
        header.set_data_dtype(kind)
        header["scl_slope"], header["scl_inter"] = 1, 0
        data = examined.array.astype(header.get_data_dtype()).tobytes(order="F")
    write_raw(target, header, data)


def _repair_header(header: Nifti1Header, examined: Examined, repairs: Set[str]) -> None:
    """Repair what a header says of shape and space; sizes first, that all else is in mm."""
    if "singletons" in repairs:
        header.set_data_shape(examined.shape)
    if "units" in repairs:
        _convert_to_mm(header, examined.mm_per_unit)
    if "no-orientation" in repairs and examined.affine is not None:
        header.set_sform(examined.affine, code=_ALIGNED)
    if "forms" in repairs:
        header.set_qform(header.get_sform(), code=examined.raw.codes[0], strip_shears=True)


def _convert_to_mm(header: Nifti1Header, factor: float) -> None:
    for field in ("qoffset_x", "qoffset_y", "qoffset_z"):
        header[field] = float(header[field]) * factor
    for field in ("srow_x", "srow_y", "srow_z"):
        header[field] = np.asarray(header[field], dtype=np.float64) * factor
    header["pixdim"][1:4] = np.asarray(header["pixdim"][1:4], dtype=np.float64) * factor
    times = int(header["xyzt_units"]) & ~7
    header["xyzt_units"] = times | 2

"""Put an accepted file in its place: bytes as delivered, unless a declared repair rewrites them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Finding, Level
from radflow.imaging.nifti import write_raw

_REWRITTEN = frozenset(
    {"compression", "extensions", "singletons", "forms", "label-type", "resampled"}
)
"""Rules whose repair changes bytes; the repair of a wrong suffix is the new name alone."""


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
    header, data = examined.raw.header.copy(), examined.raw.data
    if "singletons" in repairs:
        header.set_data_shape(examined.shape)
    if "forms" in repairs:
        header.set_qform(header.get_sform(), code=examined.raw.codes[0], strip_shears=True)
    if "label-type" in repairs and examined.array is not None:
        header.set_data_dtype(np.uint8)
        header["scl_slope"], header["scl_inter"] = 1, 0
        data = examined.array.astype(np.uint8).tobytes(order="F")
    write_raw(target, header, data)

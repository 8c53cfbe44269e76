"""Checks of a file as bytes: whether it is there, whole, and what its name says."""

import re
from pathlib import Path

from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Check, Finding, Level, Problem
from radflow.datasets.checks.unreadable import AGAIN, UNREADABLE_FILES, Fault, unreadable_file
from radflow.imaging.nifti_reader import UnreadableFileError

_NAME = re.compile(r"(?:\.nii|\.gz|\.hdr|\.img)+$", re.IGNORECASE)
UNREADABLE = {
    **UNREADABLE_FILES,
    "web-page": Fault(
        3,
        Level.QUAR,
        "a web page in place of an image",
        "It is not a gzip file but a page, say of a login: log in, then " + AGAIN.lower(),
    ),
    "truncated": Fault(4, Level.QUAR, "the file is truncated", AGAIN),
    "short": Fault(5, Level.QUAR, "the file is truncated", AGAIN),
    "damaged-gzip": Fault(6, Level.QUAR, "the file is damaged", AGAIN),
    "voxel-budget": Fault(
        8,
        Level.QUAR,
        "more voxels than allowed",
        "If the image is that large, raise `intake: most_voxels` in the dataset card",
    ),
    "surplus-bytes": Fault(9, Level.QUAR, "bytes behind the last voxel", AGAIN),
    "not-nifti": Fault(10, Level.QUAR, "not a NIfTI file", "Convert the image to NIfTI"),
    "bad-header": Fault(10, Level.QUAR, "the header is not valid", AGAIN),
    "analyze": Fault(
        11,
        Level.QUAR,
        "Analyze has no orientation",
        "Convert the image from its DICOM source to NIfTI",
    ),
    "pair": Fault(11, Level.QUAR, "half of a .hdr/.img pair", "Convert both halves to one .nii.gz"),
    "voxel-type": Fault(
        26, Level.STOP, "voxels are not real numbers", "Convert to one real number per voxel"
    ),
    "not-picture": Fault(10, Level.QUAR, "not a picture", "Convert it to PNG, JPEG or TIFF"),
    "damaged-picture": Fault(6, Level.QUAR, "the file is damaged", AGAIN),
    "pages": Fault(26, Level.STOP, "several pictures in one file", "Give each a file of its own"),
    "colour": Fault(
        26, Level.STOP, "a picture in colour", "Convert it to one grey value per pixel"
    ),
    "turned-tiff": Fault(
        24, Level.QUAR, "a TIFF that is turned by its metadata", "Save it upright, or as PNG"
    ),
    "white-is-zero": Fault(
        40, Level.STOP, "a label map stored inverted", "Export it with black as 0 (background)"
    ),
}
"""What follows when `read_raw` or `convert_picture` refuses a file, by the rule it names."""


def unreadable(error: UnreadableFileError, *, case: str, role: str) -> Finding:
    """Give the finding of a file that could not be read."""
    return unreadable_file(UNREADABLE, error.rule, str(error), case=case, role=role)


def stem(path: Path) -> str:
    """Name of a file without suffixes of NIfTI and Analyze, in any case: ``A.NII.gz`` is ``A``."""
    return _NAME.sub("", path.name) or path.name


def _suffix(examined: Examined) -> Problem | None:
    name, content = examined.path.name, "gzip" if examined.raw.compressed else "plain NIfTI"
    right = stem(examined.path) + (".nii.gz" if examined.raw.compressed else ".nii")
    if name == right:
        return None
    remedy = "Kept under the right name"
    return Problem(Level.FIX, f"the name {name!r} should be {right!r}: it is {content}", remedy)


def _compression(examined: Examined) -> Problem | None:
    if examined.raw.compressed:
        return None
    message, remedy = "the file is not compressed", "Kept as .nii.gz; header and voxels unchanged"
    return Problem(Level.FIX, message, remedy)


def _extensions(examined: Examined) -> Problem | None:
    size = examined.raw.extension_bytes
    if size <= 0:
        return None
    message = f"{size} bytes of header extensions, which may hold names or code"
    return Problem(Level.FIX, message, "Dropped without decoding them", size, "bytes")


def _surplus(examined: Examined) -> Problem | None:
    size = examined.raw.surplus_bytes
    if not size:
        return None
    return Problem(Level.NOTE, f"{size} bytes follow the last voxel", "They are not read")


FILE_CHECKS: tuple[Check[Examined], ...] = (
    Check("suffix", 10, "the name does not fit the content", _suffix),
    Check("compression", 10, "the file is not compressed", _compression),
    Check("extensions", 57, "header extensions", _extensions),
    Check("surplus", 9, "bytes behind the last voxel", _surplus),
)

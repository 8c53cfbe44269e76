"""Pictures (PNG, JPEG, TIFF) written as NIfTI: one number per pixel, one slice.

The picture is taken for an axial slice in radiological convention: the patient's right is at its
left edge, the front at its top. Axis i runs along the columns from left to right, j along the rows
from top to bottom, so the orientation is LPS, and a viewer shows the picture upright.
Resolutions in the file's own metadata (dots per inch) are not used: most are a program's default.
"""

import math
from pathlib import Path

import numpy as np
from nibabel.nifti1 import Nifti1Header
from PIL import ExifTags, Image, ImageOps

from radflow.datasets.checks.file import unreadable
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.picture_grey import grey_pixels, stored_bits
from radflow.datasets.picture_text import text_problems
from radflow.imaging.nifti import write_raw
from radflow.imaging.nifti_reader import UnreadableFileError

PICTURE_SUFFIXES = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "TIFF": (".tif", ".tiff"),
}
"""Suffixes of the formats that are read."""
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")
_ALIGNED = 2  # NIfTI's code of a space that is none of the scanner's
_TURNS = {
    2: "mirrored left to right",
    3: "turned by 180 degrees",
    4: "mirrored top to bottom",
    5: "mirrored and turned by 270 degrees",
    6: "turned by 90 degrees",
    7: "mirrored and turned by 90 degrees",
    8: "turned by 270 degrees",
}


def is_picture(path: Path) -> bool:
    """Say whether a file begins like a PNG, JPEG or TIFF, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(4).startswith(_MAGIC)


def convert_picture(
    file: Path,
    target: Path,
    *,
    case: str,
    role: str,
    pixel_mm: float | None,
    most_voxels: int,
    pseudonyms: bool = False,
) -> list[Finding]:
    """Write a picture as a NIfTI image ``(i, j, 1)``: columns, rows, one slice of 1 mm.

    Grey values are kept as stored, in 8, 16 or 32 bits. Metadata are dropped.

    Parameters
    ----------
    file
        PNG, JPEG or TIFF, recognised by its content.
    target
        Ends in ``.nii.gz``; written only where nothing forbids to use the picture.
    case, role
        Named in findings; the role ``label`` keeps the indices of a palette as label values.
    pixel_mm
        Size of a pixel in mm; None where it isn't known: 1 mm is written, and noted.
    most_voxels
        Bound on the pixels that the header names, compared before any of them is decoded.
    pseudonyms
        As in `IntakeRules`.
    """
    try:
        array, problems = _decoded(file, role, most_voxels=most_voxels)
    except UnreadableFileError as error:
        return [unreadable(error, case=case, role=role)]
    if pixel_mm is None:
        remedy = "1 mm is written; set `pixel_mm` in the dataset card if it is known"
        unknown = Problem(Level.NOTE, "the size of a pixel is unknown", remedy)
        problems.append(("pixel-size", 19, "unknown size of pixels", unknown))
    if pseudonyms:
        problems = [_excused(each) for each in problems]
    findings = [
        found(rule, fault, reason, problem, case=case, role=role)
        for rule, fault, reason, problem in problems
    ]
    if all(finding.level in (Level.FIX, Level.NOTE) for finding in findings):
        _write(target, array, pixel_mm or 1.0)
    return findings


_Problem = tuple[str, int, str, Problem]
"""Rule, row of the catalogue of faults, reason, and what was found."""


def _decoded(file: Path, role: str, *, most_voxels: int) -> tuple[np.ndarray, list[_Problem]]:
    """Give the pixels ``(rows, columns)`` and what was found; raise where there are none."""
    _check_head(file)
    problems: list[_Problem] = []
    try:
        with Image.open(file, formats=tuple(PICTURE_SUFFIXES)) as picture:
            _check_size(picture, most_voxels)
            if picture.format == "PNG":
                _check_sums(file)
            bits = stored_bits(picture, file)
            turn = int(picture.getexif().get(ExifTags.Base.Orientation, 1))
            _check_turn(picture, turn)
            problems += _suffix(file, picture.format or "")
            upright = ImageOps.exif_transpose(picture)
            problems += text_problems(picture)
            problems += _turned(turn)
            array, more = grey_pixels(upright, picture, bits=bits, label=role == "label")
    except UnreadableFileError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableFileError(rule="voxel-budget", message=str(error)) from error
    except Exception as error:  # a decoder may raise anything on bytes that are not what they seem
        text = str(error).replace(str(file), file.name) or type(error).__name__
        rule = "truncated" if "truncated" in text.lower() else "damaged-picture"
        raise UnreadableFileError(rule=rule, message=text) from error
    return array, problems + more


def _check_head(file: Path) -> None:
    try:
        with file.open("rb") as stream:
            head = stream.read(64)
    except FileNotFoundError as error:
        message = f"{file.name} is not there"
        raise UnreadableFileError(rule="missing-file", message=message) from error
    except OSError as error:
        message = f"{file.name} can't be read: {error.strerror}"
        raise UnreadableFileError(rule="unreadable", message=message) from error
    if not head:
        raise UnreadableFileError(rule="empty-file", message="0 bytes")
    if head.lstrip().lower().startswith(_PAGES):
        raise UnreadableFileError(rule="web-page", message=f"a web page, it begins {head[:40]!r}")
    if not head.startswith(_MAGIC):
        message = f"neither PNG, JPEG nor TIFF, it begins {head[:16]!r}"
        raise UnreadableFileError(rule="not-picture", message=message)


def _check_size(picture: Image.Image, most_voxels: int) -> None:
    pixels = math.prod(picture.size)
    if pixels > most_voxels:
        size = f"{picture.width} x {picture.height} = {pixels}"
        message = f"the header claims {size} pixels, the bound is {most_voxels}"
        raise UnreadableFileError(rule="voxel-budget", message=message)
    pages = int(getattr(picture, "n_frames", 1))
    if pages > 1:
        message = f"{pages} pictures in one file, one is needed"
        raise UnreadableFileError(rule="pages", message=message)


def _check_turn(picture: Image.Image, turn: int) -> None:
    """Refuse a turned TIFF: Pillow 13 exchanges its width and height, but not its pixels."""
    if picture.format == "TIFF" and turn in _TURNS:
        message = f"it is to be shown {_TURNS[turn]} (orientation {turn})"
        raise UnreadableFileError(rule="turned-tiff", message=message)


def _check_sums(file: Path) -> None:
    """Compare the checksums of a PNG, which decoding passes over."""
    with Image.open(file, formats=("PNG",)) as picture:
        picture.verify()


def _suffix(file: Path, kind: str) -> list[_Problem]:
    right = PICTURE_SUFFIXES.get(kind, ())
    if file.suffix.lower() in right or not right:
        return []
    problem = Problem(Level.FIX, f"the name {file.name!r} should end in {right[0]}", "Read as such")
    return [("suffix", 10, "the name does not fit the content", problem)]


def _turned(turn: int) -> list[_Problem]:
    if turn not in _TURNS:
        return []
    message = f"its metadata say that it is to be shown {_TURNS[turn]} (EXIF orientation {turn})"
    problem = Problem(Level.FIX, message, "Stored as it is to be shown; see that marks fit")
    return [("turned", 24, "turned by its metadata", problem)]


def _excused(found_here: _Problem) -> _Problem:
    """Let text that looks like a name pass: the card says that names are made up."""
    rule, fault, reason, problem = found_here
    if rule != "picture-text":
        return found_here
    dropped = "Dropped; the card says they are pseudonyms"
    return rule, fault, reason, Problem(Level.FIX, problem.message, dropped)


def _write(target: Path, array: np.ndarray, pixel_mm: float) -> None:
    rows, columns = array.shape
    affine = np.diag([-pixel_mm, -pixel_mm, 1.0, 1.0])
    header = Nifti1Header()
    header.set_data_shape((columns, rows, 1))
    header.set_data_dtype(array.dtype)
    header.set_sform(affine, code=_ALIGNED)
    header.set_qform(affine, code=_ALIGNED)
    header.set_xyzt_units("mm")
    header["scl_slope"], header["scl_inter"] = 1, 0
    header["magic"] = b"n+1"
    write_raw(target, header, array.tobytes())  # rows in C order are columns first in Fortran's

"""The table of accepted cases: `cases.tsv`."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from radflow.errors import IntakeError
from radflow.files import read_tsv, sha256_file, write_tsv

COLUMNS = (
    "case",
    "subject",
    "images",
    "label",
    "shape",
    "spacing_mm",
    "orientation",
    "image_sha256",
    "label_sha256",
    "label_voxels",
)


@dataclass(frozen=True)
class Case:
    """An accepted examination: its files, where they lie in space, and their hashes.

    Attributes
    ----------
    case, subject
        Ids; the subject is the patient, the unit of every split.
    images
        One file per channel.
    label
        The label map, or None.
    shape
        Voxels along the file's axes ``(i, j, k)``.
    spacing_mm
        Voxel size along the file's axes, in mm.
    orientation
        Where the file's axes point, e.g. ``"RAS"``.
    image_sha256, label_sha256
        Hashes of the files' bytes.
    label_voxels
        Voxels of each class, background included; empty without a label.
    """

    case: str
    subject: str
    images: tuple[Path, ...]
    label: Path | None
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    orientation: str
    image_sha256: tuple[str, ...]
    label_sha256: str | None
    label_voxels: dict[int, int]


def read_cases(path: Path) -> list[Case]:
    """Read `cases.tsv`; files are resolved against its folder.

    Raises
    ------
    IntakeError
        When a column is missing or the table has other columns.
    """
    table = read_tsv(path, strings=COLUMNS)
    if tuple(table.columns) != COLUMNS:
        message = f"{path}: columns {list(table.columns)}, expected {list(COLUMNS)}; rerun intake"
        raise IntakeError(message)
    rows = table.astype(object).where(table.notna(), "").to_dict(orient="records")
    return [_read_row({str(key): str(row[key]) for key in row}, path.parent) for row in rows]


def write_cases(path: Path, cases: Iterable[Case]) -> None:
    """Write `cases.tsv`, sorted by case; files are named relative to its folder."""
    rows = [_written_row(case, path.parent) for case in sorted(cases, key=lambda case: case.case)]
    write_tsv(path, pd.DataFrame(rows, columns=pd.Index(COLUMNS)))


def verify_case(case: Case) -> None:
    """Check that a case's files are still those that intake accepted.

    Raises
    ------
    IntakeError
        When a file is gone or its bytes have changed.
    """
    files = list(zip(case.images, case.image_sha256, strict=True))
    if case.label is not None and case.label_sha256 is not None:
        files.append((case.label, case.label_sha256))
    for path, expected in files:
        actual = sha256_file(path) if path.is_file() else "none, the file is gone"
        if actual != expected:
            message = (
                f"{case.case}: {path} changed since intake: its sha256 is {actual}, "
                f"accepted was {expected}. Run intake again"
            )
            raise IntakeError(message)


def _written_row(case: Case, folder: Path) -> list[str]:
    voxels = {str(value): case.label_voxels[value] for value in sorted(case.label_voxels)}
    return [
        case.case,
        case.subject,
        json.dumps([_relative(image, folder) for image in case.images]),
        "" if case.label is None else _relative(case.label, folder),
        "x".join(str(size) for size in case.shape),
        "x".join(f"{size:.9g}" for size in case.spacing_mm),
        case.orientation,
        json.dumps(case.image_sha256),
        case.label_sha256 or "",
        json.dumps(voxels),
    ]


def _read_row(row: dict[str, str], folder: Path) -> Case:
    i, j, k = (int(size) for size in row["shape"].split("x"))
    x, y, z = (float(size) for size in row["spacing_mm"].split("x"))
    return Case(
        case=row["case"],
        subject=row["subject"],
        images=tuple(folder / name for name in json.loads(row["images"])),
        label=folder / row["label"] if row["label"] else None,
        shape=(i, j, k),
        spacing_mm=(x, y, z),
        orientation=row["orientation"],
        image_sha256=tuple(json.loads(row["image_sha256"])),
        label_sha256=row["label_sha256"] or None,
        label_voxels={int(value): n for value, n in json.loads(row["label_voxels"]).items()},
    )


def _relative(path: Path, folder: Path) -> str:
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()

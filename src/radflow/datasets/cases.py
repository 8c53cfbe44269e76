"""The table of accepted cases: `cases.tsv`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

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
    "session",
    "patient",
    "target",
    "lesions",
    "covariates",
    "acquisition",
    "signature",
)


@dataclass(frozen=True)
class Lesion:
    """A marked finding, in voxel indices ``(i, j, k)`` along the axes of the stored image.

    Attributes
    ----------
    kind
        ``point``, ``sphere`` or ``box``.
    centre
        Its middle; whole numbers are centres of voxels.
    extent
        Full size along i, j, k in voxels: of the box, or the sphere's diameter; 0 for a point.
    name
        Its class; empty where there is only one.
    """

    kind: str
    centre: tuple[float, float, float]
    extent: tuple[float, float, float]
    name: str = ""


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
    session
        Time point within the subject, as the dataset names it; empty where it names none.
    patient
        Who the subject is beyond this dataset (`patients` of the card); empty where nobody said.
    target
        Class of the case as a whole; empty where the dataset has none.
    lesions
        Marked findings.
    covariates
        What is known of the patient, e.g. age and sex, as text.
    acquisition
        How the first channel was made: scanner, field strength, TR, TE, kVp..., as text.
    signature
        What the first channel looks like, as hexadecimal digits (`datasets.signature`); empty where
        it has no contrast.
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
    session: str = ""
    patient: str = ""
    target: str = ""
    lesions: tuple[Lesion, ...] = ()
    covariates: Mapping[str, str] = field(default_factory=dict[str, str])
    acquisition: Mapping[str, str] = field(default_factory=dict[str, str])
    signature: str = ""


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
        case.session,
        case.patient,
        case.target,
        json.dumps([asdict(lesion) for lesion in case.lesions]),
        json.dumps(dict(case.covariates), sort_keys=True),
        json.dumps(dict(case.acquisition), sort_keys=True),
        case.signature,
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
        session=row["session"],
        patient=row["patient"],
        target=row["target"],
        lesions=tuple(_read_lesion(lesion) for lesion in json.loads(row["lesions"])),
        covariates=json.loads(row["covariates"]),
        acquisition=json.loads(row["acquisition"]),
        signature=row["signature"],
    )


def _read_lesion(record: dict[str, Any]) -> Lesion:
    i, j, k = record["centre"]
    di, dj, dk = record["extent"]
    return Lesion(record["kind"], (i, j, k), (di, dj, dk), record["name"])


def _relative(path: Path, folder: Path) -> str:
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()

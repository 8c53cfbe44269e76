"""A folder of cases listed by a sheet, each sound until a fault is planted in it."""

import zlib
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

SHAPE = (16, 18, 14)
AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])
CARD = {
    "title": "Planted faults",
    "licence": "CC0-1.0",
    "citation": "none",
    "layout": "table",
    "channels": ["first", "second"],
    "modality": "CT",
    "classes": {0: "background", 1: "liver", 2: "tumour"},
    "targets": ["tumour", "cyst"],
    "table": {
        "file": "cases.csv",
        "images": ["first", "second"],
        "case": "case",
        "subject": "subject",
        "label": "label",
        "target": "target",
        "raters": ["reader_1", "reader_2"],
        "covariates": ["age"],
        "lesions": {
            "kind": "box",
            "units": "voxel",
            "lower": ["x0", "y0", "z0"],
            "upper": ["x1", "y1", "z1"],
        },
    },
    "intake": {"least_voxels_per_axis": 4},
    "sources": [{"path": "own"}],
}
_BOX = {"x0": "9", "y0": "6", "z0": "4", "x1": "11", "y1": "10", "z1": "8"}


class Cohort:
    """Cases under construction: two channels, a label map and one or more rows of the sheet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows: list[dict[str, str]] = []
        root.mkdir(parents=True)

    def add(self, case: str) -> None:
        """Write a sound case."""
        for channel in ("first", "second"):
            nib.save(volume(hounsfield(case + channel)), self.file(case, channel))
        nib.save(volume(labels()), self.file(case, "label"))
        files = {what: self.file(case, what).name for what in ("first", "second", "label")}
        votes = dict.fromkeys(("target", "reader_1", "reader_2"), "tumour")
        row = {"case": case, "subject": f"patient {case}", **files, **votes, "age": "61", **_BOX}
        self.rows.append(row)

    def file(self, case: str, what: str) -> Path:
        """Name a file of a case: ``first``, ``second`` or ``label``."""
        return self.root / f"{case}-{what}.nii.gz"

    def row(self, case: str) -> dict[str, str]:
        """Find the first row of a case."""
        return next(row for row in self.rows if row["case"] == case)

    def write_sheet(self) -> None:
        """Write the sheet of all rows."""
        pd.DataFrame(self.rows).to_csv(self.root / "cases.csv", index=False)


def hounsfield(seed: str) -> np.ndarray:
    """A CT in HU: air around a body whose texture depends on `seed`."""
    generator = np.random.default_rng(zlib.crc32(seed.encode()))
    size = np.array(SHAPE).reshape(3, 1, 1, 1)
    centred = (np.indices(SHAPE) - (size - 1) / 2) / (size / 2.4)
    body = generator.normal(40, 60, SHAPE)
    air = generator.normal(-1000, 5, SHAPE)
    return np.where((centred**2).sum(axis=0) < 1, body, air).astype(np.int16)


def labels() -> np.ndarray:
    """A liver with a tumour beside it."""
    made = np.zeros(SHAPE, np.uint8)
    made[5:9, 6:11, 4:9] = 1
    made[9:12, 6:11, 4:9] = 2
    return made


def volume(values: np.ndarray, affine: np.ndarray = AFFINE) -> nib.Nifti1Image:
    """Make an image with both forms set, in mm."""
    image = nib.Nifti1Image(values, affine, dtype=values.dtype)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    image.header.set_xyzt_units("mm")
    return image

"""Small BIDS datasets on disk, and cards for them."""

import json
import tarfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from radflow.config.dataset import DatasetCard

SHAPE = (12, 14, 10)
IMAGES = {"T1w": "T1w", "FLAIR": "FLAIR"}


def bids_card(bids: dict[str, Any] | None = None, **changes: Any) -> DatasetCard:
    """Make a card of two channels and a lesion; `bids` replaces keys of that section."""
    section = {"images": IMAGES, "label": "label-lesion_mask"} | (bids or {})
    record = {
        "title": "Toy",
        "licence": "CC0-1.0",
        "citation": "none",
        "layout": "bids",
        "channels": list(section["images"]),
        "modality": "MR",
        "classes": {0: "background", 1: "lesion"} if section["label"] else {},
        "bids": section,
        "sources": [{"path": "toy"}],
    }
    return DatasetCard.model_validate(record | changes)


def volume(array: np.ndarray, affine: np.ndarray | None = None) -> nib.Nifti1Image:
    """Make a NIfTI-1 image in mm, of 1 mm voxels unless told otherwise, both forms coded."""
    affine = np.eye(4) if affine is None else affine
    made = nib.Nifti1Image(array, affine)
    made.set_qform(affine, 1)
    made.set_sform(affine, 1)
    made.header.set_xyzt_units("mm")
    return made


def noise(seed: int | list[int] = 0) -> np.ndarray:
    """Make voxels of an image."""
    return np.random.default_rng(seed).normal(100, 20, SHAPE).astype(np.float32)


def lesion() -> np.ndarray:
    """Make a label map."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[3:7, 4:9, 2:6] = 1
    return labels


class BidsFolder:
    """A dataset under construction, below `folder`; the raw dataset is `root`."""

    def __init__(self, folder: Path, raw: str = "", derivatives: str = "derivatives/manual"):
        self.folder = folder
        self.root = folder / raw
        self.derivatives = folder / derivatives
        self.root.mkdir(parents=True, exist_ok=True)

    def file(self, ending: str, whose: str = "sub-01", root: Path | None = None) -> Path:
        """Give the place of a file, e.g. of ``sub-01_ses-02`` and ``T1w.nii.gz``."""
        path = (root or self.root).joinpath(*whose.split("_"), "anat", f"{whose}_{ending}")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def image(self, ending: str, whose: str = "sub-01", made: Any = None) -> Path:
        """Write an image; what it shows differs with its name."""
        path = self.file(f"{ending}.nii.gz", whose)
        seed = [*f"{whose}{ending}".encode()]
        nib.save(volume(noise(seed)) if made is None else made, path)
        return path

    def label(
        self, whose: str = "sub-01", ending: str = "label-lesion_mask", made: Any = None
    ) -> Path:
        """Write a label map to the derivatives."""
        path = self.file(f"{ending}.nii.gz", whose, self.derivatives)
        nib.save(volume(lesion()) if made is None else made, path)
        return path

    def add(self, *owners: str) -> None:
        """Write both channels and the label map of subjects, or of sessions."""
        for whose in owners:
            for ending in IMAGES.values():
                self.image(ending, whose)
            self.label(whose)

    def table(self, text: str, name: str = "participants.tsv") -> Path:
        """Write a table; words are divided by spaces here and by tabs in the file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(" ", "\t") + "\n", encoding="utf-8")
        return path

    def sidecar(self, record: Any, name: str) -> Path:
        """Write a JSON file, `name` relative to the raw dataset."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(record if isinstance(record, str) else json.dumps(record))
        return path

    def pack(self, path: Path) -> Path:
        """Make the archive."""
        with tarfile.open(path, "w") as tar:
            for file in sorted(self.folder.rglob("*")):
                tar.add(file, Path("toy") / file.relative_to(self.folder), recursive=False)
        return path

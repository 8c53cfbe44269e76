"""Small datasets of every layout, as a user's folder might hold them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from radflow.config.stages import MARK

SHAPE = (12, 14, 10)


def write_nifti(path: Path, array: np.ndarray, affine: np.ndarray | None = None) -> None:
    affine = np.eye(4) if affine is None else affine
    image = nib.Nifti1Image(array, affine)
    image.set_qform(affine, 1)
    image.set_sform(affine, 1)
    image.header.set_xyzt_units("mm")
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, path)


def intensities(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(100, 20, SHAPE).astype(np.float32)


def labels(values: Sequence[int] = (1, 2)) -> np.ndarray:
    made = np.zeros(SHAPE, np.uint8)
    for place, value in enumerate(values):
        made[3 + 3 * place : 5 + 3 * place, 4:8, 2:6] = value
    return made


def write_msd(root: Path, cases: int = 12, **changes: object) -> Path:
    names = [f"case_{number:02d}.nii.gz" for number in range(cases)]
    for number, name in enumerate(names):
        write_nifti(root / "imagesTr" / name, intensities(number))
        write_nifti(root / "labelsTr" / name, labels())
    record = {
        "modality": {"0": "T1"},
        "labels": {"0": "background", "1": "anterior", "2": "posterior"},
        "training": [{"image": f"imagesTr/{n}", "label": f"labelsTr/{n}"} for n in names],
        **changes,
    }
    (root / "dataset.json").write_text(json.dumps(record), encoding="utf-8")
    return root


def write_bids(
    root: Path, subjects: int = 3, suffixes: Sequence[str] = ("T1w", "FLAIR"), mask: str = "mask"
) -> Path:
    for number in range(1, subjects + 1):
        subject = f"sub-{number:02d}"
        for seed, suffix in enumerate(suffixes):
            path = root / subject / "anat" / f"{subject}_{suffix}.nii.gz"
            write_nifti(path, intensities(seed))
        if mask:
            path = root / "derivatives" / subject / "anat" / f"{subject}_desc-lesion_{mask}.nii.gz"
            write_nifti(path, labels([1]))
    return root


def write_dicom(
    root: Path, studies: Mapping[str, Sequence[str]], *, removed: str = "YES", modality: str = "MR"
) -> Path:
    """Write two headers for each series; `studies` maps a patient to descriptions of series."""
    for patient, descriptions in studies.items():
        study = generate_uid(entropy_srcs=[patient])
        for number, description in enumerate(descriptions):
            series = generate_uid(entropy_srcs=[patient, str(number)])
            for instance in range(2):
                _write_instance(
                    root / patient / f"series-{number}" / f"{instance:03d}",
                    {
                        "PatientID": patient,
                        "PatientIdentityRemoved": removed,
                        "StudyInstanceUID": study,
                        "SeriesInstanceUID": series,
                        "SeriesDescription": description,
                        "Modality": modality,
                    },
                )
    return root


def _write_instance(path: Path, values: Mapping[str, str]) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(path)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    for key, value in values.items():
        if value:
            setattr(dataset, key, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path)


def write_picture(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (16, 16), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def write_pictures(root: Path, folders: Sequence[str], count: int = 3) -> Path:
    for place, folder in enumerate(folders):
        for number in range(count):
            write_picture(root / folder / f"{place}{number}.png", number)
    return root


def write_project(root: Path) -> Path:
    (root / "config").mkdir(parents=True)
    (root / "config" / "config.yaml").write_text("studies: []\ndatasets: [own]\n")
    (root / "dvc.yaml").write_text(f"stages:\n{MARK}")
    return root

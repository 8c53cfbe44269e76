"""Small classifiers on disk that look trained, and images for them."""

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file

from radflow.files import sha256_file
from radflow.inference.card import ClassifierCard
from radflow.networks.classifiers import build_classifier

CLASSES = ("glioma", "meningioma", "none")
SHAPE = (12, 14, 10)
_CNN = {"name": "cnn", "channels": [4], "dropout": 0.0, "pooling": "mean", "depth": None}


def toy_record(**changes: Any) -> dict[str, Any]:
    """Make the record of a fold of a CNN that sees whole volumes of one channel, T1."""
    record = {
        "format": 1,
        "task": "classification",
        "study": "toy",
        "model": "cnn",
        "fold": 0,
        "dataset": "toys",
        "channels": ["T1"],
        "modality": "MR",
        "target": {"kind": "multi-class", "classes": list(CLASSES)},
        "view": {"view": "whole"},
        "plan": {
            "spacing_mm": [1.0, 1.0, 1.0],
            "patch_size": list(SHAPE),
            "normalisation": "zscore",
            "smooth": True,
        },
        "intensity": None,
        "mirror_axes": [0],
        "temperature": 1.5,
        "training": {"steps": 3},
        "rules": {},
        "inputs_sha256": {"plan.json": "0"},
    }
    return record | changes


def flat_record(**changes: Any) -> dict[str, Any]:
    """Make the record of a CNN that sees 2D images of 32 x 24 pixels of 0.5 mm."""
    plan = {"spacing_mm": [0.5, 0.5, 1.0], "patch_size": [32, 24, 1], "normalisation": "zscore"}
    return toy_record(**{"plan": {**plan, "smooth": True}, "pixel_mm": 0.5, **changes})


def write_classifier(folder: Path, record: dict[str, Any], folds: int = 2) -> Path:
    """Write folds with weights drawn from a generator keyed by the fold; gives the model's folder.

    The network fits the record's channels, view and classes.
    """
    for fold in range(folds):
        target = folder / f"fold-{fold}"
        target.mkdir(parents=True)
        network = build_classifier(_network(record))
        generator = torch.Generator().manual_seed(fold)
        weights = {
            name: torch.rand(value.shape, generator=generator) - 0.3
            if value.is_floating_point()
            else value
            for name, value in network.state_dict().items()
        }
        weights |= {name: value.abs() + 0.5 for name, value in weights.items() if "var" in name}
        save_file(weights, target / "weights.safetensors")
        own = {
            **record,
            "fold": fold,
            "network": _network(record),
            "weights_sha256": sha256_file(target / "weights.safetensors"),
        }
        ClassifierCard.model_validate(own)
        (target / "model.json").write_text(json.dumps(own))
    return folder


def _network(record: dict[str, Any]) -> dict[str, Any]:
    size, view = record["plan"]["patch_size"], record["view"]["view"]
    flat = view != "whole" or 1 in size
    windows = len(record["plan"].get("windows_hu") or [None])
    deep = size[record["view"].get("axis", 2)] if view == "neighbours" else 1
    inputs = len(record["channels"]) * windows * (3 if view == "planes" else deep)
    classes = len(record["target"]["classes"])
    outputs = classes - (record["target"]["kind"] == "ordinal")
    made = {**_CNN, "inputs": inputs, "outputs": outputs, "dimensions": 2 if flat else 3}
    return made | record.get("network", {})


def write_volume(
    path: Path,
    *,
    seed: int = 0,
    shape: tuple[int, ...] = SHAPE,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    constant: bool = False,
    voxels: npt.NDArray[np.int16] | None = None,
) -> Path:
    """Write noise, or `voxels`, as a NIfTI image with both of its forms set."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if voxels is None:
        voxels = np.random.default_rng(seed).uniform(0, 900, shape).astype(np.int16)
    affine = np.diag([*spacing, 1.0])
    image = nib.Nifti1Image(np.ones_like(voxels) if constant else voxels, affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return path

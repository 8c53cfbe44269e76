"""Small trained-looking models on disk."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings
from safetensors.torch import save_file
from toy_network import TOY_UNET

from radflow.files import sha256_file
from radflow.networks.segmenters import build_segmenter

# A loaded machine is no failure: no test is told by the time it takes.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

BASELINE = {"name": "mean_shape", "outputs": 3, "shape": [6, 8, 6]}

WriteFold = Callable[..., Path]


def write_fold(folder: Path, fold: int, *, network: dict[str, Any], **changes: Any) -> Path:
    """Write fold-K with weights drawn from a generator keyed by the fold."""
    target = folder / f"fold-{fold}"
    target.mkdir(parents=True)
    generator = torch.Generator().manual_seed(fold)
    weights = {
        name: torch.rand(value.shape, generator=generator) - 0.3
        for name, value in build_segmenter(network).state_dict().items()
    }
    save_file(weights, target / "weights.safetensors")
    record = {
        "format": 1,
        "study": "toy",
        "model": folder.name,
        "fold": fold,
        "task": "segmentation",
        "dataset": "toys",
        "channels": ["T1"],
        "modality": "MR",
        "classes": {"0": "background", "1": "anterior", "2": "posterior"},
        "network": network,
        "plan": {"spacing_mm": [1.0, 1.0, 1.0], "patch_size": [8, 8, 8], "normalisation": "zscore"},
        "inference": {"overlap": 0.5, "mirror_axes": [0]},
        "training": {"steps": 3, "best_epoch": 0},
        "rules": {},
        "weights_sha256": sha256_file(target / "weights.safetensors"),
        "inputs_sha256": {"plan.json": str(fold)},
        **changes,
    }
    (target / "model.json").write_text(json.dumps(record))
    return target


@pytest.fixture
def fold_writer() -> WriteFold:
    return write_fold


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "unet"
    for fold in (0, 1):
        write_fold(folder, fold, network=TOY_UNET)
    return folder


@pytest.fixture
def baseline_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "baseline"
    write_fold(folder, 0, network=BASELINE)
    write_fold(folder, 1, network={**BASELINE, "shape": [4, 8, 10]})
    return folder

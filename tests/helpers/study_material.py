"""Small made-up records and images of a study, for the tests of its report."""

from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pandas as pd

from radflow.config.dataset import DatasetCard
from radflow.config.training import ModelRules

CLASSES = {0: "background", 1: "anterior", 2: "posterior"}
SHAPE = (35, 50, 35)
FOLDS = (0, 1)
PARTS = ("fold-0", "fold-1", "test")
HASH = "0123456789abcdef" * 4

Labels = npt.NDArray[np.uint8]


MODELS = ("unet", "baseline")


def ellipsoid(
    rng: np.random.Generator, *, shift: float = 0.0, scale: float = 1.0, cut: float = 0.0
) -> Labels:
    """Draw a label map (i, j, k): an ellipsoid in two halves, the front one is 1."""
    radius = np.array([8.0, 15.0, 7.0]) * rng.uniform(0.85, 1.15, 3) * scale
    centre = np.array(SHAPE) / 2 + rng.uniform(-2, 2, 3) + shift
    grid = np.indices(SHAPE).transpose(1, 2, 3, 0)
    inside = (((grid - centre) / radius) ** 2).sum(-1) <= 1
    return np.where(inside, np.where(grid[..., 1] > centre[1] + cut, 1, 2), 0).astype(np.uint8)


def guess(case: str, model: str) -> Labels:
    """Predict a case: the model nearly right, the baseline the same shape for all."""
    number = int(case.removeprefix("shape_"))
    if model == "baseline":
        return ellipsoid(np.random.default_rng(10_000))
    error = np.random.default_rng(1000 + number).normal(0, 1, 3)
    return ellipsoid(
        np.random.default_rng(number),
        shift=0.35 * error[0],
        scale=1 + 0.02 * error[1],
        cut=0.7 * error[2],
    )


def write_image(
    path: Path, array: npt.NDArray[np.float32], affine: npt.NDArray[np.float64]
) -> None:
    """Write an image with both of its forms set."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(array, affine)
    image.set_qform(affine, code=1)
    image.set_sform(affine, code=1)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)


def make_card() -> DatasetCard:
    return DatasetCard.model_validate(
        {
            "title": "Ellipsoids in noise",
            "description": "Ellipsoids in two halves.",
            "licence": "CC0-1.0",
            "attribution": "Nobody",
            "citation": "None et al., arXiv:0000.00000",
            "layout": "msd",
            "channels": ["T1"],
            "modality": "MR",
            "classes": CLASSES,
            "sources": [{"mirror": "Ellipsoids.tar", "checksum": f"sha256:{HASH}"}],
        }
    )


def make_plan(development: int) -> dict[str, object]:
    choices = {
        "spacing_mm": (
            [1.0, 1.0, 1.0],
            f"Median of {development} development cases: 1 x 1 x 1 mm.",
        ),
        "patch_size": ([48, 64, 48], "Median shape, up to the next multiple of 8."),
        "batch_size": (2, "Two patches fit the memory bound."),
        "levels": (4, "Halved until the coarsest axis has 4 voxels or more."),
        "normalisation": ("zscore", "MR has no scale of its own."),
    }
    plan = {key: {"value": value, "reason": why} for key, (value, why) in choices.items()}
    return plan | {"fingerprint": {"cases": development, "subjects": development}}


def make_findings() -> pd.DataFrame:
    columns = ("case", "rule", "fault", "level", "message", "remedy", "size", "unit")
    rows = [
        (
            "shape_900",
            "truncated",
            4,
            "QUAR",
            "shape_900: file ends early",
            "download again",
            "",
            "",
        ),
        (
            "shape_901",
            "grids",
            44,
            "QUAR",
            "shape_901: label on another grid",
            "resample",
            3.2,
            "mm",
        ),
        (
            "shape_003",
            "qform-sform",
            17,
            "FIX",
            "shape_003: forms differ",
            "sform used",
            0.01,
            "mm",
        ),
        ("shape_004", "storage", 24, "NOTE", "shape_004: stored as uint8", "", "", ""),
    ]
    return pd.DataFrame(rows, columns=list(columns))


def make_record(model: str, fold: int, cases: int) -> dict[str, object]:
    tuning = len(range(fold, cases, 3))
    training: dict[str, object] = {
        "training_cases": cases - tuning - len(range(2, cases, 3)),
        "tuning_cases": tuning,
    }
    network: dict[str, object] = {"name": "mean_shape", "outputs": 3, "shape": list(SHAPE)}
    if model == "unet":
        network = {
            "name": "unet",
            "channels": [16, 48],
            "most_channels": 320,
            "decoder": "light",
            "levels": 4,
        }
        network |= {"inputs": 1, "outputs": 3}
        training |= {"steps": 4000, "steps_per_epoch": 100, "batch_size": 2, "best_epoch": 30}
        training |= {"best_score": 0.9, "seed": 0, "parameters": 1_412_345}
        training |= {"precision": "32-true", "threads": 2}
    return {
        "format": 1,
        "study": "shapes",
        "model": model,
        "fold": fold,
        "task": "segmentation",
        "dataset": "ellipsoids",
        "channels": ["T1"],
        "modality": "MR",
        "classes": {str(label): name for label, name in CLASSES.items()},
        "network": network,
        "plan": {"spacing_mm": [1, 1, 1], "patch_size": [48, 64, 48], "normalisation": "zscore"},
        "inference": {"overlap": 0.5, "mirror_axes": [0]},
        "training": training,
        "rules": ModelRules().model_dump(mode="json"),
        "weights_sha256": HASH,
        "inputs_sha256": {"plan.json": HASH},
    }


def make_history(fold: int) -> pd.DataFrame:
    epochs = np.arange(40)
    wobble = 0.01 * np.random.default_rng(fold).normal(size=(2, 40))
    dice = 0.9 - 0.6 * np.exp(-epochs / 6) + wobble[0] * np.exp(-epochs / 20)
    return pd.DataFrame(
        {
            "epoch": epochs,
            "step": (epochs + 1) * 100,
            "learning_rate": 3e-3 * (1 - epochs / 40),
            "loss": 0.2 + 1.2 * np.exp(-epochs / 6) + wobble[1],
            "dice_anterior": dice + 0.01,
            "dice_posterior": dice - 0.01,
            "score": dice,
            "best": (epochs == 30).astype(int),
        }
    )

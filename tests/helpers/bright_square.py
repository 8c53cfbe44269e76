"""A study whose answer is known: a network whose only unit looks at a bright square."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file
from study_material import write_image
from torch import nn

from radflow.datasets.cases import Case, Lesion
from radflow.files import sha256_file, write_tsv
from radflow.imaging.preparation import Preparation
from radflow.imaging.preprocess import preprocess_image
from radflow.imaging.volume import write_labels
from radflow.networks.image_classifier import ImageClassifier, build_image_classifier
from radflow.patches.store import write_shard

CLASSES = ("none", "square")
AFFINE = np.array([[-1.0, 0, 0, 31], [0, 0, 1.0, 0], [0, 1.0, 0, 0], [0, 0, 0, 1]])
RECORD = {
    "name": "cnn",
    "depth": None,
    "dimensions": 2,
    "inputs": 1,
    "outputs": 2,
    "channels": [2, 2],
    "dropout": 0.0,
    "pooling": "mean",
    "stem": 4,
    "shortcut": "strided",
}


def square_network() -> ImageClassifier:
    """Make a network of two stages; unit 0 of each is the local mean where it is above 2."""
    network = build_image_classifier(RECORD).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.zero_()
                module.weight[0, 0, 1, 1] = 1.0
        network.stages["level0"][0].weight[0, 0] = 1 / 9
        network.stages["level0"][1].bias[0] = -2.0
        network.head.weight.copy_(torch.tensor([[-8.0, 0.0], [8.0, 0.0]]))
        network.head.bias.copy_(torch.tensor([0.1, -0.1]))
    return network.requires_grad_(requires_grad=False)


def write_square_study(root: Path, *, cases: int = 8, labelled: bool = True) -> list[Case]:
    """Write images, shard, fold and scores: flat images of 32 x 24, their axes turned.

    Every second case has a square of 5 voxels; case 6's is so dim that the network misses it.
    """
    made = [_case(root, number, labelled=labelled) for number in range(cases)]
    plan = Preparation(spacing_mm=(1, 1, 1), normalisation="zscore")
    records = [
        preprocess_image(each.images, each.label, plan=plan, case=each.case) for each in made
    ]
    write_shard(root / "a.shard", records)
    _write_fold(root / "fold-0")
    write_tsv(root / "fold-0.tsv", _scores(made))
    return made


def _case(root: Path, number: int, *, labelled: bool) -> Case:
    rng = np.random.default_rng(number)
    image = rng.normal(0, 0.1, (32, 1, 24)).astype(np.float32)
    label = np.zeros(image.shape, np.uint8)
    name = f"case-{number}"
    i, k = 4 + 2 * number, 15 - number
    if number % 2 == 0:
        image[i : i + 5, :, k : k + 5] += 0.05 if number == 6 else 3.0
        label[i : i + 5, :, k : k + 5] = 1
    paths = [root / f"{name}.{kind}.nii.gz" for kind in ("image", "label")]
    write_image(paths[0], image, AFFINE)
    write_labels(paths[1], label, AFFINE)
    lesion = Lesion("box", (i + 2.0, 0.0, k + 2.0), (5.0, 1.0, 5.0))
    return Case(
        case=name,
        subject=name,
        images=(paths[0],),
        label=paths[1] if labelled else None,
        shape=image.shape,
        spacing_mm=(1.0, 1.0, 1.0),
        orientation="LSA",
        image_sha256=(sha256_file(paths[0]),),
        label_sha256=sha256_file(paths[1]) if labelled else None,
        label_voxels={},
        target=CLASSES[1 - number % 2],
        lesions=() if number % 2 else (lesion,),
    )


def _write_fold(folder: Path) -> None:
    folder.mkdir()
    save_file(square_network().state_dict(), folder / "weights.safetensors")
    card = {
        "format": 1,
        "study": "squares",
        "model": "cnn",
        "fold": 0,
        "task": "classification",
        "dataset": "squares",
        "channels": ["T1"],
        "modality": "MR",
        "network": RECORD,
        "plan": {
            "spacing_mm": [1.0, 1.0, 1.0],
            "patch_size": [32, 24, 1],
            "normalisation": "zscore",
        },
        "target": {"kind": "binary", "classes": CLASSES},
        "view": {"view": "whole"},
        "mirror_axes": [0],
        "temperature": 1.0,
        "weights_sha256": sha256_file(folder / "weights.safetensors"),
    }
    (folder / "model.json").write_text(json.dumps(card))


def _scores(cases: list[Case]) -> pd.DataFrame:
    rows = []
    for number, case in enumerate(cases):
        chance = 0.9 if number % 2 == 0 and number != 6 else 0.1
        rows.append((case.case, case.subject, "fold-0", case.target, 1 - chance, chance))
    names = ("case", "subject", "part", "reference", *(f"p:{name}" for name in CLASSES))
    return pd.DataFrame(rows, columns=list(names))

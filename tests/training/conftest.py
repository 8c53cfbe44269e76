"""A tiny study on disk: ellipsoids in noise, preprocessed and split, ready to train on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from radflow.config.preprocess import PatchRules
from radflow.config.split import SplitRules
from radflow.datasets.cases import Case, write_cases
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.patches.index import build_index, write_index
from radflow.patches.store import ShardSet, write_shard
from radflow.splits import write_split
from radflow.training.job import Inputs, Job, Settings

_SHAPE = (17, 20, 15)


def _preprocessed(case: str) -> PreprocessedCase:
    rng = np.random.default_rng(int(case.removeprefix("case-")))
    grid = np.stack(np.meshgrid(*map(np.arange, _SHAPE), indexing="ij"))
    centre = np.array(_SHAPE) / 2 + rng.uniform(-1.5, 1.5, 3)
    radius = np.linalg.norm(
        (grid - centre[:, None, None, None]) / [[[[4]]], [[[6]]], [[[4]]]], axis=0
    )
    label = (radius < 1).astype(np.uint8)
    label[(label > 0) & (grid[1] > centre[1])] = 2
    image = label + rng.normal(0, 0.4, _SHAPE)
    image = ((image - image.mean()) / image.std()).astype(np.float32)[None]
    return PreprocessedCase(case, image, label, Geometry(_SHAPE, np.eye(4), (1.0, 1.0, 1.0)))


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """The files that the earlier steps would have written, for 16 subjects in 3 folds."""
    folder = tmp_path_factory.mktemp("training")
    names = [f"case-{number}" for number in range(16)]
    cases = [
        Case(
            case=name,
            subject=name,
            images=(Path(f"images/{name}.nii.gz"),),
            label=Path(f"labels/{name}.nii.gz"),
            shape=_SHAPE,
            spacing_mm=(1.0, 1.0, 1.0),
            orientation="RAS",
            image_sha256=(f"{number:064x}",),
            label_sha256=f"{number + 100:064x}",
            label_voxels={0: 5000, 1: 50, 2: 50},
        )
        for number, name in enumerate(names)
    ]
    files = Inputs(
        cases=folder / "cases.tsv",
        split=folder / "split.tsv",
        split_record=folder / "split.json",
        plan=folder / "plan.json",
        index=folder / "index.parquet",
        shards=(folder / "development-000.shard",),
    )
    write_cases(files.cases, cases)
    rules = SplitRules(key="tiny", test_share=0.3, folds=3)
    split = write_split(cases, rules, tsv=files.split, record=files.split_record)
    development = split.development_cases(cases)
    write_shard(files.shards[0], (_preprocessed(case.case) for case in development))
    write_index(files.index, build_index(ShardSet(files.shards), PatchRules(per_class=8)))
    plan = {
        "spacing_mm": [1, 1, 1],
        "patch_size": [16, 16, 16],
        "batch_size": 2,
        "levels": 2,
        "normalisation": "zscore",
        "windows_hu": None,
        "smooth": False,
    }
    files.plan.write_text(json.dumps({key: {"value": value} for key, value in plan.items()}))
    return files


def _settings(**training: Any) -> Settings:
    network = training.pop("network", {"name": "unet", "channels": [4]})
    rules = {"budget": {"steps": 6}, "steps_per_epoch": 2, "precision": "float32", **training}
    return Settings.model_validate(
        {
            "task": "segmentation",
            "study": "tiny",
            "model": "unet",
            "fold": 0,
            "dataset": "ellipsoids",
            "rules": {"network": network, "training": rules},
            "classes": {0: "background", 1: "front", 2: "back"},
            "channels": ["T1"],
            "modality": "MR",
        }
    )


@pytest.fixture
def settings() -> Callable[..., Settings]:
    """Make settings of a tiny U-Net; keywords override its training section."""
    return _settings


@pytest.fixture
def job(inputs: Inputs) -> Callable[..., Job]:
    """Make a job that writes to a folder; keywords override the training section."""
    return lambda folder, **training: Job.read(_settings(**training), inputs, folder)

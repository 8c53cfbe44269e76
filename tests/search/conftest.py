"""Tiny studies of both families on disk, preprocessed and split, ready to search on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from radflow.config.classification import InputRules
from radflow.config.preprocess import PatchRules
from radflow.config.search import TrialRules
from radflow.config.split import SplitRules
from radflow.datasets.cases import Case, read_cases, write_cases
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.patches.index import build_index, write_index
from radflow.patches.store import ShardSet, write_shard
from radflow.patches.views import build_views
from radflow.search.trial import Material
from radflow.splits import write_split
from radflow.training.job import Inputs, Settings

_SHAPE = (12, 12, 12)
_CLASSES = ("dark", "bright")
_TARGET = {"kind": "binary", "classes": list(_CLASSES)}
_SPACE = {
    "training.learning_rate": {"log_uniform": [1e-4, 1e-1]},
    "network.channels": {"choice": [[4], [4, 8]]},
}

MakeMaterial = Callable[..., Material]


def _number(case: str) -> int:
    return int(case.removeprefix("case-"))


def _preprocessed(case: str) -> PreprocessedCase:
    rng = np.random.default_rng(_number(case))
    label = np.zeros(_SHAPE, np.uint8)
    i, j, k = rng.integers(2, 5, 3)
    label[i : i + 5, j : j + 5, k : k + 5] = 1
    image = label * (1.0 + _number(case) % 2) + rng.normal(0, 0.4, _SHAPE)
    return PreprocessedCase(
        case, image.astype(np.float32)[None], label, Geometry(_SHAPE, np.eye(4), (1.0, 1.0, 1.0))
    )


def _case(number: int) -> Case:
    return Case(
        case=f"case-{number}",
        subject=f"case-{number}",
        images=(Path(f"images/{number}.nii.gz"),),
        label=Path(f"labels/{number}.nii.gz"),
        shape=_SHAPE,
        spacing_mm=(1.0, 1.0, 1.0),
        orientation="RAS",
        image_sha256=(f"{number:064x}",),
        label_sha256=f"{number + 100:064x}",
        label_voxels={0: 1603, 1: 125},
        target=_CLASSES[number % 2],
    )


def _prepare(folder: Path, task: str) -> Inputs:
    files = Inputs(
        cases=folder / "cases.tsv",
        split=folder / "split.tsv",
        split_record=folder / "split.json",
        plan=folder / "plan.json",
        index=folder / "index.parquet",
        shards=(folder / "development-000.shard",),
    )
    write_cases(files.cases, [_case(number) for number in range(18)])
    cases = read_cases(files.cases)
    rules = SplitRules(key="tiny", test_share=0.3, folds=3)
    split = write_split(cases, rules, tsv=files.split, record=files.split_record)
    development = split.development_cases(cases)
    write_shard(files.shards[0], (_preprocessed(case.case) for case in development))
    shards = ShardSet(files.shards)
    if task == "segmentation":
        index = build_index(shards, PatchRules(per_class=8))
    else:
        codes = {case.case: _number(case.case) % 2 for case in development}
        index = build_views(shards, development, codes, InputRules())
    write_index(files.index, index)
    plan = {
        "spacing_mm": [1, 1, 1],
        "patch_size": [8, 8, 8] if task == "segmentation" else list(_SHAPE),
        "batch_size": 2,
        "levels": 2,
        "normalisation": "zscore",
        "windows_hu": None,
        "smooth": False,
    }
    files.plan.write_text(json.dumps({key: {"value": value} for key, value in plan.items()}))
    return files


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Inputs]:
    """The files that the earlier steps would have written, by task: 18 subjects in 3 folds."""
    return {
        task: _prepare(tmp_path_factory.mktemp(task), task)
        for task in ("segmentation", "classification")
    }


@pytest.fixture
def material(inputs: dict[str, Inputs]) -> MakeMaterial:
    """Make what the trials of a family share; keywords override the rules of the search."""

    def make(task: str, **changes: Any) -> Material:
        classifies = task == "classification"
        training = {"budget": {"steps": 6}, "steps_per_epoch": 2, "precision": "float32"}
        settings = {
            "task": task,
            "study": "tiny",
            "model": "net",
            "fold": 0,
            "dataset": "boxes",
            "rules": {
                "network": {"name": "cnn" if classifies else "unet", "channels": [4]},
                "training": training,
            },
            "classes": {0: "background", 1: "box"},
            "target": _TARGET if classifies else None,
            "channels": ["T1"],
            "modality": "MR",
        }
        rules = {"model": "net", "space": _SPACE, "prune": None, **changes}
        return Material(
            Settings.model_validate(settings), TrialRules.model_validate(rules), inputs[task]
        )

    return make

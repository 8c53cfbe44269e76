"""A tiny classification on disk: bright bars or spots in noise, preprocessed and split."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from radflow.config.classification import InputRules, TargetRules
from radflow.config.split import SplitRules
from radflow.datasets.cases import Case, write_cases
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.patches.index import write_index
from radflow.patches.store import ShardSet, write_shard
from radflow.patches.views import build_views
from radflow.splits import write_split
from radflow.targets import Target
from radflow.training.job import Inputs, Job, Settings

CLASSES = ("bar", "spot")
TARGET = {"kind": "binary", "classes": list(CLASSES)}
CNN = {"name": "cnn", "channels": [4, 8]}
_SHAPE = (16, 16, 1)


def make_cases(count: int) -> list[Case]:
    """Make cases that alternate between the classes."""
    return [
        Case(
            case=f"case-{number}",
            subject=f"case-{number}",
            images=(Path(f"images/case-{number}.nii.gz"),),
            label=None,
            shape=_SHAPE,
            spacing_mm=(1.0, 1.0, 1.0),
            orientation="RAS",
            image_sha256=(f"{number:064x}",),
            label_sha256=None,
            label_voxels={},
            target=CLASSES[number % 2],
        )
        for number in range(count)
    ]


def write_inputs(
    folder: Path, *, cases: int = 24, channels: int = 1, key: str = "tiny", **rules: Any
) -> Inputs:
    """Write what the earlier steps would have written, in 3 folds; `rules` are of the split."""
    listed = make_cases(cases)
    files = Inputs(
        cases=folder / "cases.tsv",
        split=folder / "split.tsv",
        split_record=folder / "split.json",
        plan=folder / "plan.json",
        index=folder / "index.parquet",
        shards=(folder / "development-000.shard",),
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_cases(files.cases, listed)
    apart = rules.pop("apart", None)
    split_rules = SplitRules(key=key, test_share=0.25, folds=3, **rules)
    split = write_split(
        listed, split_rules, tsv=files.split, record=files.split_record, apart=apart
    )
    development = split.development_cases(listed)
    write_shard(files.shards[0], (_preprocessed(case, channels) for case in development))
    target = Target(TargetRules.model_validate(TARGET))
    codes = {case.case: target.code_of(case) for case in development}
    views = build_views(ShardSet(files.shards), development, codes, InputRules())
    write_index(files.index, views)
    plan = {
        "spacing_mm": [1, 1, 1],
        "patch_size": list(_SHAPE),
        "batch_size": 4,
        "levels": 1,
        "normalisation": "zscore",
        "windows_hu": None,
        "smooth": False,
    }
    files.plan.write_text(json.dumps({key: {"value": value} for key, value in plan.items()}))
    return files


def make_settings(
    *, model: str = "cnn", network: dict[str, Any] | None = None, **changes: Any
) -> Settings:
    """Make settings of a tiny classifier; `changes` replace keys, `start_from` and `training`."""
    training = {"budget": {"steps": 6}, "steps_per_epoch": 2, "precision": "float32"}
    rules = {
        "network": network or CNN,
        "training": {**training, **changes.pop("training", {})},
        "start_from": changes.pop("start_from", None),
    }
    record = {
        "task": "classification",
        "study": "tiny",
        "model": model,
        "fold": 0,
        "dataset": "shapes",
        "rules": rules,
        "classes": {},
        "target": TARGET,
        "channels": ["T1"],
        "modality": "MR",
    }
    return Settings.model_validate(record | changes)


def make_job(inputs: Inputs, folder: Path, *, start: Path | None = None, **changes: Any) -> Job:
    """Make a job; `start` is the model.json of the fold to start from."""
    return Job.read(make_settings(**changes), replace(inputs, start=start), folder)


def _preprocessed(case: Case, channels: int) -> PreprocessedCase:
    rng = np.random.default_rng(int(case.case.removeprefix("case-")))
    image = rng.normal(0, 0.3, (channels, *_SHAPE))
    at = rng.integers(3, 9)
    if case.target == "bar":
        image[:, at : at + 3] += 2
    else:
        image[:, at : at + 4, at : at + 4] += 3
    image = ((image - image.mean()) / image.std()).astype(np.float32)
    label = np.zeros(_SHAPE, np.uint8)
    return PreprocessedCase(case.case, image, label, Geometry(_SHAPE, np.eye(4), (1.0, 1.0, 1.0)))

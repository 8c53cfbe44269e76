"""A tiny classification on disk: 2D noise, a bright square at the left, at the right, or none."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from selected import make_case

from radflow.config.classification import InputRules, TargetRules
from radflow.config.split import SplitRules
from radflow.datasets.cases import write_cases
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.patches.index import write_index
from radflow.patches.store import ShardSet, write_shard
from radflow.patches.views import build_views
from radflow.splits import write_split
from radflow.targets import Target
from radflow.training.job import Inputs, Job, Settings

CLASSES = ("none", "left", "right")
SHAPE = (24, 20, 1)


def square_job(
    folder: Path, *, network: str, classes: Sequence[str] = CLASSES, folds: int = 3, **training: Any
) -> Job:
    """Write the files that earlier steps would have written, and make the job of fold 0.

    Parameters
    ----------
    folder
        Everything is written below; results to ``fold-0``.
    network
        Name of the classifier.
    classes
        Those that cases have, in turn; the target always has all three.
    folds
        Of the split.
    training
        Replaces keys of the model's training.
    """
    settings = Settings.model_validate(
        {
            "task": "classification",
            "study": "squares",
            "model": network,
            "fold": 0,
            "dataset": "squares",
            "rules": {"network": {"name": network, "channels": [4]}, "training": training},
            "classes": {},
            "target": {"classes": CLASSES},
            "channels": ["T1"],
            "modality": "MR",
            "pixel_mm": 1.0,
        }
    )
    return Job.read(settings, _inputs(folder, classes, folds), folder / "fold-0")


def _inputs(folder: Path, classes: Sequence[str], folds: int) -> Inputs:
    files = Inputs(
        cases=folder / "cases.tsv",
        split=folder / "split.tsv",
        split_record=folder / "split.json",
        plan=folder / "plan.json",
        index=folder / "index.parquet",
        shards=(folder / "development-000.shard",),
    )
    cases = [
        make_case(
            f"case-{number:02d}",
            target=classes[number % len(classes)],
            label=None,
            label_sha256=None,
            label_voxels={},
            shape=SHAPE,
            image_sha256=(f"{number:064x}",),
        )
        for number in range(48)
    ]
    write_cases(files.cases, cases)
    rules = SplitRules(key="squares", test_share=0.2, folds=folds)
    split = write_split(cases, rules, tsv=files.split, record=files.split_record)
    development = split.development_cases(cases)
    write_shard(files.shards[0], (_preprocessed(each.case, each.target) for each in development))
    target = Target(TargetRules(classes=CLASSES))
    codes = {each.case: target.code_of(each) for each in development}
    write_index(files.index, build_views(ShardSet(files.shards), development, codes, InputRules()))
    plan = {
        "spacing_mm": [1, 1, 1],
        "patch_size": SHAPE,
        "batch_size": 4,
        "levels": 1,
        "normalisation": "zscore",
        "windows_hu": None,
        "smooth": False,
    }
    files.plan.write_text(json.dumps({key: {"value": value} for key, value in plan.items()}))
    return files


def _preprocessed(case: str, name: str) -> PreprocessedCase:
    rng = np.random.default_rng(int(case.removeprefix("case-")))
    image = rng.normal(0, 1, (1, *SHAPE)).astype(np.float32)
    if name != "none":
        i, j = (3 if name == "left" else 15) + rng.integers(0, 3), rng.integers(4, 11)
        image[0, i : i + 5, j : j + 5] += 2
    return PreprocessedCase(case, image, None, Geometry(SHAPE, np.eye(4), (1.0, 1.0, 1.0)))

"""A tiny classification on disk: bright squares in noise, on the left or on the right."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

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

SIDES = ("left", "right")
TARGET: Mapping[str, Any] = {"kind": "binary", "classes": list(SIDES)}
PLAN: Mapping[str, Any] = {
    "spacing_mm": [1, 1, 1],
    "patch_size": [16, 16, 1],
    "batch_size": 8,
    "levels": 1,
    "normalisation": "zscore",
    "windows_hu": None,
    "smooth": True,
}
NETWORK: Mapping[str, Any] = {"name": "cnn", "channels": [4, 8]}
SPLIT = SplitRules(key="squares", test_share=0.2, folds=2)

Paint = Callable[[str, str], npt.NDArray[np.float32]]


def square(case: str, side: str, *, shape: tuple[int, int, int] = (16, 16, 1)) -> npt.NDArray[Any]:
    """Paint one image ``(1, i, j, k)``: a bright square on its side, in unit noise."""
    rng = np.random.default_rng(int(case.removeprefix("case-")))
    image = rng.normal(0, 1, (1, *shape)).astype(np.float32)
    i, j = rng.integers(1, 3), rng.integers(2, 8)
    first = i if side == "left" else shape[0] - i - 5
    image[:, first : first + 5, j : j + 6] += 3
    return image


def names_of(count: int) -> dict[str, str]:
    """Name cases, and their classes in turn."""
    return {f"case-{number}": SIDES[number % 2] for number in range(count)}


def write_squares(
    folder: Path,
    classes: Mapping[str, str],
    *,
    target: Mapping[str, Any] = TARGET,
    view: Mapping[str, Any] | None = None,
    plan: Mapping[str, Any] | None = None,
    paint: Paint = square,
) -> Inputs:
    """Write what the steps before a training leave.

    Parameters
    ----------
    folder
        Where to.
    classes
        Case to its class; each case is a subject.
    target, view, plan
        As of the study; `plan` replaces keys of `PLAN`.
    paint
        Makes the preprocessed image of a case and its class.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images = {case: paint(case, side) for case, side in classes.items()}
    cases = [_case(name, classes[name], images[name].shape[1:]) for name in classes]
    files = Inputs(
        cases=folder / "cases.tsv",
        split=folder / "split.tsv",
        split_record=folder / "split.json",
        plan=folder / "plan.json",
        index=folder / "index.parquet",
        shards=(folder / "development-000.shard",),
    )
    write_cases(files.cases, cases)
    split = write_split(cases, SPLIT, tsv=files.split, record=files.split_record)
    development = split.development_cases(cases)
    for path, part in (
        (files.shards[0], development),
        (folder / "test-000.shard", split.test_cases(cases)),
    ):
        write_shard(path, (_preprocessed(case.case, images[case.case]) for case in part))
    of_study = Target(TargetRules.model_validate(target))
    chosen = of_study.select(development)
    codes = {case.case: of_study.code_of(case) for case in chosen}
    rules = InputRules.model_validate(view or {})
    write_index(files.index, build_views(ShardSet(files.shards), chosen, codes, rules))
    values = {**PLAN, **(plan or {})}
    files.plan.write_text(json.dumps({key: {"value": value} for key, value in values.items()}))
    return files


def settings(
    *,
    target: Mapping[str, Any] = TARGET,
    view: Mapping[str, Any] | None = None,
    network: Mapping[str, Any] = NETWORK,
    augmentation: Mapping[str, Any] | None = None,
    **training: Any,
) -> Settings:
    """Give the settings of a tiny classifier; keywords override its training section."""
    rules = {"budget": {"steps": 6}, "steps_per_epoch": 2, "precision": "float32", **training}
    flips = {"mirror_axes": [], **(augmentation or {})}  # left and right are the classes
    return Settings.model_validate(
        {
            "task": "classification",
            "study": "squares",
            "model": "cnn",
            "fold": 0,
            "dataset": "squares",
            "rules": {"network": dict(network), "training": rules, "augmentation": flips},
            "classes": {},
            "target": dict(target),
            "view": dict(view or {}),
            "channels": ["T1"],
            "modality": "MR",
        }
    )


def make_job(files: Inputs, folder: Path, **options: Any) -> Job:
    """Make the job of a training of `settings`."""
    return Job.read(settings(**options), files, folder)


def _case(name: str, side: str, shape: tuple[int, ...]) -> Case:
    number = int(name.removeprefix("case-"))
    return Case(
        case=name,
        subject=name,
        images=(Path(f"images/{name}.nii.gz"),),
        label=None,
        shape=(shape[0], shape[1], shape[2]),
        spacing_mm=(1.0, 1.0, 1.0),
        orientation="RAS",
        image_sha256=(f"{number:064x}",),
        label_sha256=None,
        label_voxels={},
        target=side,
    )


def _preprocessed(name: str, image: npt.NDArray[np.float32]) -> PreprocessedCase:
    i, j, k = image.shape[1:]
    return PreprocessedCase(name, image, None, Geometry((i, j, k), np.eye(4), (1.0, 1.0, 1.0)))

"""The plan of a segmentation: what it derives from its development cases before any image is read.

Spacing, patch, depth and batch follow the fingerprint that nnU-Net takes of a dataset (Isensee et
al., Nature Methods 18, 2021, doi:10.1038/s41592-020-01008-z; `default_experiment_planner.py`), with
one bound on memory in place of its estimate. Each choice is written with its reason.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from radflow.config.dataset import Modality
from radflow.config.preprocess import PlanRules
from radflow.datasets.cases import Case
from radflow.errors import ConfigError
from radflow.planning.fingerprint import Fingerprint, Floats
from radflow.planning.plan import FIXED, Plan, normalisation, times, windows, write_plan
from radflow.splits import Split

_MOST_LEVELS = 5
_LEAST_COARSE_VOXELS = 4  # as nnU-Net's smallest edge of a feature map
_BATCH = 2
_SMALL_PATCH_VOXELS = 32**3  # below, two patches make too small a step
_MOST_BATCH = 32
_ANISOTROPY = 3.0
_AXIS_NAMES = ("left-right", "posterior-anterior", "inferior-superior")


def make_plan(
    cases: Sequence[Case],
    split: Split,
    *,
    modality: Modality,
    rules: PlanRules,
    output: Path,
    channels: Sequence[str] = (),
) -> Plan:
    """Plan a study from the table of its development cases, and write the plan with its reasons.

    Parameters
    ----------
    cases
        All accepted cases. Those of the test part are put aside first; nothing of them is used.
    split
        Tells which cases are development cases.
    modality
        Decides the scheme of normalisation.
    rules
        What the study fixes; None leaves the choice to the plan.
    output
        JSON to write: ``{"spacing_mm": {"value", "reason"}, ..., "fingerprint": {...}}``.
    channels
        Names of the channels, for the record.

    Raises
    ------
    ConfigError
        When what the study fixes doesn't fit together or not into the memory bound.
    LeakError
        When a case is in no part, or one of the test part would be used.
    """
    cases = split.development_cases(cases)
    split.refuse_test_cases(cases, step="the plan")
    fewest = min(len(split.training_cases(cases, fold)) for fold in range(split.folds))
    fingerprint = Fingerprint.of(cases)
    spacing, spacing_reason = _spacing(fingerprint, rules)
    median = np.median(fingerprint.resampled(spacing), axis=0)
    levels, levels_reason = _levels(median, rules)
    batch, batch_reason = _batch(median, levels, rules=rules, training_cases=fewest)
    patch, patch_reason = _patch(median, levels, batch=batch, rules=rules)
    scheme, scheme_reason = normalisation(modality)
    choices: dict[str, tuple[Any, str]] = {
        "spacing_mm": (spacing.tolist(), spacing_reason),
        "patch_size": (patch, patch_reason),
        "batch_size": (batch, batch_reason),
        "levels": (levels, levels_reason),
        "normalisation": (scheme, scheme_reason),
        "windows_hu": windows(rules),
        "smooth": (False, "As nnU-Net: nothing is smoothed before a coarser sampling."),
    }
    about = {**fingerprint.record(spacing), "modality": modality, "channels": list(channels)}
    return write_plan(output, choices, fingerprint=about)


def _spacing(fingerprint: Fingerprint, rules: PlanRules) -> tuple[Floats, str]:
    if rules.spacing_mm is not None:
        return np.array(rules.spacing_mm), FIXED
    spacings = fingerprint.spacings
    target, size = np.median(spacings, axis=0), np.median(fingerprint.shapes, axis=0)
    coarse = int(np.argmax(target))
    others = [axis for axis in range(3) if axis != coarse]
    reason = f"Median of {len(spacings)} development cases: {times(target)} mm."
    if (
        target[coarse] > _ANISOTROPY * target[others].max()
        and size[coarse] * _ANISOTROPY < size[others].min()
    ):
        tenth = float(np.percentile(spacings[:, coarse], 10))
        chosen = max(tenth, float(target[others].max()))
        reason += (
            f" The {_AXIS_NAMES[coarse]} axis is more than {_ANISOTROPY:g} times coarser than the "
            "others in spacing and has as many times fewer voxels, so there the "
            f"10th percentile ({tenth:g} mm), but nothing finer than the other axes, "
            "stands for the median."
        )
        target[coarse] = chosen
    return np.round(target, 6), reason


def _levels(median: Floats, rules: PlanRules) -> tuple[int, str]:
    if rules.levels is not None:
        return rules.levels, FIXED
    size = _whole(median) if rules.patch_size is None else rules.patch_size
    what = "the median shape" if rules.patch_size is None else "the patch set by the study"
    levels = 1
    while levels < _MOST_LEVELS and _depth_fits(size, levels + 1, fixed=bool(rules.patch_size)):
        levels += 1
    if levels == 1 and rules.patch_size is not None:
        message = (
            f"plan.patch_size {list(size)} can't be halved into {_LEAST_COARSE_VOXELS} voxels or "
            f"more along every axis: use even sizes of {2 * _LEAST_COARSE_VOXELS} voxels or more"
        )
        raise ConfigError(message)
    bound = (
        f"more than {_MOST_LEVELS} levels, or fewer than {_LEAST_COARSE_VOXELS} voxels along an "
        "axis there, are not used"
    )
    if levels == 1:
        levels, bound = 2, "a U-Net has no fewer"
    coarsest = _coarsest(size, levels)
    return levels, (
        f"{levels} levels bring {what}, {times(size)} voxels, to {times(coarsest)} at the "
        f"coarsest; {bound}."
    )


def _depth_fits(size: Sequence[int], levels: int, *, fixed: bool) -> bool:
    divides = all(length % 2 ** (levels - 1) == 0 for length in size)
    return min(_coarsest(size, levels)) >= _LEAST_COARSE_VOXELS and (divides or not fixed)


def _coarsest(size: Sequence[int], levels: int) -> list[int]:
    return [-(-length // 2 ** (levels - 1)) for length in size]


def _batch(
    median: Floats, levels: int, *, rules: PlanRules, training_cases: int
) -> tuple[int, str]:
    if rules.batch_size is not None:
        if rules.batch_size > training_cases:
            message = (
                f"plan.batch_size {rules.batch_size} is above the {training_cases} training cases "
                "of the smallest fold: lower it"
            )
            raise ConfigError(message)
        return rules.batch_size, FIXED
    patch = rules.patch_size or _rounded_up(median, 2 ** (levels - 1))
    voxels = int(np.prod(patch))
    wanted = max(_BATCH, min(_MOST_BATCH, _BATCH * _SMALL_PATCH_VOXELS // voxels))
    batch = min(wanted, training_cases)
    if rules.patch_size is not None and batch * voxels > rules.memory_megavoxels * 1e6:
        batch = max(1, int(rules.memory_megavoxels * 1e6) // voxels)
        return batch, (
            f"The most patches of {times(patch)} voxels that memory_megavoxels "
            f"{rules.memory_megavoxels:g} has room for."
        )
    if batch < wanted:
        return batch, f"The smallest fold has {training_cases} training cases."
    if batch > _BATCH:
        return batch, (
            f"Patches are small ({times(patch)} = {voxels} voxels, below {_SMALL_PATCH_VOXELS}), "
            f"so {batch} of them make a step."
        )
    return batch, f"{_BATCH} patches of {times(patch)} = {voxels} voxels are enough for a step."


def _patch(
    median: Floats, levels: int, *, batch: int, rules: PlanRules
) -> tuple[tuple[int, ...], str]:
    multiple, most = 2 ** (levels - 1), rules.memory_megavoxels * 1e6
    if rules.patch_size is not None:
        _refuse_patch(rules.patch_size, multiple, batch=batch, rules=rules)
        return rules.patch_size, FIXED
    patch = list(_rounded_up(median, multiple))
    reason = (
        f"The median shape after resampling, {times(median)} voxels, rounded up to multiples of "
        f"{multiple} (2^(levels - 1))"
    )
    least = [min(length, _LEAST_COARSE_VOXELS * multiple) for length in patch]
    whole = tuple(patch)
    while np.prod(patch) * batch > most:
        wide = [axis for axis in range(3) if patch[axis] > least[axis]]
        if not wide:
            message = (
                f"no patch fits: {times(patch)} voxels x batch {batch} is the smallest for "
                f"{levels} levels and above plan.memory_megavoxels {rules.memory_megavoxels:g}; "
                "raise it, or lower plan.levels or plan.batch_size"
            )
            raise ConfigError(message)
        axis = max(wide, key=lambda axis: (patch[axis] / median[axis], patch[axis]))
        patch[axis] -= multiple
    if tuple(patch) == whole:
        return whole, reason + "."
    return tuple(patch), (
        f"{reason}, {times(whole)}, and then made smaller along the axis furthest above its share "
        f"of the median shape, until patch x batch {batch} is within memory_megavoxels "
        f"{rules.memory_megavoxels:g}."
    )


def _refuse_patch(
    patch: tuple[int, int, int], multiple: int, *, batch: int, rules: PlanRules
) -> None:
    voxels = int(np.prod(patch)) * batch
    if any(length % multiple for length in patch):
        near = [-(-length // multiple) * multiple for length in patch]
        message = (
            f"plan.patch_size {list(patch)} is not divisible by {multiple} (2^(levels - 1)): "
            f"{near} is; or lower plan.levels"
        )
        raise ConfigError(message)
    if voxels > rules.memory_megavoxels * 1e6:
        message = (
            f"plan.patch_size {list(patch)} x batch {batch} is {voxels / 1e6:.3g} megavoxels, "
            f"above plan.memory_megavoxels {rules.memory_megavoxels:g}: lower one, or raise the "
            "bound"
        )
        raise ConfigError(message)


def _rounded_up(size: Floats, multiple: int) -> tuple[int, ...]:
    return tuple(int(np.ceil(length / multiple)) * multiple for length in size)


def _whole(size: Floats) -> tuple[int, ...]:
    return _rounded_up(size, 1)

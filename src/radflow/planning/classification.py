"""The plan of a classification: the grid on which a network sees a case as a whole.

A classifier answers for the whole image, so its patch is the whole field of view: the median extent
of the development cases, sampled as finely as a short edge length allows, never finer than they
were acquired.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from radflow.config.classification import InputRules
from radflow.config.dataset import Modality
from radflow.config.preprocess import PlanRules
from radflow.datasets.cases import Case
from radflow.errors import ConfigError
from radflow.planning.fingerprint import Fingerprint, Floats
from radflow.planning.plan import FIXED, Plan, normalisation, times, windows, write_plan
from radflow.splits import Split

_EDGE_2D = 128  # the side at which small 2D networks are usually trained on slices
_EDGE_3D = 64
_BATCH_2D, _BATCH_3D = 32, 8
_MULTIPLE = 16  # of a network that halves four times


def make_plan(
    cases: Sequence[Case],
    split: Split,
    *,
    modality: Modality,
    rules: PlanRules,
    view: InputRules,
    output: Path,
    channels: Sequence[str] = (),
) -> Plan:
    """Plan a study from the table of its development cases, and write the plan with its reasons.

    Parameters
    ----------
    cases
        Cases with a class. Those of the test part are put aside first; nothing of them is used.
    split
        Tells which cases are development cases.
    modality
        Decides the scheme of normalisation.
    rules
        What the study fixes; None leaves the choice to the plan.
    view
        What of a case the network sees: its patch is flat along the axis of slices.
    output
        JSON to write; see `radflow.planning.plan.write_plan`.
    channels
        Names of the channels, for the record.

    Raises
    ------
    ConfigError
        When a fold has no training case with a class.
    LeakError
        When a case is in no part, or one of the test part would be used.
    """
    cases = split.development_cases(cases)
    split.refuse_test_cases(cases, step="the plan")
    fewest = min(len(split.training_cases(cases, fold)) for fold in range(split.folds))
    if fewest == 0:
        message = (
            f"of {len(cases)} development cases with a class of the study a fold has none to train "
            "on: check target.column and target.classes, or lower split.folds"
        )
        raise ConfigError(message)
    fingerprint = Fingerprint.of(cases)
    seen = _seen_axes(fingerprint, view)
    spacing, spacing_reason = _spacing(fingerprint, seen, rules)
    patch, patch_reason = _patch(fingerprint, spacing, seen=seen, rules=rules, view=view)
    batch, batch_reason = _batch(seen, fewest, rules)
    scheme, scheme_reason = normalisation(modality)
    choices: dict[str, tuple[Any, str]] = {
        "spacing_mm": (spacing.tolist(), spacing_reason),
        "patch_size": (patch, patch_reason),
        "batch_size": (batch, batch_reason),
        "levels": (1, "The network halves the grid by its own stages."),
        "normalisation": (scheme, scheme_reason),
        "windows_hu": windows(rules),
        "smooth": (True, "Smoothed before a coarser sampling, so that fine detail does not alias."),
    }
    about = {**fingerprint.record(spacing), "modality": modality, "channels": list(channels)}
    return write_plan(output, choices, fingerprint=about)


def _seen_axes(fingerprint: Fingerprint, view: InputRules) -> list[int]:
    """List the axes along which the network sees more than one voxel, or a few slices."""
    flat = np.median(fingerprint.shapes, axis=0) <= 1
    if view.view in {"slices", "neighbours"}:
        flat[view.axis] = True
    return [axis for axis in range(3) if not flat[axis]]


def _spacing(fingerprint: Fingerprint, seen: Sequence[int], rules: PlanRules) -> tuple[Floats, str]:
    if rules.spacing_mm is not None:
        return np.array(rules.spacing_mm), FIXED
    median = np.median(fingerprint.spacings, axis=0)
    extent = np.median(fingerprint.shapes * fingerprint.spacings, axis=0)
    edge = _EDGE_2D if len(seen) == 2 else _EDGE_3D
    longest = float(max(extent[axis] for axis in seen))
    spacing = median.copy()
    spacing[seen] = np.maximum(longest / edge, median[seen])
    return np.round(spacing, 6), (
        f"The longest side of the median field of view, {longest:g} mm, on {edge} voxels, but "
        "nothing finer than the median voxel."
    )


def _patch(
    fingerprint: Fingerprint,
    spacing: Floats,
    *,
    seen: Sequence[int],
    rules: PlanRules,
    view: InputRules,
) -> tuple[tuple[int, ...], str]:
    if rules.patch_size is not None:
        return rules.patch_size, FIXED
    median = np.median(fingerprint.resampled(spacing), axis=0)
    patch = [1, 1, 1]
    for axis in seen:
        patch[axis] = int(np.ceil(median[axis] / _MULTIPLE)) * _MULTIPLE
    if view.view == "planes":
        patch = [max(patch)] * 3  # the three planes are channels of one grid
    if view.view == "neighbours":
        patch[view.axis] = 2 * view.beside + 1
    return tuple(patch), (
        f"The median shape after resampling, {times(median)} voxels, rounded up to multiples of "
        f"{_MULTIPLE} along the axes that the network sees ({view.view})."
    )


def _batch(seen: Sequence[int], training_cases: int, rules: PlanRules) -> tuple[int, str]:
    if rules.batch_size is not None:
        return rules.batch_size, FIXED
    wanted = _BATCH_2D if len(seen) == 2 else _BATCH_3D
    batch = min(wanted, training_cases)
    if batch < wanted:
        return batch, f"The smallest fold has {training_cases} training cases."
    return batch, f"{wanted} {'slices or images' if len(seen) == 2 else 'volumes'} make a step."

"""What was trained and how, and what is measured: from records, in tables."""

from collections.abc import Collection, Mapping
from typing import Any

from radflow.config.base import Section
from radflow.config.training import (
    AugmentationRules,
    NetworkRules,
    TrainingRules,
)
from radflow.evaluation.empties import DIAGONAL, EMPTY_MEANING, EMPTY_VALUES
from radflow.networks.widths import level_widths
from radflow.report.inputs import BASELINE
from radflow.report.load import ModelData, TrainedStudy
from radflow.report.numbers import METRICS, number, times
from radflow.report.tables import Table, table

_HEAD = ("What", "Value", "Meaning")
_BASELINE_NETWORK = "mean_shape"
_MEANINGS = {
    "inputs": "image channels",
    "outputs": "classes, background included",
    "levels": "resolutions, the finest included",
    "shape": "voxels, RAS axes",
    "spacing_mm": "voxel size that the network sees, RAS axes",
    "patch_size": "voxels, RAS axes",
    "normalisation": "scheme of intensities",
    "batch_size": "patches per step",
    "mirror_axes": "RAS axes; predictions of mirrored images are averaged",
    "budget": "how long to train",
    "steps": "optimiser steps of the whole budget",
    "steps_done": "optimiser steps that were made",
}
"""Meaning of entries that no section of the configuration describes."""

_PLAN_ORDER = ("spacing_mm", "normalisation", "patch_size", "batch_size", "levels")
_NETWORKS = {
    "unet": (
        "3D U-Net: two convolutions a level in the encoder (strided between levels), one in the "
        "decoder, skips added; instance normalisation, leaky ReLU. Deep supervision: each "
        "resolution but the coarsest is compared with the reference."
    ),
    _BASELINE_NETWORK: (
        "Trivial baseline: the mean label map of the training cases, centred on the image. It "
        "looks at no intensity, so whatever a model gains over it comes from the image."
    ),
}
_INITIALISATION = {
    "unet": ("He et al. 2015", "normal, fan-in, drawn from the training's seed; biases 0"),
    _BASELINE_NETWORK: ("none", "nothing is optimised"),
}
_LOSS = {
    "unet": (
        "Dice + cross-entropy",
        "cross-entropy over all classes plus 1 minus soft Dice of the target classes, per patch; "
        "resolutions weighted 1, 1/2, 1/4, ..., normalised",
    ),
    _BASELINE_NETWORK: ("none", "relative frequency of each class at each voxel"),
}
_SCHEDULE = (
    (
        "optimiser",
        "AdamW",
        "learning rate rises linearly over the warm-up, then falls by a cosine to zero over the "
        "budget",
    ),
    (
        "selection",
        "best epoch",
        "by mean tuning Dice; the weights kept are the moving average, where there is one",
    ),
)
# A machine's doing, and what stands elsewhere in the section.
_LEFT_OUT = frozenset(
    {"threads", "devices", "device", "machine", "seconds", "minutes", "parameters"}
    | {"training_cases", "tuning_cases", "best_epoch", "best_dice", "compile"}
)


def architecture_table(model: ModelData) -> Table:
    """Describe the network of a model: kind, sizes, parameters, initialisation."""
    record = model.folds[0].record
    network: Mapping[str, Any] = record["network"]
    name = str(network["name"])
    rows = [
        ("network", name, _NETWORKS.get(name, "see radflow.networks")),
        *_settings(network, NetworkRules, left_out=("name",)),
        *_features(network),
    ]
    parameters = record.get("training", {}).get("parameters")
    if parameters is not None:
        rows.append(("parameters", f"{parameters:,}", ""))
    rows.append(("initialisation", *_INITIALISATION.get(name, ("", "see radflow.networks"))))
    if name != _BASELINE_NETWORK:
        rows += _settings(record["plan"], None)
        rows += _settings(record.get("inference", {}), None)
    return table(f"{model.name}: network", _HEAD, rows)


def training_table(model: ModelData) -> Table:
    """Describe the training of a model as its record has it, without what is the machine's."""
    record = model.folds[0].record
    name = str(record["network"]["name"])
    rows = [("loss", *_LOSS.get(name, ("", "see radflow.tasks")))]
    if name != _BASELINE_NETWORK:
        rules: Mapping[str, Any] = record.get("rules", {}).get("training", {})
        recorded: Mapping[str, Any] = record.get("training", {})
        rows += _SCHEDULE
        rows += _settings({**recorded, **rules}, TrainingRules, left_out=_LEFT_OUT)
    for fold in model.folds:
        found = fold.record.get("training", {})
        cases = (found.get("training_cases"), found.get("tuning_cases"))
        if None not in cases:
            rows.append((f"cases of fold {fold.fold}", f"{cases[0]} + {cases[1]}",
                         "training + tuning"))  # fmt: skip
    return table(f"{model.name}: training", _HEAD, rows)


def augmentation_table(model: ModelData) -> Table | None:
    """Describe the augmentation with its probabilities and ranges; None where none is recorded."""
    record = model.folds[0].record
    rules = record.get("rules", {}).get("augmentation") or record.get("augmentation")
    if not rules or str(record["network"]["name"]) == _BASELINE_NETWORK:
        return None
    return table(
        f"{model.name}: augmentation, drawn anew for each patch",
        _HEAD,
        _settings(rules, AugmentationRules),
        note="A name of an operation alone (blur, gamma, noise, ...) is its probability per patch.",
    )


def plan_table(data: TrainedStudy) -> Table:
    """Each choice of the plan with its reason."""
    return table(
        "Plan, made from development cases only",
        ("Choice", "Value", "Reason"),
        [
            (_spoken(key), _text(entry["value"]), str(entry.get("reason", "")))
            for key, entry in sorted(data.plan.items(), key=_plan_order)
            if isinstance(entry, dict) and "value" in entry and key != "fingerprint"
        ],
    )


def definitions(data: TrainedStudy) -> tuple[tuple[str, str], ...]:
    """Define each metric in words: name, definition."""
    tolerance = f"{data.inputs.evaluation.nsd_tolerance_mm:g} mm"
    return (
        (
            "Dice",
            "Twice the voxels that both outlines share, over the voxels of one plus those of the "
            "other. 1 is perfect, 0 no overlap.",
        ),
        (
            f"NSD (normalised surface Dice) at {tolerance}",
            f"Share of the boundary voxels of both outlines that lie within {tolerance} of the "
            "other outline's boundary. A boundary voxel has a face neighbour outside the "
            "structure; every boundary voxel has the same weight.",
        ),
        (
            "HD95",
            "95th percentile of the distances from one boundary to the other, in mm; the larger "
            "of the two directions.",
        ),
        ("ASSD", "Mean of the distances of all boundary voxels to the other boundary, in mm."),
        ("Volume error", "Predicted minus reference volume, in ml."),
    )


def empties_rule_table() -> Table:
    """Show the declared values of each metric where a mask is empty."""
    metrics = list(next(iter(EMPTY_VALUES.values())))
    names = {metric.key: metric.name for metric in METRICS}
    return table(
        "What a metric is worth where a mask is empty",
        ("Empty", "Meaning", *(names[key] for key in metrics)),
        [
            (
                kind,
                EMPTY_MEANING[kind],
                *(_empty(values[key]) for key in metrics),
            )
            for kind, values in EMPTY_VALUES.items()
        ],
        numeric=range(2, 2 + len(metrics)),
        note="diagonal: the diagonal of the image's field of view, in mm.",
    )


def uncertainty(data: TrainedStudy) -> tuple[str, ...]:
    """Say how intervals and tests were made."""
    methods = data.metrics.get("methods", {})
    level, samples = data.metrics["confidence"], data.metrics["bootstrap_samples"]
    how = methods.get("interval", "bootstrap of the mean over cases, resampling subjects")
    test = methods.get("paired_test", "paired over subjects, corrected by Holm's method")
    return (
        f"Intervals of {level:.0%}: {how}. {samples:,} resamples, seed {data.inputs.compare.seed}.",
        f"Comparisons with {BASELINE}: paired on the same cases, the difference with its interval "
        f"first; p values: {test}.",
        "Metrics are computed per case and class in the native space of the source image, then "
        "averaged over cases; the mean over classes is taken within each case first.",
        "The primary endpoint is the mean Dice over classes; everything else is secondary.",
    )


def _settings(
    record: Mapping[str, Any],
    section: type[Section] | None,
    *,
    left_out: Collection[str] = (),
) -> list[tuple[str, str, str]]:
    """List the entries of a record: name, value, and what the configuration says of it.

    Entries come in the order of the configuration's section, others after them.
    """
    fields = section.model_fields if section else {}
    names = [*(name for name in fields if name in record), *(n for n in record if n not in fields)]
    described = {name: fields[name].description or "" for name in fields}
    return [
        (_spoken(name), _text(record[name]), described.get(name) or _MEANINGS.get(name, ""))
        for name in names
        if name not in left_out
    ]


def _plan_order(item: tuple[str, Any]) -> tuple[bool, int, str]:
    known = item[0] in _PLAN_ORDER
    return not known, _PLAN_ORDER.index(item[0]) if known else 0, item[0]


def _features(network: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    if "channels" not in network or "levels" not in network:
        return []
    widths = level_widths(
        network["channels"], levels=network["levels"], most=network["most_channels"]
    )
    return [("features by level", ", ".join(map(str, widths)), "finest first")]


def _spoken(name: str) -> str:
    words = name.replace("_", " ")
    return f"{words.removesuffix(' mm')} (mm)" if words.endswith(" mm") else words


def _empty(value: float | str) -> str:
    return value if isinstance(value, str) and value == DIAGONAL else number(float(value), 0)


def _text(value: Any) -> str:
    """Write a value of a record for a reader."""
    if isinstance(value, list | tuple):
        return _listed(list(value))
    if isinstance(value, dict):
        return ", ".join(f"{k} {_text(v)}" for k, v in value.items() if v is not None) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _listed(values: list[Any]) -> str:
    if len(values) == 3 and all(isinstance(value, int | float) for value in values):
        return times(values)
    if len(values) == 2 and all(isinstance(value, float) for value in values):
        return f"{values[0]:g} to {values[1]:g}"
    return ", ".join(_text(value) for value in values) or "none"

"""What was trained and how: from records, in tables; families say what their networks are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from radflow.config.base import Section
from radflow.config.foreign import ignored
from radflow.config.training import AugmentationRules, NetworkRules, TrainingRules
from radflow.networks.widths import level_widths
from radflow.report.load import AnyTrained, ModelData, ScoredCase
from radflow.report.numbers import count, times
from radflow.report.tables import Table, table

_HEAD = ("What", "Value", "Meaning")
_MEANINGS = {
    "inputs": "channels that the network sees",
    "outputs": "classes of a voxel, background included, or answers for an image",
    "levels": "resolutions, the finest included",
    "kind": "of target",
    "classes": "of the target",
    "trees": "of the forest, whose answers are averaged",
    "nodes": "of all trees together",
    "tree_depth": "of the deepest tree",
    "shape": "voxels, RAS axes",
    "spacing_mm": "voxel size that the network sees, RAS axes",
    "patch_size": "voxels, RAS axes",
    "normalisation": "scheme of intensities",
    "windows_hu": "windows of CT: each is a channel, clipped before it is resampled, its bounds at "
    "-1 and 1",
    "smooth": "whether images are smoothed before they are sampled more coarsely",
    "batch_size": "patches or images per step",
    "dimensions": "of the grid that the network sees",
    "grid": "voxels along the axes that the network sees",
    "overlap": "least share of a patch that neighbouring windows have in common",
    "mirror_axes": "RAS axes; predictions of mirrored images are averaged",
    "budget": "how long to train",
    "steps": "optimiser steps of the whole budget",
    "steps_done": "optimiser steps that were made",
}
"""Meaning of entries that no section of the configuration describes."""

_UNITS = {"mm": "mm", "hu": "HU"}
_PLAN_ORDER = ("spacing_mm", "normalisation", "windows_hu", "patch_size", "batch_size", "levels")
_SCHEDULE = (
    "optimiser",
    "AdamW",
    "learning rate rises linearly over the warm-up, then falls by a cosine to zero over the budget",
)
# A machine's doing, and what stands elsewhere in the section.
_LEFT_OUT = frozenset(
    {"threads", "devices", "device", "machine", "seconds", "minutes", "parameters", "tuning"}
    | {"training_cases", "tuning_cases", "best_epoch", "best_score", "compile"}
)

Line = tuple[str, str, str]
AnyModel = ModelData[ScoredCase]


@dataclass(frozen=True)
class Network:
    """How a network is explained to readers.

    Attributes
    ----------
    about
        What it is.
    initialisation, loss
        Name and meaning.
    trained
        Whether it is fitted in steps, so that schedule and augmentation apply.
    ignores
        Rules of a network that it does not read.
    """

    about: str
    initialisation: tuple[str, str]
    loss: tuple[str, str]
    trained: bool = True
    ignores: frozenset[str] = frozenset()


UNKNOWN = Network("see radflow.networks", ("", "see radflow.networks"), ("", "see radflow.tasks"))


def architecture_table(
    model: AnyModel, networks: Mapping[str, Network], *, lines: Collection[Line] = ()
) -> Table:
    """Describe the network of a model: kind, sizes, parameters, initialisation, then `lines`."""
    record = model.folds[0].record
    network: Mapping[str, Any] = record["network"]
    known = networks.get(str(network["name"]), UNKNOWN)
    rows = [
        ("network", str(network["name"]), known.about),
        *settings_lines(network, NetworkRules, left_out={"name", *known.ignores}),
        *_features(network),
    ]
    parameters = record.get("training", {}).get("parameters")
    if parameters is not None:
        rows.append(("parameters", f"{parameters:,}", ""))
    rows.append(("initialisation", *known.initialisation))
    rows += lines
    if known.trained:
        rows += settings_lines(record["plan"], None)
        rows += settings_lines(record.get("inference", {}), None)
    return table(f"{model.name}: network", _HEAD, rows)


def training_table(
    model: AnyModel,
    networks: Mapping[str, Network],
    *,
    selection: str,
    more: Collection[Line] = (),
) -> Table:
    """Describe the training of a model as its record has it, without what is the machine's.

    Parameters
    ----------
    model
        Its first fold's record is told; numbers of cases for each.
    networks
        By name.
    selection
        By which score the best epoch is chosen.
    more
        Further lines of the family: what, value, meaning.
    """
    record = model.folds[0].record
    known = networks.get(str(record["network"]["name"]), UNKNOWN)
    rows: list[Line] = [("loss", *known.loss)]
    rules: Mapping[str, Any] = record.get("rules", {}).get("training", {})
    if known.trained:
        recorded: Mapping[str, Any] = record.get("training", {})
        kept = "last epoch" if rules.get("keep") == "last" else "best epoch"
        rows += [_SCHEDULE, ("selection", kept, _selection(kept, selection))]
        if start := recorded.get("start_from"):
            rows.append(("starts from", start["from"], start_words(start)))
        unknown = {*_LEFT_OUT, *ignored(record["task"], "training"), "keep", "start_from"}
        rows += settings_lines({**recorded, **rules}, TrainingRules, left_out=unknown)
    rows += more
    for fold in model.folds:
        found = fold.record.get("training", {})
        cases = (found.get("training_cases"), found.get("tuning_cases"))
        if None not in cases:
            rows.append((f"cases of fold {fold.fold}", f"{cases[0]} + {cases[1]}",
                         "training + tuning"))  # fmt: skip
    return table(f"{model.name}: training", _HEAD, rows)


def start_words(start: Mapping[str, Any]) -> str:
    """Say what a model took over from another's weights, and how long it was frozen.

    Parameters
    ----------
    start
        ``start_from`` of the training in ``model.json``.
    """
    parts = [
        f"sha256 {start['sha256'][:12]}, trained on {start['trained_on']}",
        f"taken over: {', '.join(start['loaded'])}",
    ]
    left = start["left_at_random"].items()
    parts.extend(f"{name} {how}" for name, how in start["adapted"].items())
    parts.extend(f"{name} at random, because {why}" for name, why in left)
    if start["frozen"]:
        step = start["thaw_step"]
        until = "to the end" if step is None else f"for {count(step, 'step')}"
        parts.append(f"{', '.join(start['frozen'])} frozen {until}")
    return "; ".join(parts)


def _selection(kept: str, score: str) -> str:
    by = f"by {score}; " if kept == "best epoch" else ""
    return f"{by}the weights kept are the moving average, where there is one"


def augmentation_table(model: AnyModel, networks: Mapping[str, Network]) -> Table | None:
    """Describe the augmentation with its probabilities and ranges; None where none is recorded."""
    record = model.folds[0].record
    rules = record.get("rules", {}).get("augmentation") or record.get("augmentation")
    if not rules or not networks.get(str(record["network"]["name"]), UNKNOWN).trained:
        return None
    return table(
        f"{model.name}: augmentation, drawn anew for each patch",
        _HEAD,
        settings_lines(rules, AugmentationRules, left_out=ignored(record["task"], "augmentation")),
        note="A name of an operation alone (blur, gamma, noise, ...) is its probability per patch.",
    )


def plan_table(data: AnyTrained) -> Table:
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


def settings_lines(
    record: Mapping[str, Any],
    section: type[Section] | None,
    *,
    left_out: Collection[str] = (),
) -> list[Line]:
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


def _features(network: Mapping[str, Any]) -> list[Line]:
    if "channels" not in network or "levels" not in network:
        return []
    widths = level_widths(
        network["channels"], levels=network["levels"], most=network["most_channels"]
    )
    return [("features by level", ", ".join(map(str, widths)), "finest first")]


def _spoken(name: str) -> str:
    *words, last = name.split("_")
    return " ".join([*words, f"({_UNITS[last]})" if words and last in _UNITS else last])


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

"""Settings that a network or a task ignores are refused, and left out of its report."""

from typing import Any, get_args

import pytest

from radflow.config.foreign import ONLY_OF, USED_BY, foreign_settings, ignored, unused_by
from radflow.config.training import CLASSIFIERS, ModelRules, NetworkName

OF_NETWORKS = {
    "channels": [8],
    "most_channels": 64,
    "decoder": "full",
    "depth": 18,
    "dropout": 0.3,
    "stem": 2,
    "shortcut": "pooled",
    "pooling": "top",
}
OF_TASKS = {
    "training.target_share": 0.3,
    "augmentation.cutout": 0.5,
    "augmentation.cutout_share": 0.2,
    "training.balance": "loss",
    "training.label_smoothing": 0.1,
    "training.small_until": 0.5,
    "training.small_share": 0.6,
    "training.shuffled_labels": True,
}


def _rules(name: str, *keys: str) -> ModelRules:
    record: dict[str, dict[str, Any]] = {"network": {"name": name}}
    for key in keys:
        section, setting = key.split(".")
        value = OF_NETWORKS[setting] if section == "network" else OF_TASKS[key]
        record.setdefault(section, {})[setting] = value
    return ModelRules.model_validate(record)


def _keys(problems: list[str]) -> list[str]:
    return [line.split(":")[0] for line in problems]


@pytest.mark.parametrize("name", get_args(NetworkName))
def test_what_only_other_networks_read_is_named_all_at_once(name: str) -> None:
    task = "classification" if name in CLASSIFIERS else "segmentation"
    found = list(foreign_settings(task, _rules(name, *(f"network.{key}" for key in OF_NETWORKS))))
    assert _keys(found) == sorted(f"network.{key}" for key in unused_by(name))
    assert all(f"the network {name} has no use for it; remove it" in line for line in found)


@pytest.mark.parametrize("task", list(ONLY_OF))
def test_what_only_another_task_reads_is_named_all_at_once(task: str) -> None:
    name = "unet" if task == "segmentation" else "cnn"
    found = list(foreign_settings(task, _rules(name, *OF_TASKS)))
    assert _keys(found) == sorted(set(OF_TASKS) - set(ONLY_OF[task]))
    assert all(f"a {task} has no use for it; remove it" in line for line in found)


@pytest.mark.parametrize("task", list(ONLY_OF))
def test_own_settings_and_defaults_pass(task: str) -> None:
    name = "unet" if task == "segmentation" else "resnet"
    own = [f"network.{key}" for key, names in USED_BY.items() if name in names]
    assert not list(foreign_settings(task, _rules(name, *own, *ONLY_OF[task])))
    assert not list(foreign_settings(task, _rules(name)))


def test_ignored_keys_are_those_of_one_section() -> None:
    assert unused_by("resnet") == {"most_channels", "decoder"}
    assert unused_by("densenet") == {
        "channels",
        "decoder",
        "most_channels",
        "stem",
        "shortcut",
    }
    assert unused_by("unet") == {"depth", "dropout", "pooling", "shortcut", "stem"}
    assert unused_by("forest") == set(USED_BY)
    assert ignored("classification", "training") == {"target_share"}
    assert ignored("classification", "augmentation") == frozenset()

"""Settings that a family of tasks ignores are refused, and left out of its report."""

import pytest

from radflow.config.foreign import ONLY_OF, foreign_settings, ignored
from radflow.config.training import ModelRules

CHANGED = {
    "network.most_channels": 64,
    "training.target_share": 0.3,
    "network.depth": 18,
    "network.dropout": 0.3,
    "network.stem": 2,
    "network.shortcut": "pooled",
    "network.pooling": "top",
    "augmentation.cutout": 0.5,
    "augmentation.cutout_share": 0.2,
    "training.balance": "loss",
    "training.label_smoothing": 0.1,
    "training.small_until": 0.5,
    "training.small_share": 0.6,
    "training.shuffled_labels": True,
}


def _rules(*keys: str) -> ModelRules:
    record: dict[str, dict[str, object]] = {}
    for key in keys:
        section, name = key.split(".")
        record.setdefault(section, {})[name] = CHANGED[key]
    return ModelRules.model_validate(record)


@pytest.mark.parametrize("task", list(ONLY_OF))
def test_what_only_another_family_has_is_named_all_at_once(task: str) -> None:
    own = ONLY_OF[task]
    foreign = sorted(set(CHANGED) - set(own))
    found = list(foreign_settings(task, _rules(*CHANGED)))
    assert [line.split(":")[0] for line in found] == foreign
    assert all(f"a {task} has no use for it; remove it" in line for line in found)


@pytest.mark.parametrize("task", list(ONLY_OF))
def test_own_settings_and_defaults_pass(task: str) -> None:
    assert not list(foreign_settings(task, _rules(*ONLY_OF[task])))
    assert not list(foreign_settings(task, ModelRules()))


def test_ignored_keys_are_those_of_one_section() -> None:
    assert ignored("segmentation", "network") == {"depth", "dropout", "pooling", "shortcut", "stem"}
    assert ignored("classification", "training") == {"target_share"}
    assert ignored("classification", "augmentation") == frozenset()

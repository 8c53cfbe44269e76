"""Settings that one family of tasks alone has a use for: another would silently ignore them."""

from collections.abc import Iterator, Mapping
from operator import attrgetter

from radflow.config.training import ModelRules

ONLY_OF: Mapping[str, tuple[str, ...]] = {
    "segmentation": ("network.most_channels", "training.target_share"),
    "classification": (
        "network.depth",
        "network.dropout",
        "network.stem",
        "network.shortcut",
        "network.pooling",
        "augmentation.cutout",
        "augmentation.cutout_share",
        "training.balance",
        "training.label_smoothing",
        "training.small_until",
        "training.small_share",
        "training.shuffled_labels",
    ),
}
"""Family to the settings of a model that are its own."""

_DEFAULTS = ModelRules()


def ignored(task: str, section: str) -> frozenset[str]:
    """Name the keys of a section (``network``, ``augmentation``, ``training``) a task ignores."""
    split = (key.split(".") for key in _foreign(task))
    return frozenset(name for part, name in split if part == section)


def foreign_settings(task: str, model: ModelRules) -> Iterator[str]:
    """Name the settings that a model changes from their defaults though its task ignores them."""
    for key in _foreign(task):
        value = attrgetter(key)
        if value(model) != value(_DEFAULTS):
            yield f"{key}: a {task} has no use for it; remove it"


def _foreign(task: str) -> list[str]:
    return sorted(key for family, keys in ONLY_OF.items() if family != task for key in keys)

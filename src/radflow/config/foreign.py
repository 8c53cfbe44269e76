"""Settings that some networks or tasks alone have a use for: others would silently ignore them."""

from collections.abc import Iterator, Mapping
from operator import attrgetter

from radflow.config.training import CLASSIFIERS, ModelRules

USED_BY: Mapping[str, tuple[str, ...]] = {
    "channels": ("unet", "cnn", "resnet"),
    "most_channels": ("unet",),
    "decoder": ("unet",),
    "depth": ("resnet", "densenet", "efficientnet"),
    "dropout": CLASSIFIERS,
    "stem": ("resnet",),
    "shortcut": ("resnet",),
    "pooling": CLASSIFIERS,
}
"""Setting of ``network`` to the names of the networks that have a use for it."""

ONLY_OF: Mapping[str, tuple[str, ...]] = {
    "segmentation": ("training.target_share",),
    "classification": (
        "augmentation.cutout",
        "augmentation.cutout_share",
        "training.balance",
        "training.label_smoothing",
        "training.small_until",
        "training.small_share",
        "training.shuffled_labels",
    ),
}
"""Task to the settings of augmentation and training that are its own."""

_DEFAULTS = ModelRules()


def unused_by(network: str) -> frozenset[str]:
    """Name the keys of the section ``network`` that a network, by its name, ignores."""
    return frozenset(key for key, names in USED_BY.items() if network not in names)


def ignored(task: str, section: str) -> frozenset[str]:
    """Name the keys of a section (``augmentation``, ``training``) that a task ignores."""
    split = (key.split(".") for key in _foreign(task))
    return frozenset(name for part, name in split if part == section)


def foreign_settings(task: str, model: ModelRules) -> Iterator[str]:
    """Name the settings that a model changes from their defaults though nothing reads them."""
    name = model.network.name
    of_network = {f"network.{key}": f"the network {name}" for key in unused_by(name)}
    of_task = dict.fromkeys(_foreign(task), f"a {task}")
    for key, who in sorted({**of_network, **of_task}.items()):
        value = attrgetter(key)
        if value(model) != value(_DEFAULTS):
            yield f"{key}: {who} has no use for it; remove it"


def _foreign(task: str) -> list[str]:
    return sorted(key for other, keys in ONLY_OF.items() if other != task for key in keys)

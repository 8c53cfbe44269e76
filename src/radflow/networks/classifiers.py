"""Classifiers by name: the one table of what a study of classes may ask for."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from radflow.config.training import CLASSIFIERS
from radflow.networks.build import Builder, build_from
from radflow.networks.forest import Forest
from radflow.networks.image_classifier import build_image_classifier
from radflow.networks.logistic import Logistic
from radflow.networks.majority import Majority


def _majority(network: Mapping[str, Any]) -> nn.Module:
    return Majority(outputs=network["outputs"])


def _logistic(network: Mapping[str, Any]) -> nn.Module:
    sizes = {name: network[name] for name in ("inputs", "dimensions", "outputs")}
    return Logistic(**sizes)


def _forest(network: Mapping[str, Any]) -> nn.Module:
    sizes = {name: network[name] for name in ("kind", "classes", "trees", "nodes", "tree_depth")}
    return Forest(**sizes)


BUILDERS: dict[str, Builder] = {
    "majority": _majority,
    "logistic": _logistic,
    "forest": _forest,
    **dict.fromkeys(CLASSIFIERS, build_image_classifier),
}


def build_classifier(network: Mapping[str, Any]) -> nn.Module:
    """Build a classifier from its record in ``model.json``; see `build_from`.

    Parameters
    ----------
    network
        ``name`` (a key of `BUILDERS`), ``inputs``, ``outputs`` (logits), ``dimensions`` (2 or 3),
        and the builder's own arguments.
    """
    return build_from(BUILDERS, network, what="classifier")

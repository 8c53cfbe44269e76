"""Networks by name: the one table of what a study may ask for."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from radflow.errors import ModelError
from radflow.networks.mean_shape import MeanShape
from radflow.networks.unet import UNet
from radflow.networks.widths import level_widths


def _unet(network: Mapping[str, Any]) -> nn.Module:
    return UNet(
        inputs=network["inputs"],
        outputs=network["outputs"],
        widths=level_widths(
            network["channels"], levels=network["levels"], most=network["most_channels"]
        ),
    )


def _mean_shape(network: Mapping[str, Any]) -> nn.Module:
    shape = network["shape"]
    return MeanShape(outputs=network["outputs"], shape=(shape[0], shape[1], shape[2]))


BUILDERS = {"unet": _unet, "mean_shape": _mean_shape}


def build(network: Mapping[str, Any]) -> nn.Module:
    """Build a network from its record in ``model.json``, with weights not yet set.

    Parameters
    ----------
    network
        ``name`` (a key of `BUILDERS`), ``inputs`` (image channels), ``outputs`` (classes,
        background included), and the builder's own arguments.

    Raises
    ------
    ModelError
        If the name is unknown or an argument is missing.
    """
    name = network.get("name")
    if name not in BUILDERS:
        message = f"unknown network {name!r}; known: {', '.join(BUILDERS)}"
        raise ModelError(message)
    try:
        return BUILDERS[name](network)
    except KeyError as error:
        message = f"the description of network {name!r} lacks {error}"
        raise ModelError(message) from error

"""Networks that label voxels, by name: the one table of what a segmentation may ask for."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from radflow.networks.build import build_from
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
        decoder=network["decoder"],
    )


def _mean_shape(network: Mapping[str, Any]) -> nn.Module:
    shape = network["shape"]
    return MeanShape(outputs=network["outputs"], shape=(shape[0], shape[1], shape[2]))


BUILDERS = {"unet": _unet, "mean_shape": _mean_shape}


def build_segmenter(network: Mapping[str, Any]) -> nn.Module:
    """Build a network that labels voxels from its record in ``model.json``; see `build_from`.

    Parameters
    ----------
    network
        ``name`` (a key of `BUILDERS`), ``inputs`` (image channels), ``outputs`` (classes,
        background included), and the builder's own arguments.
    """
    return build_from(BUILDERS, network, what="network")

"""Networks by name."""

import pytest
from toy_network import TOY_UNET

from radflow.errors import ModelError
from radflow.networks.mean_shape import MeanShape
from radflow.networks.segmenters import build_segmenter
from radflow.networks.unet import UNet


def test_a_name_gives_its_network() -> None:
    assert isinstance(build_segmenter(TOY_UNET), UNet)
    assert isinstance(
        build_segmenter({"name": "mean_shape", "outputs": 3, "shape": [4, 5, 6]}), MeanShape
    )


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"'vnet'.*unet"):
        build_segmenter({"name": "vnet"})


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(ModelError, match="levels"):
        build_segmenter({name: value for name, value in TOY_UNET.items() if name != "levels"})

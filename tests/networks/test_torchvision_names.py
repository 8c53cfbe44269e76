"""torchvision's weights in our networks: each has its place, and computes the same there."""

from typing import Any

import pytest
import torch
from torchvision_like import (
    densenet_features,
    densenet_weights,
    resnet_features,
    resnet_weights,
)

from radflow.errors import ModelError
from radflow.networks.classifiers import build_classifier
from radflow.networks.image_classifier import ImageClassifier
from radflow.networks.torchvision_names import rename_torchvision
from radflow.training.transfer import fit_weights

IMAGE = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def network(name: str, depth: int, **changes: Any) -> ImageClassifier:
    record = {"name": name, "depth": depth, "channels": [64], "inputs": 3, "outputs": 2}
    return build_classifier(
        {
            **record,
            "dimensions": 2,
            "dropout": 0.0,
            "pooling": "mean",
            "stem": 4,
            "shortcut": "strided",
            **changes,
        }
    ).eval()


def started(ours: ImageClassifier, weights: dict[str, torch.Tensor]) -> ImageClassifier:
    fitting = fit_weights(ours, weights, keep_last=False)
    assert fitting.loaded == tuple(ours.stages)
    ours.load_state_dict({**ours.state_dict(), **fitting.tensors})
    return ours


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_a_resnet_has_a_place_for_every_tensor_and_computes_the_same(depth: int) -> None:
    weights = resnet_weights(depth)
    renamed = rename_torchvision(weights, "resnet")
    ours = network("resnet", depth)
    assert set(renamed) == set(ours.state_dict())
    with torch.inference_mode():
        found = started(ours, renamed).features(IMAGE)
        torch.testing.assert_close(found, resnet_features(weights, depth, IMAGE), rtol=1e-3, atol=0)


@pytest.mark.parametrize("old", [False, True])
def test_a_densenet_has_a_place_for_every_tensor_and_computes_the_same(old: bool) -> None:
    renamed = rename_torchvision(densenet_weights(old=old), "densenet")
    ours = network("densenet", 121)
    missing = set(ours.state_dict()) - set(renamed)
    assert set(renamed) <= set(ours.state_dict())
    assert all(old and name.endswith("num_batches_tracked") for name in missing)
    with torch.inference_mode():
        found = started(ours, renamed).features(IMAGE)
        expected = densenet_features(densenet_weights(), IMAGE)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=0)


def test_a_grey_image_counts_as_one_whose_colours_are_alike() -> None:
    weights = resnet_weights(18)
    ours = started(network("resnet", 18, inputs=1), rename_torchvision(weights, "resnet"))
    grey = IMAGE[:, :1]
    with torch.inference_mode():
        found, expected = ours.features(grey), resnet_features(weights, 18, grey.expand_as(IMAGE))
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=0)


def test_weights_of_another_network_are_refused() -> None:
    weights = {f"module.{name}": value for name, value in resnet_weights(18).items()}
    message = "no weights of torchvision's resnet: 122 of 122 tensors .* first module.conv1.weight"
    with pytest.raises(ModelError, match=message):
        rename_torchvision(weights, "resnet")

"""Classifiers: shapes, stages, and the same answers as MONAI's own networks."""

from typing import Any

import numpy as np
import pytest
import torch
from monai.networks.nets.densenet import DenseNet
from monai.networks.nets.efficientnet import EfficientNetBN
from monai.networks.nets.resnet import ResNet
from torch import nn

from radflow.config.classification import TargetRules
from radflow.errors import ModelError
from radflow.networks.classifiers import BUILDERS, build_classifier
from radflow.networks.image_classifier import ImageClassifier, initialise_classifier
from radflow.networks.majority import Majority, class_logits
from radflow.targets import Target
from radflow.tasks.answers import probabilities


def record(name: str, **changes: Any) -> dict[str, Any]:
    values = {
        **{"name": name, "channels": [4, 8], "depth": None, "dropout": 0.0, "pooling": "mean"},
        **{"inputs": 2, "outputs": 3, "dimensions": 2, "stem": 4, "shortcut": "strided"},
    }
    return values | changes


def made(name: str, **changes: Any) -> ImageClassifier:
    network = build_classifier(record(name, **changes))
    assert isinstance(network, ImageClassifier)
    initialise_classifier(network, torch.Generator().manual_seed(0))
    # Statistics as of a trained network, so that normalisation is no identity.
    generator = torch.Generator().manual_seed(1)
    for key, value in network.state_dict().items():
        least = {"running_mean": -0.5, "running_var": 0.5}.get(key.rpartition(".")[2])
        if least is not None:
            value.copy_(torch.rand(value.shape, generator=generator) + least)
    return network.eval()


def image(dimensions: int, *, inputs: int = 2, size: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn(2, inputs, *[size] * dimensions, generator=generator)


SMALL = [
    *(("cnn", dimensions, None) for dimensions in (2, 3)),
    *(("resnet", dimensions, depth) for dimensions in (2, 3) for depth in (10, 18)),
    ("resnet", 2, 50),
    ("densenet", 2, 121),
    ("efficientnet", 2, 0),
]


@pytest.mark.parametrize(("name", "dimensions", "depth"), SMALL)
def test_stages_lead_to_features_and_these_to_logits(
    name: str, dimensions: int, depth: int | None
) -> None:
    network = made(name, dimensions=dimensions, depth=depth)
    pixels = image(dimensions, size=32)
    with torch.inference_mode():
        maps, grid = pixels, [32] * dimensions
        for stage in network.stages.values():
            maps = stage(maps)
            assert maps.ndim == dimensions + 2
            assert all(new <= old for new, old in zip(maps.shape[2:], grid, strict=True))
            grid = list(maps.shape[2:])
        torch.testing.assert_close(network.maps(pixels), maps)
        features = network.features(pixels)
        torch.testing.assert_close(features, maps.mean(list(range(2, dimensions + 2))))
        torch.testing.assert_close(network(pixels), network.head(features))
        assert network(pixels).shape == (2, 3)
        assert bool(network(pixels).isfinite().all())


@pytest.mark.parametrize(("name", "dimensions", "depth"), SMALL)
def test_the_same_generator_draws_the_same_weights(
    name: str, dimensions: int, depth: int | None
) -> None:
    states = []
    for seed in (5, 6):
        torch.manual_seed(seed)
        states.append(made(name, dimensions=dimensions, depth=depth).state_dict())
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


def monai_resnet(dimensions: int) -> nn.Module:
    return ResNet(
        "basic",
        [2, 2, 2, 2],
        [4, 8, 16, 32],
        spatial_dims=dimensions,
        n_input_channels=2,
        conv1_t_stride=2,
        num_classes=3,
        bias_downsample=False,
    )


def monai_densenet(dimensions: int) -> nn.Module:
    return DenseNet(dimensions, 2, 3, block_config=(6, 12, 24, 16))


def monai_efficientnet(dimensions: int) -> nn.Module:
    return EfficientNetBN(
        "efficientnet-b0", pretrained=False, spatial_dims=dimensions, in_channels=2, num_classes=3
    )


@pytest.mark.parametrize(
    ("name", "theirs", "dimensions"),
    [
        ("resnet", monai_resnet, 2),
        ("resnet", monai_resnet, 3),
        ("densenet", monai_densenet, 2),
        ("densenet", monai_densenet, 3),
        ("efficientnet", monai_efficientnet, 2),
    ],
)
def test_with_monai_s_weights_the_answer_is_monai_s(
    name: str, theirs: Any, dimensions: int
) -> None:
    """Weights are handed over in the order of the modules, which both have alike."""
    ours = made(name, dimensions=dimensions)
    other = theirs(dimensions).eval()
    state = ours.state_dict()
    pairs = zip(other.state_dict().items(), state.values(), strict=True)
    other.load_state_dict({name: value for (name, _), value in pairs}, strict=True)
    pixels = image(dimensions, size=64 if dimensions == 2 else 32)
    with torch.inference_mode():
        answer = ours(pixels)
        torch.testing.assert_close(answer, other(pixels), rtol=1e-4, atol=1e-4)
    assert float(answer.std()) > 0


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_top_of_a_map_is_the_mean_of_its_strongest_2000th(dimensions: int) -> None:
    network = made("cnn", dimensions=dimensions, channels=[4], pooling="top")
    given = image(dimensions, size=32)
    maps = network.maps(given).detach().flatten(2).numpy()
    count = round(0.0005 * 32**dimensions)
    expected = np.sort(maps, axis=2)[:, :, -count:].mean(2)
    np.testing.assert_allclose(network.features(given).detach(), expected, rtol=1e-5)


def test_the_top_of_a_small_map_is_its_largest_value() -> None:
    network = made("cnn", channels=[4], pooling="top")
    maps = torch.randn(2, 4, 3, 3)
    expected = network.head(maps.amax((2, 3)))
    torch.testing.assert_close(network.answer(maps), expected)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_stem_of_2_leaves_the_pooling_out_and_changes_no_weight(dimensions: int) -> None:
    coarse = made("resnet", dimensions=dimensions)
    fine = made("resnet", dimensions=dimensions, stem=2)
    given = image(dimensions)
    before = coarse.stages["stem"](given)
    assert fine.stages["stem"](given).shape[2:] == tuple(2 * n for n in before.shape[2:])
    assert fine.maps(given).shape[2:] == tuple(2 * n for n in coarse.maps(given).shape[2:])
    assert fine.state_dict().keys() == coarse.state_dict().keys()


@pytest.mark.parametrize(("dimensions", "depth"), [(2, 18), (3, 10), (2, 50)])
@pytest.mark.parametrize("size", [64, 75])
def test_a_pooled_shortcut_sees_every_voxel_and_leaves_all_shapes(
    dimensions: int, depth: int, size: int
) -> None:
    strided = made("resnet", dimensions=dimensions, depth=depth)
    pooled = made("resnet", dimensions=dimensions, depth=depth, shortcut="pooled")
    given = image(dimensions, size=size)
    assert pooled.maps(given).shape == strided.maps(given).shape
    count = sum(each.numel() for each in strided.parameters())
    assert sum(each.numel() for each in pooled.parameters()) == count
    assert seen_by_shortcut(pooled, dimensions) == 1
    assert seen_by_shortcut(strided, dimensions) == pytest.approx((4 / 7) ** dimensions)


def seen_by_shortcut(network: ImageClassifier, dimensions: int) -> float:
    """Share of the 7 voxels along each axis on which the first shortcut to a coarser grid rests."""
    shortcut: Any = network.stages["layer2"].get_submodule("0").downsample
    width = next(each.in_channels for each in shortcut if hasattr(each, "in_channels"))
    given = torch.randn(1, width, *[7] * dimensions, requires_grad=True)
    shortcut(given).sum().backward()
    assert given.grad is not None
    return float((given.grad != 0).any(1).double().mean())


def test_dropout_drops_features_in_training_alone() -> None:
    network = made("cnn", dropout=0.5)
    pixels = image(2, size=16)
    with torch.no_grad():
        assert torch.equal(network(pixels), network(pixels))
        network.train()
        network.stages.eval()
        assert not torch.equal(network(pixels), network(pixels))


def test_weights_have_the_spread_of_he_and_biases_none() -> None:
    network = made("cnn", channels=[64, 64])
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    for module in convolutions[1:]:
        expected = (2 / (module.in_channels * 9)) ** 0.5
        assert float(module.weight.detach().std()) == pytest.approx(expected, rel=0.05)
    assert not network.head.bias.any()


@pytest.mark.parametrize(
    ("name", "depth", "message"),
    [
        ("resnet", 19, "there is no resnet 19; network.depth may be 10, 18, 34, 50"),
        ("densenet", 18, "there is no densenet 18; network.depth may be 121, 169, 201"),
        ("efficientnet", 9, "there is no efficientnet 9; network.depth may be 0, 1"),
    ],
)
def test_a_variant_that_does_not_exist_is_refused(name: str, depth: int, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        build_classifier(record(name, depth=depth))


def test_an_unknown_name_and_a_missing_argument_are_refused() -> None:
    with pytest.raises(
        ModelError, match=f"unknown classifier 'oracle'; known: {', '.join(BUILDERS)}"
    ):
        build_classifier(record("oracle"))
    lacking = record("cnn")
    del lacking["channels"]
    with pytest.raises(ModelError, match="classifier 'cnn' lacks 'channels'"):
        build_classifier(lacking)


@pytest.mark.parametrize(
    ("kind", "codes", "expected"),
    [
        ("multi-class", [0, 0, 1, 2], [2.5 / 5.5, 1.5 / 5.5, 1.5 / 5.5]),
        ("ordinal", [0, 0, 1, 2], [2.5 / 5.5, 1.5 / 5.5, 1.5 / 5.5]),
        ("multi-label", [0b001, 0b011, 0b000], [2.5 / 4, 1.5 / 4, 0.5 / 4]),
    ],
)
def test_the_majority_answers_with_frequencies_and_half_a_case_more_of_each(
    kind: str, codes: list[int], expected: list[float]
) -> None:
    target = Target(TargetRules.model_validate({"kind": kind, "classes": ("a", "b", "c")}))
    logits = class_logits(codes, target)
    network = Majority(outputs=len(logits))
    network.logits.copy_(logits)
    answers = probabilities(network(image(2)), target)
    torch.testing.assert_close(answers, torch.tensor([expected, expected]))

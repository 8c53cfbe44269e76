"""Maps of every kind of view have their maximum where a bright cube is."""

import numpy as np
import pytest
import torch
from torch import nn

from radflow.config.classification import InputRules, TargetRules
from radflow.config.explain import ExplainRules, OcclusionRules
from radflow.datasets.cases import Case
from radflow.explain.case_views import FoldNetwork
from radflow.explain.maps import case_map
from radflow.explain.placement import maximum
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.inference.card import ClassifierCard
from radflow.networks.image_classifier import ImageClassifier
from radflow.patches.store import ShardSet, write_shard
from radflow.patches.views import ViewReader

SHAPE = (20, 22, 18)
CUBE = (slice(8, 12), slice(9, 13), slice(7, 11))
VIEWS = {
    "whole": ({"view": "whole"}, (20, 24, 18), 1, 3),
    "slices": ({"view": "slices", "axis": 2}, (20, 22, 1), 1, 2),
    "every second slice": ({"view": "slices", "axis": 0, "every": 2}, (1, 22, 18), 1, 2),
    "neighbours": ({"view": "neighbours", "axis": 2, "beside": 1}, (20, 22, 3), 3, 2),
    "planes": ({"view": "planes"}, (16, 16, 16), 3, 2),
}
RULES = ExplainRules(occlusion=OcclusionRules(box=0.2, stride=0.1, fill="lowest"))


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "a.shard"
    image = np.zeros((1, *SHAPE), np.float32)
    image[(0, *CUBE)] = 3
    # Slices without contrast are no views.
    image += np.random.default_rng(0).normal(0, 0.3, image.shape).astype(np.float32)
    geometry = Geometry(SHAPE, np.eye(4), (1.0, 1.0, 1.0))
    write_shard(path, [PreprocessedCase("a", image, None, geometry)])
    return ShardSet([path])


CASE = Case("a", "a", (), None, SHAPE, (1.0, 1.0, 1.0), "RAS", (), None, {})


def network_of(view, size, inputs, axes, *, shards, weight=1.0):
    convolution = (nn.Conv2d if axes == 2 else nn.Conv3d)(inputs, 1, 3, padding=1)
    nn.init.constant_(convolution.weight, 1 / (inputs * 3**axes))
    nn.init.constant_(convolution.bias, -1.0 / inputs)
    network = ImageClassifier(
        {"look": nn.Sequential(convolution, nn.ReLU())}, features=1, outputs=2, dropout=0.0
    ).eval()
    network.head.weight.data = torch.tensor([[-weight], [weight]])
    card = ClassifierCard.model_validate(
        {
            "format": 1,
            "study": "cubes",
            "model": "cnn",
            "fold": 0,
            "task": "classification",
            "dataset": "cubes",
            "channels": ["T1"],
            "modality": "MR",
            "network": {},
            "plan": {"spacing_mm": [1, 1, 1], "patch_size": size, "normalisation": "zscore"},
            "target": TargetRules(kind="binary", classes=("no", "yes")),
            "view": InputRules.model_validate(view),
            "mirror_axes": [0],
            "temperature": 1.0,
            "weights_sha256": "0" * 64,
        }
    )
    network.requires_grad_(requires_grad=False)
    reader = ViewReader(shards, card.view, size)
    return FoldNetwork(card, network, shards, reader, torch.device("cpu"))


@pytest.mark.parametrize("method", ["grad-cam", "occlusion"])
@pytest.mark.parametrize("name", VIEWS)
def test_the_maximum_lies_in_the_cube(shards, name, method):
    canvas = case_map(
        [network_of(*VIEWS[name], shards=shards)], CASE, "yes", method=method, rules=RULES
    )
    inside = np.zeros(SHAPE, bool)
    inside[CUBE] = True
    assert canvas.map.shape == SHAPE
    assert inside[maximum(canvas.map, canvas.seen)]


def test_maps_of_several_networks_are_averaged(shards):
    weak, strong = (network_of(*VIEWS["slices"], shards=shards, weight=w) for w in (1.0, 3.0))

    def values(*networks):
        return case_map(networks, CASE, "yes", method="grad-cam", rules=RULES).map

    np.testing.assert_allclose(values(weak, strong), (values(weak) + values(strong)) / 2, atol=1e-7)
    assert values(strong).max() > values(weak).max()


def test_what_is_measured_may_be_the_probability(shards):
    rules = RULES.model_copy(
        update={"occlusion": RULES.occlusion.model_copy(update={"measure": "probability"})}
    )
    own = network_of(*VIEWS["whole"], shards=shards, weight=50.0)
    found = case_map([own], CASE, "yes", method="occlusion", rules=rules).map
    assert 0 < found.max() < 1

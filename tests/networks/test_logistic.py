import pytest
import torch

from radflow.errors import ModelError
from radflow.networks.classifiers import build_classifier
from radflow.networks.view_features import view_features

RECORD = {"name": "logistic", "inputs": 1, "dimensions": 2, "outputs": 3}


def test_logits_are_weighted_standardised_features() -> None:
    network = build_classifier(RECORD)
    generator = torch.Generator().manual_seed(0)
    for value in network.state_dict().values():
        value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    mean, sd, weight, bias = (network.state_dict()[key] for key in ("mean", "sd", "weight", "bias"))
    views = torch.randn(4, 1, 9, 9, generator=generator)
    expected = (view_features(views) - mean) / sd @ weight.T + bias
    logits = network(views)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, expected.float())


def test_it_has_nothing_to_train_by_gradient() -> None:
    network = build_classifier(RECORD)
    assert list(network.parameters()) == []
    assert set(network.state_dict()) == {"mean", "sd", "weight", "bias"}


def test_a_record_without_the_shapes_is_refused() -> None:
    with pytest.raises(ModelError, match="classifier 'logistic' lacks 'outputs'"):
        build_classifier({key: value for key, value in RECORD.items() if key != "outputs"})

"""The U-Net's shapes, its reproducible start, and that it learns."""

import pytest
import torch

from radflow.networks.unet import Decoder, UNet, initialise


def _network(levels: int = 3, decoder: Decoder = "light") -> UNet:
    network = UNet(inputs=2, outputs=3, widths=[4, 8, 12, 12][:levels], decoder=decoder)
    initialise(network, torch.Generator().manual_seed(0))
    return network


@pytest.mark.parametrize("decoder", ["light", "full"])
@pytest.mark.parametrize("levels", [2, 3, 4])
def test_training_gives_one_answer_per_level_but_the_coarsest(
    levels: int, decoder: Decoder
) -> None:
    answers = _network(levels, decoder)(torch.zeros(1, 2, 16, 24, 8 * 2))
    assert len(answers) == levels - 1
    assert [tuple(a.shape[2:]) for a in answers] == [
        (16 // 2**n, 24 // 2**n, 16 // 2**n) for n in range(levels - 1)
    ]


def test_evaluation_gives_the_finest_answer_of_training() -> None:
    network, image = _network(), torch.randn(1, 2, 8, 8, 8)
    finest = network(image)[0]
    torch.testing.assert_close(network.eval()(image), finest)


def test_the_same_seed_starts_from_the_same_weights_and_another_does_not() -> None:
    one, same = _network().state_dict(), _network().state_dict()
    assert all(torch.equal(one[name], same[name]) for name in one)
    other = _network()
    initialise(other, torch.Generator().manual_seed(1))
    assert not torch.equal(other.encoder[0][0][0].weight, one["encoder.0.0.0.weight"])


def test_each_level_of_the_encoder_has_its_width() -> None:
    assert [stage[1][0].weight.shape[0] for stage in _network(4).encoder] == [4, 8, 12, 12]


def test_an_input_that_the_strides_do_not_divide_is_refused() -> None:
    with pytest.raises(RuntimeError, match="size"):
        _network()(torch.zeros(1, 2, 10, 8, 8))


def test_a_full_decoder_sees_the_skip_beside_the_upsampled_features() -> None:
    convolutions = [level[0][0].weight.shape[:2] for level in _network(decoder="full").decoder]
    assert convolutions == [(4, 8), (8, 16)]


@pytest.mark.parametrize("decoder", ["light", "full"])
def test_every_parameter_is_reached_by_the_gradient(decoder: Decoder) -> None:
    network = _network(decoder=decoder)
    sum(answer.square().mean() for answer in network(torch.randn(1, 2, 8, 8, 8))).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())

"""An ensemble as one network."""

import torch

from radflow.networks.build import build
from radflow.networks.members import Members
from radflow.networks.unet import UNet, initialise

_UNET = {"name": "unet", "inputs": 1, "outputs": 3, "channels": 4, "levels": 3, "most_channels": 16}


def _pair() -> Members:
    pair = build({**_UNET, "members": 2})
    assert isinstance(pair, Members)
    initialise(pair, torch.Generator().manual_seed(0))
    return pair


def test_one_member_is_the_plain_network() -> None:
    assert isinstance(build({**_UNET, "members": 1}), UNet)


def test_in_training_each_member_answers_its_share_of_the_batch_in_order() -> None:
    pair, image = _pair(), torch.randn(4, 1, 8, 8, 8)
    answers = pair(image)
    assert [tuple(answer.shape) for answer in answers] == [(4, 3, 8, 8, 8), (4, 3, 4, 4, 4)]
    torch.testing.assert_close(answers[0][:2], pair.members[0](image[:2])[0])
    torch.testing.assert_close(answers[0][2:], pair.members[1](image[2:])[0])


def test_in_evaluation_probabilities_are_averaged() -> None:
    pair, image = _pair().eval(), torch.randn(1, 1, 8, 8, 8)
    expected = sum(member(image).softmax(1) for member in pair.members) / 2
    torch.testing.assert_close(pair(image).softmax(1), expected)


def test_members_start_apart() -> None:
    one, two = _pair().members
    assert not torch.equal(one.encoder[0][0][0].weight, two.encoder[0][0][0].weight)


def test_the_stride_is_the_members() -> None:
    assert _pair().divisor == 4

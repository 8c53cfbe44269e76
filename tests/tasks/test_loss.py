"""The loss against MONAI's, and where it must be 0."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.losses import DiceCELoss

from radflow.tasks.loss import deeply_supervised, dice_cross_entropy


def _batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 3, 8, 8, 4, generator=generator)
    return logits, torch.randint(0, 3, (2, 8, 8, 4), generator=generator)


@given(st.integers(0, 1000))
def test_the_loss_agrees_with_monai(seed: int) -> None:
    logits, label = _batch(seed)
    theirs = DiceCELoss(
        softmax=True, to_onehot_y=True, include_background=False, smooth_nr=1e-5, smooth_dr=1e-5
    )
    # MONAI leaves the background out of its cross-entropy as well: take the parts apart.
    expected = theirs.dice(logits, label[:, None]) + torch.nn.functional.cross_entropy(
        logits, label
    )
    torch.testing.assert_close(dice_cross_entropy(logits, label), expected)


def test_a_sure_and_right_answer_costs_nothing_and_a_wrong_one_much() -> None:
    _, label = _batch()
    right = torch.nn.functional.one_hot(label, 3).movedim(-1, 1) * 100.0
    assert dice_cross_entropy(right, label) == pytest.approx(0, abs=1e-5)
    assert dice_cross_entropy(right.roll(1, 1), label) > 50


def test_bfloat16_logits_are_weighed_in_float32() -> None:
    logits, label = _batch()
    assert dice_cross_entropy(logits.bfloat16(), label).dtype == torch.float32


def test_levels_weigh_one_half_quarter_and_sum_to_one() -> None:
    logits, label = _batch()
    half, coarse = logits[..., ::2, ::2, ::2], label[..., ::2, ::2, ::2]
    expected = (dice_cross_entropy(logits, label) + dice_cross_entropy(half, coarse) / 2) / 1.5
    torch.testing.assert_close(deeply_supervised([logits, half], label), expected)

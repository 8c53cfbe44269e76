"""The segmentation task: schedule, averaging, tuning Dice, what it refuses."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from toy_network import TOY_UNET

from radflow.config.training import Budget, ModelRules, TrainingRules
from radflow.errors import TrainingError
from radflow.tasks.segmentation import SegmentationTask, hard_dice


def _task(steps: int = 100, **training: object) -> SegmentationTask:
    rules = TrainingRules.model_validate({"budget": Budget(epochs=1), **training})
    return SegmentationTask(
        TOY_UNET,
        ModelRules(training=rules),
        classes=["anterior", "posterior"],
        patch_size=(4, 4, 4),
        steps=steps,
    )


def test_the_learning_rate_warms_up_and_ends_at_zero() -> None:
    task = _task(steps=1000, warm_up=0.1)
    factors = [task.learning_rate_factor(step) for step in range(1001)]
    assert factors[0] == pytest.approx(0.01)
    assert max(factors) == factors[99] == 1
    assert all(a >= b for a, b in itertools.pairwise(factors[100:]))
    assert factors[1000] == pytest.approx(0, abs=1e-12)


def test_the_schedule_scales_with_the_budget() -> None:
    short, long = _task(steps=100), _task(steps=1000)
    assert short.learning_rate_factor(50) == pytest.approx(long.learning_rate_factor(500), abs=0.01)


def test_the_average_starts_at_the_network_and_is_not_trained_itself() -> None:
    task = _task()
    for one, two in zip(task.network.parameters(), task.averaged.parameters(), strict=True):
        assert torch.equal(one, two)
        assert not two.requires_grad


def test_the_optimiser_leaves_the_average_alone() -> None:
    task = _task()
    optimiser = task.configure_optimizers()["optimizer"]
    held = {id(p) for group in optimiser.param_groups for p in group["params"]}
    assert held == {id(p) for p in task.network.parameters()}


def test_a_loss_that_is_not_finite_stops_the_training_and_names_the_samples() -> None:
    task = _task().train()
    with torch.no_grad():
        next(task.network.parameters()).fill_(torch.nan)
    batch = torch.randn(2, 1, 8, 8, 8), torch.zeros(2, 8, 8, 8, dtype=torch.uint8)
    with pytest.raises(TrainingError, match=r"samples \[12, 13\].*learning_rate"):
        task.training_step((*batch, torch.tensor([12, 13])), 0)


def test_tuning_dice_is_the_mean_over_cases_of_a_perfect_and_an_empty_answer() -> None:
    task = _task()

    class Fixed(torch.nn.Module):
        divisor = 2

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.one_hot(image[:, 0].long(), 3).movedim(-1, 1) * 99.0

    task.averaged = Fixed()
    label = torch.zeros(1, 5, 6, 7, dtype=torch.uint8)
    label[0, :2], label[0, 2:4] = 1, 2
    task.on_validation_epoch_start()
    task.validation_step((label[:, None].float(), label), 0)
    task.validation_step((torch.zeros(1, 1, 5, 6, 7), label), 1)
    task.on_validation_epoch_end()
    assert task.scores == pytest.approx({"dice_anterior": 0.5, "dice_posterior": 0.5})
    assert task.score == pytest.approx(0.5)
    assert task.note == "tuning Dice 0.500/0.500"


def test_an_epoch_that_finds_a_class_that_no_tuning_case_has_scores_worse() -> None:
    """Were it left out of the mean, the epoch without it would have no score at all."""
    task, label = _task(), torch.zeros(5, 6, 7)
    label[:2] = 1
    scores: list[float] = []
    for found in (0, 2):
        answer = label.clone()
        answer[4] = found
        task.on_validation_epoch_start()
        task._dice = [hard_dice(answer, label, classes=2)]
        task.on_validation_epoch_end()
        scores.append(task.score)
    assert scores == [1.0, pytest.approx(0.5)]


@given(st.integers(0, 10_000))
def test_hard_dice_is_the_f1_score(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, two = rng.integers(0, 3, (2, 4, 4, 4))
    ours = hard_dice(torch.from_numpy(one), torch.from_numpy(two), classes=2)
    expected = f1_score(one.ravel(), two.ravel(), labels=[1, 2], average=None, zero_division=1.0)
    np.testing.assert_allclose(ours, expected, rtol=1e-6)

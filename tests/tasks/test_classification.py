"""The classification task: its steps, its moving average, its tuning scores."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from radflow.config.classification import TargetRules
from radflow.config.training import ModelRules
from radflow.errors import TrainingError
from radflow.networks.classifiers import build_classifier
from radflow.targets import Target
from radflow.tasks.classification import ClassificationTask

CNN: dict[str, Any] = {
    **{"name": "cnn", "channels": [4, 8], "dropout": 0.0, "pooling": "mean", "depth": None},
    **{"inputs": 1, "outputs": 3, "dimensions": 2},
}
CLASSES = ("a", "b", "c")


def make_task(
    *,
    kind: str = "multi-class",
    weights: dict[int, float] | None = None,
    network: nn.Module | None = None,
    **training: Any,
) -> ClassificationTask:
    augmentation = {"mirror_axes": [], **dict.fromkeys(OFF, 0.0)}
    rules = {"training": {"budget": {"epochs": 1}, **training}, "augmentation": augmentation}
    target = Target(TargetRules.model_validate({"kind": kind, "classes": CLASSES}))
    return ClassificationTask(
        network or build_classifier(CNN),
        ModelRules.model_validate(rules),
        target=target,
        weights=weights,
        steps=10,
    )


OFF = ("spatial", "gamma", "brightness", "noise", "blur", "low_resolution")


def make_batch(count: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(count, 1, 8, 8, generator=generator)
    return image, torch.arange(count) % 3, torch.arange(count)


class Keeps(nn.Module):
    """Keep what it is shown, of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(1, 3)
        self.seen: list[torch.Tensor] = []

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.seen.append(image.detach().clone())
        return self.head(image.mean((2, 3)))


def test_a_step_is_the_cross_entropy_of_the_network_s_answer() -> None:
    task = make_task().train()
    image, codes, samples = make_batch()
    expected = nn.functional.cross_entropy(task.network(image), codes)
    torch.testing.assert_close(task.training_step((image, codes, samples), 0), expected)


def test_rare_classes_weigh_as_much_as_they_are_given() -> None:
    task = make_task(weights={0: 1.0, 1: 3.0, 2: 0.5}).train()
    image, codes, samples = make_batch()
    weight = torch.tensor([1.0, 3.0, 0.5])
    expected = nn.functional.cross_entropy(task.network(image), codes, weight=weight)
    torch.testing.assert_close(task.training_step((image, codes, samples), 0), expected)


def test_the_same_sample_is_augmented_alike_in_any_batch() -> None:
    rules = ModelRules.model_validate({"training": {"budget": {"epochs": 1}}})
    network = Keeps()
    target = Target(TargetRules(classes=CLASSES))
    task = ClassificationTask(network, rules, target=target, weights=None, steps=10).train()
    image, codes, samples = make_batch()
    task.training_step((image, codes, samples), 0)
    task.training_step((image[3:], codes[3:], samples[3:]), 0)
    torch.testing.assert_close(network.seen[0][3:], network.seen[1])
    assert not torch.equal(network.seen[0], image)


@pytest.mark.parametrize(("step", "size"), [(0, 4), (3, 4), (4, 8), (9, 8)])
def test_the_first_steps_see_smaller_views(
    step: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Keeps()
    # Ten steps in all: 4.7 of them, and so the first four, on half of each axis.
    task = make_task(network=network, small_until=0.47, small_share=0.5).train()
    monkeypatch.setattr(ClassificationTask, "global_step", step)
    _, codes, samples = make_batch()
    # Dark and bright lines in turn: left out, and not averaged, one of the two would be lost.
    image = torch.tensor([0.0, 1.0]).repeat(4).expand(len(codes), 1, 8, 8).contiguous()
    task.training_step((image, codes, samples), 0)
    seen = network.seen[0]
    assert seen.shape == (len(image), 1, size, size)
    torch.testing.assert_close(seen.mean((1, 2, 3)), image.mean((1, 2, 3)))
    assert size == 8 or seen.std() < image.std() / 2


def test_tuning_scores_average_the_views_of_a_case_first() -> None:
    class Fixed(nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return image[:, 0, 0, :3]

    task = make_task()
    task.averaged = Fixed()
    logits = torch.tensor([[2.0, 0, 0], [0, 1, 0], [0, 0, 3], [1, 0, 0]])
    image = torch.zeros(4, 1, 8, 8)
    image[:, 0, 0, :3] = logits
    codes, cases = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 1, 1])
    task.on_validation_epoch_start()
    # The views of a case may come in two batches.
    task.validation_step((image[:3], codes[:3], cases[:3]), 0)
    task.validation_step((image[3:], codes[3:], cases[3:]), 1)
    task.on_validation_epoch_end()
    soft = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(1, keepdims=True)
    first, second = soft[:2].mean(0)[0], soft[2:].mean(0)[1]
    assert task.scores["nll"] == pytest.approx(-(np.log(first) + np.log(second)) / 2, rel=1e-6)
    assert task.scores["accuracy"] == 0.5
    assert task.score == -task.scores["nll"]
    assert task.note == f"tuning NLL {task.scores['nll']:.3f}, accuracy 0.500"
    task.on_validation_epoch_start()
    task.validation_step((image[:1], codes[:1], cases[:1]), 0)
    task.on_validation_epoch_end()
    assert task.scores["accuracy"] == 1


def test_the_average_follows_weights_and_the_statistics_of_batch_normalisation() -> None:
    task = make_task(average_decay=0.75)
    before = {name: value.clone() for name, value in task.averaged.state_dict().items()}
    with torch.no_grad():
        for value in task.network.state_dict().values():
            value.add_(2)
    # Without a trainer no step is done: the first update takes the network as it is.
    task.on_train_batch_end({}, None, 0)
    for name, value in task.averaged.state_dict().items():
        assert torch.equal(value, before[name] + 2), name


@pytest.mark.parametrize("done", [1, 9, 1000])
def test_the_average_moves_by_one_minus_the_decay(
    done: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClassificationTask, "global_step", done)
    task = make_task(average_decay=0.75)
    task.averaged.load_state_dict(
        {n: torch.zeros_like(v) for n, v in task.averaged.state_dict().items()}
    )
    with torch.no_grad():
        for value in task.network.state_dict().values():
            value.fill_(1)
    task.on_train_batch_end({}, None, 0)
    share = 1 - min(0.75, done / (done + 9))
    for name, value in task.averaged.state_dict().items():
        wanted = 1 if name.endswith("num_batches_tracked") else share
        torch.testing.assert_close(
            value.double(), torch.full_like(value, wanted, dtype=torch.double)
        )


def test_what_a_network_drops_is_keyed_by_seed_and_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def dropped(seed: int, step: int) -> torch.Tensor:
        torch.manual_seed(step * 31 + 7)  # whatever was drawn before
        monkeypatch.setattr(ClassificationTask, "global_step", step)
        task = make_task(seed=seed).train()
        task.on_train_batch_start(None, 0)
        return nn.functional.dropout(torch.ones(64), 0.5)

    assert torch.equal(dropped(0, 3), dropped(0, 3))
    assert not torch.equal(dropped(0, 3), dropped(0, 4))
    assert not torch.equal(dropped(0, 3), dropped(1, 3))


def test_a_loss_that_is_not_finite_names_the_samples() -> None:
    task = make_task().train()
    with torch.no_grad():
        next(task.network.parameters()).fill_(torch.nan)
    with pytest.raises(TrainingError, match=r"samples \[0, 1, 2, 3, 4, 5\]"):
        task.training_step(make_batch(), 0)

"""Probabilities and losses against torch, scikit-learn and closed forms."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss as sklearn_log_loss
from torch.nn import functional

from radflow.config.classification import TargetRules
from radflow.targets import Target
from radflow.tasks.answers import (
    bits_of,
    correct,
    log_loss,
    outputs_of,
    probabilities,
    training_loss,
)

CLASSES = ("a", "b", "c", "d")
KINDS = ("binary", "multi-class", "multi-label", "ordinal")
logit_rows = st.lists(st.floats(-30, 30), min_size=4, max_size=4)


def target(kind: str) -> Target:
    classes = CLASSES[:2] if kind == "binary" else CLASSES
    return Target(TargetRules.model_validate({"kind": kind, "classes": classes}))


def batch(kind: str, count: int = 30, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    of = target(kind)
    logits = 3 * torch.randn(count, outputs_of(of), generator=generator)
    most = 2 ** len(of.classes) if of.several else len(of.classes)
    return logits, torch.randint(0, most, (count,), generator=generator)


@pytest.mark.parametrize(
    ("kind", "outputs"), [("binary", 2), ("multi-class", 4), ("multi-label", 4), ("ordinal", 3)]
)
def test_a_network_has_a_logit_a_class_or_a_step_between_classes(kind: str, outputs: int) -> None:
    assert outputs_of(target(kind)) == outputs


@given(logit_rows, st.floats(0.05, 20))
def test_softmax_and_sigmoid_are_those_of_numpy(row: list[float], temperature: float) -> None:
    scaled = np.array(row, np.float64) / temperature
    soft = np.exp(scaled - scaled.max())
    logits = torch.tensor(row, dtype=torch.float64)
    ours = probabilities(logits, target("multi-class"), temperature=temperature)
    np.testing.assert_allclose(ours, soft / soft.sum(), rtol=1e-9, atol=1e-300)
    ours = probabilities(logits, target("multi-label"), temperature=temperature)
    np.testing.assert_allclose(ours, 1 / (1 + np.exp(-scaled)), rtol=1e-9)


@pytest.mark.parametrize("kind", ["binary", "multi-class", "ordinal"])
@given(row=logit_rows)
def test_probabilities_of_one_class_are_positive_and_sum_to_one(
    kind: str, row: list[float]
) -> None:
    of = target(kind)
    answer = probabilities(torch.tensor(row[: outputs_of(of)]), of)
    assert answer.shape == (len(of.classes),)
    assert float(answer.sum()) == pytest.approx(1, abs=1e-6)
    assert float(answer.min()) >= 0


@given(logit_rows)
def test_an_ordinal_class_beyond_a_step_is_beyond_those_below(row: list[float]) -> None:
    logits = torch.tensor(row[:3], dtype=torch.float64)
    answer = probabilities(logits, target("ordinal"))
    beyond = answer.flip(0).cumsum(0).flip(0)[1:]
    assert bool((beyond[1:] <= beyond[:-1] + 1e-12).all())
    # Where the steps agree with each other, each is its own sigmoid.
    ordered = logits.sort(descending=True).values
    answer = probabilities(ordered, target("ordinal"))
    np.testing.assert_allclose(
        answer.flip(0).cumsum(0).flip(0)[1:], ordered.sigmoid(), rtol=1e-9, atol=1e-12
    )


def test_bfloat16_logits_are_read_in_float32() -> None:
    logits, _ = batch("multi-class")
    assert probabilities(logits.bfloat16(), target("multi-class")).dtype == torch.float32


def test_a_higher_temperature_is_less_sure_and_keeps_the_order() -> None:
    logits, _ = batch("multi-class")
    plain = probabilities(logits, target("multi-class"))
    hot = probabilities(logits, target("multi-class"), temperature=4)
    assert torch.equal(plain.argmax(1), hot.argmax(1))
    assert bool((hot.max(1).values < plain.max(1).values).all())


@pytest.mark.parametrize("kind", ["binary", "multi-class", "ordinal"])
@given(seed=st.integers(0, 1000))
def test_the_log_loss_is_scikit_learns(kind: str, seed: int) -> None:
    logits, codes = batch(kind, seed=seed)
    of = target(kind)
    answers = probabilities(logits.double(), of)
    answers = answers.clamp(1e-9, 1)
    answers = answers / answers.sum(1, keepdim=True)
    ours = log_loss(answers, codes, of)
    theirs = sklearn_log_loss(codes, answers.numpy(), labels=range(len(of.classes)))
    assert ours.shape == codes.shape
    assert float(ours.mean()) == pytest.approx(theirs, rel=1e-9)


@given(seed=st.integers(0, 1000))
def test_the_log_loss_of_several_classes_is_the_mean_of_theirs(seed: int) -> None:
    logits, codes = batch("multi-label", seed=seed)
    answers = probabilities(logits.double(), target("multi-label"))
    ours = log_loss(answers, codes, target("multi-label"))
    theirs = [
        sklearn_log_loss((codes >> place) & 1, answers[:, place].numpy(), labels=[0, 1])
        for place in range(4)
    ]
    assert float(ours.mean()) == pytest.approx(np.mean(theirs), rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sure_and_wrong_answer_costs_much_but_not_infinity(kind: str) -> None:
    of = target(kind)
    answers = torch.zeros(1, len(of.classes))
    answers[0, 0] = 1
    code = 0b1110 if of.several else 1
    assert float(log_loss(answers, torch.tensor([code]), of)) == pytest.approx(
        -np.log(1e-12), rel=1e-3
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_training_loss_of_one_class_is_torch_s(smoothing: float) -> None:
    logits, codes = batch("multi-class")
    of = target("multi-class")
    log = logits.log_softmax(1)
    truth = (1 - smoothing) * functional.one_hot(codes, 4) + smoothing / 4
    expected = -(truth * log).sum(1).mean()
    torch.testing.assert_close(training_loss(logits, codes, of, smoothing=smoothing), expected)


def test_weights_are_those_of_torch_s_cross_entropy() -> None:
    logits, codes = batch("multi-class")
    of_class = torch.tensor([0.5, 2.0, 1.0, 7.0])
    ours = training_loss(logits, codes, target("multi-class"), weights=of_class[codes])
    torch.testing.assert_close(ours, functional.cross_entropy(logits, codes, weight=of_class))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_training_loss_of_several_classes_is_the_mean_binary_cross_entropy(
    smoothing: float,
) -> None:
    logits, codes = batch("multi-label")
    truth = torch.tensor([[(int(code) >> n) & 1 for n in range(4)] for code in codes]).double()
    truth = truth * (1 - smoothing) + 0.5 * smoothing
    chance = logits.double().sigmoid()
    expected = -(truth * chance.log() + (1 - truth) * (1 - chance).log()).mean()
    ours = training_loss(logits, codes, target("multi-label"), smoothing=smoothing)
    assert float(ours) == pytest.approx(float(expected), rel=1e-5)


def test_the_training_loss_of_ordered_classes_asks_whether_each_step_is_passed() -> None:
    logits = torch.tensor([[2.0, -1.0, 0.5]])
    steps = logits[0].double().sigmoid()
    expected = -(steps[0].log() + (1 - steps[1]).log() + (1 - steps[2]).log()) / 3
    ours = training_loss(logits, torch.tensor([1]), target("ordinal"))
    assert float(ours) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_answer_is_the_best_one(kind: str) -> None:
    """Descending the loss ends at the truth, whatever the kind."""
    _, codes = batch(kind, 8)
    of = target(kind)
    logits = torch.zeros(8, outputs_of(of), requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.3)
    for _ in range(60):
        optimiser.zero_grad()
        training_loss(logits, codes, of).backward()
        optimiser.step()
    answers = probabilities(logits.detach(), of)
    assert bool(correct(answers, codes, of).all())
    assert float(log_loss(answers, codes, of).mean()) < 0.1


def test_bits_are_one_for_each_class_of_a_case() -> None:
    bits = bits_of(torch.tensor([0b0000, 0b0101, 0b1000]), 4)
    assert bits.tolist() == [[0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]


def test_right_is_the_likeliest_class_or_all_classes_beyond_half() -> None:
    answers = torch.tensor([[0.6, 0.1, 0.9, 0.2], [0.6, 0.1, 0.9, 0.2]])
    codes: Any = torch.tensor([0b0101, 0b0100])
    assert correct(answers, codes, target("multi-label")).tolist() == [True, False]
    assert correct(answers, torch.tensor([2, 0]), target("multi-class")).tolist() == [True, False]

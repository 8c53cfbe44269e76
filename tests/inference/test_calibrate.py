"""Temperature scaling: a known temperature comes back, and the tuning loss never rises."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from radflow.config.classification import TargetRules
from radflow.inference.calibrate import fit_temperature
from radflow.targets import Target
from radflow.tasks.answers import log_loss, outputs_of, probabilities

KINDS = ("binary", "multi-class", "multi-label", "ordinal")


def target(kind: str) -> Target:
    classes = ("a", "b") if kind == "binary" else ("a", "b", "c")
    return Target(TargetRules.model_validate({"kind": kind, "classes": classes}))


def loss(logits: list[torch.Tensor], codes: list[int], of: Target, temperature: float) -> float:
    answers = [probabilities(each.double(), of, temperature=temperature).mean(0) for each in logits]
    return float(log_loss(torch.stack(answers), torch.tensor(codes), of).mean())


@given(
    st.sampled_from(KINDS),
    st.integers(0, 10_000),
    st.integers(1, 12),
    st.floats(0.01, 100),
)
def test_the_tuning_loss_never_rises(kind: str, seed: int, cases: int, spread: float) -> None:
    of = target(kind)
    generator = torch.Generator().manual_seed(seed)
    logits = [
        spread * torch.randn(1 + number % 3, outputs_of(of), generator=generator)
        for number in range(cases)
    ]
    most = 2 ** len(of.classes) if of.several else len(of.classes)
    codes = torch.randint(0, most, (cases,), generator=generator).tolist()
    temperature, before, after = fit_temperature(logits, codes, of)
    assert 0.05 <= temperature <= 20
    assert after <= before
    assert before == pytest.approx(loss(logits, codes, of, 1.0), rel=1e-9)
    assert after == pytest.approx(loss(logits, codes, of, temperature), rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("true", [0.5, 3.0])
def test_a_known_temperature_is_recovered(kind: str, true: float) -> None:
    """Truth drawn from the probabilities of logits that are then made too sure or too unsure."""
    of = target(kind)
    rng = np.random.default_rng(0)
    generator = torch.Generator().manual_seed(0)
    fair = torch.randn(4000, outputs_of(of), generator=generator)
    if kind == "ordinal":
        fair = fair.sort(1, descending=True).values
    chances = probabilities(fair.double(), of).numpy()
    if of.several:
        drawn = rng.random(chances.shape) < chances
        codes = (drawn @ (1 << np.arange(3))).tolist()
    else:
        codes = [int(rng.choice(chances.shape[1], p=row / row.sum())) for row in chances]
    temperature, before, after = fit_temperature(list((fair * true)[:, None]), codes, of)
    assert temperature == pytest.approx(true, rel=0.1)
    assert after < before


@pytest.mark.parametrize("size", [1.0, 30.0])
def test_answers_that_are_all_right_keep_their_temperature(size: float) -> None:
    logits = [torch.tensor([[size, 0.0]]), torch.tensor([[0.0, 2 * size]])]
    temperature, before, after = fit_temperature(logits, [0, 1], target("binary"))
    assert (temperature, after) == (1.0, before)


def test_one_wrong_answer_among_right_ones_gives_the_loss_a_minimum() -> None:
    logits = [torch.tensor([[1.0, 0.0]])] * 9 + [torch.tensor([[0.0, 1.0]])]
    temperature, before, after = fit_temperature(logits, [0] * 10, target("binary"))
    # Nine of ten are right, so the sigmoid of 1 / temperature is 0.9.
    assert temperature == pytest.approx(1 / np.log(9), rel=1e-3)
    assert after < before


def test_an_answer_that_says_nothing_keeps_its_temperature() -> None:
    assert fit_temperature([torch.zeros(1, 2)] * 4, [0, 1, 0, 1], target("binary")) == (
        1.0,
        pytest.approx(np.log(2)),
        pytest.approx(np.log(2)),
    )

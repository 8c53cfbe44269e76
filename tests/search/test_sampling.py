"""What trials draw: within bounds, repeatable, each by itself; conditions hold."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from radflow.config.search import Dimension
from radflow.search.sampling import draw

SPACE = {
    "training.learning_rate": Dimension(log_uniform=(1e-4, 1e-1), when={}),
    "training.weight_decay": Dimension(uniform=(0.0, 0.2), when={}),
    "network.depth": Dimension(whole=(2, 5), when={}),
    "network.channels": Dimension(choice=([4], [8, 16], None), when={}),
    "training.balance": Dimension(choice=("none", "loss"), when={}),
    "augmentation.cutout": Dimension(uniform=(0.1, 1.0), when={"training.balance": "loss"}),
    "augmentation.cutout_share": Dimension(
        choice=(0.2, 0.4), when={"augmentation.mirror": True, "network.channels": [[4], [8, 16]]}
    ),
    "augmentation.mirror": Dimension(choice=(True, 1), when={"training.balance": ["loss"]}),
}
seeds, numbers = st.integers(0, 2**40), st.integers(0, 999)


@given(seeds, numbers)
def test_every_value_lies_within_its_bounds(seed: int, number: int) -> None:
    drawn = draw(SPACE, seed=seed, number=number)
    assert 1e-4 <= drawn["training.learning_rate"] <= 1e-1
    assert 0 <= drawn["training.weight_decay"] <= 0.2
    assert drawn["network.depth"] in {2, 3, 4, 5}
    assert isinstance(drawn["network.depth"], int)
    assert drawn["network.channels"] in ([4], [8, 16], None)
    assert list(drawn) == sorted(drawn)


@given(seeds, numbers)
def test_a_key_whose_condition_does_not_hold_is_absent(seed: int, number: int) -> None:
    drawn = draw(SPACE, seed=seed, number=number)
    losing = drawn["training.balance"] == "loss"
    assert ("augmentation.cutout" in drawn) == losing
    assert ("augmentation.mirror" in drawn) == losing
    mirrored = drawn.get("augmentation.mirror") is True  # 1 is another value
    shared = mirrored and drawn["network.channels"] is not None
    assert ("augmentation.cutout_share" in drawn) == shared


@given(seeds, numbers, st.permutations(list(SPACE)))
def test_the_order_of_writing_does_not_matter(seed: int, number: int, order: list[str]) -> None:
    turned = {key: SPACE[key] for key in order}
    assert draw(turned, seed=seed, number=number) == draw(SPACE, seed=seed, number=number)


def test_numbers_and_seeds_draw_different_values() -> None:
    drawn = {
        draw(SPACE, seed=seed, number=number)["training.learning_rate"]
        for seed in range(10)
        for number in range(20)
    }
    assert len(drawn) == 200


def test_log_uniform_is_even_in_the_logarithm_and_choices_are_as_likely() -> None:
    drawn = [draw(SPACE, seed=1, number=number) for number in range(600)]
    logs = np.array([math.log10(each["training.learning_rate"]) for each in drawn])
    share = np.histogram(logs, bins=3, range=(-4, -1))[0] / len(drawn)
    # Three times the standard deviation of a share of 1/3 among 600 is 0.058.
    assert np.abs(share - 1 / 3).max() < 0.058
    balanced = np.mean([each["training.balance"] == "loss" for each in drawn])
    assert abs(balanced - 0.5) < 0.062

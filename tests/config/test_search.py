"""What a space may hold: one way a dimension, bounds that rise, and no more."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from radflow.config.search import Dimension, SearchRules, with_parameters
from radflow.config.training import ModelRules


def search(**changes: Any) -> SearchRules:
    record = {
        "model": "net",
        "trials": 4,
        "space": {"training.learning_rate": {"log_uniform": [1e-4, 1e-1]}},
        **changes,
    }
    return SearchRules.model_validate_json(json.dumps(record), strict=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "exactly one of log_uniform, uniform, whole, choice"),
        ({"uniform": [0, 1], "whole": [0, 1]}, "exactly one of"),
        ({"uniform": [1, 1]}, r"\[1.0, 1.0\]: the lower bound first"),
        ({"whole": [3, 2]}, r"\[3, 2\]: the lower bound first"),
        ({"log_uniform": [0, 1]}, r"\[0.0, 1.0\] must be above 0"),
        ({"choice": []}, "at least 1 item"),
        ({"choice": [[4], [4]]}, "a value stands twice"),
        ({"whole": [1.5, 3]}, "valid integer"),
        ({"uniform": [0, 1], "step": 1}, "Extra inputs"),
    ],
)
def test_a_dimension_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Dimension.model_validate_json(json.dumps(given), strict=True)


def test_true_and_1_are_two_choices() -> None:
    assert Dimension(choice=(True, 1), when={}).choice == (True, 1)


@pytest.mark.parametrize(
    "changes", [{"trials": 0}, {"seeds": 0}, {"space": {}}, {"budget": 0}, {"model": ""}]
)
def test_a_search_without_anything_to_do_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        search(**changes)


def test_a_trial_does_not_depend_on_how_many_there_are() -> None:
    few, many = search(trials=2, seeds=1), search(trials=20, seeds=5)
    assert few.for_trials() == many.for_trials()
    assert few.for_trials() != search(seed=1).for_trials()


def test_values_are_put_into_the_rules_and_nothing_else_changes() -> None:
    rules = ModelRules()
    values = {"training.learning_rate": 0.5, "network.channels": [4, 8], "network.depth": None}
    changed = with_parameters(rules, values, budget=300, seed=7)
    assert changed.training.learning_rate == 0.5
    assert changed.network.channels == (4, 8)
    assert changed.training.budget.steps == 300
    assert changed.training.seed == 7
    back = {"training.learning_rate": 3e-3, "network.channels": [16, 48]}
    assert with_parameters(changed, back, budget=4000, seed=0) == rules
    assert with_parameters(rules, {}) == rules


def test_a_wrong_key_or_value_is_refused() -> None:
    with pytest.raises(KeyError, match=r"training\.rate"):
        with_parameters(ModelRules(), {"training.rate": 1.0})
    with pytest.raises(ValidationError, match="valid number"):
        with_parameters(ModelRules(), {"training.learning_rate": "0.1"})
    with pytest.raises(ValidationError, match="multiple of steps_per_epoch"):
        with_parameters(ModelRules(), {}, budget=150)

"""Random search over the settings of one model of a study."""

import json
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, WithJsonSchema, model_validator

from radflow.config.base import Section
from radflow.config.training import Budget, ModelRules

_TYPES = ["boolean", "number", "string", "array", "null"]
Value = Annotated[JsonValue, WithJsonSchema({"type": _TYPES})]
Parameters = dict[str, Any]
"""Dotted key of `ModelRules`, e.g. ``training.learning_rate``, to the value a trial gives it."""


class Dimension(Section):
    """From which values one setting is drawn: exactly one of the four ways."""

    log_uniform: Annotated[
        tuple[float, float] | None, Field(description="lowest and highest; evenly in the logarithm")
    ] = None
    uniform: Annotated[tuple[float, float] | None, Field(description="lowest and highest")] = None
    whole: Annotated[
        tuple[int, int] | None, Field(description="lowest and highest whole number")
    ] = None
    choice: Annotated[
        tuple[Value, ...] | None, Field(min_length=1, description="values, each as likely")
    ] = None
    when: Annotated[
        dict[str, Value],
        Field(
            default_factory=dict,
            description="drawn only where the other key has this value, or one of a list",
        ),
    ]

    @model_validator(mode="after")
    def _one_way(self) -> "Dimension":
        ways = (self.log_uniform, self.uniform, self.whole, self.choice)
        if sum(way is not None for way in ways) != 1:
            message = "give exactly one of log_uniform, uniform, whole, choice"
            raise ValueError(message)
        if self.choice is not None and len({spelt(v) for v in self.choice}) < len(self.choice):
            message = f"choice: a value stands twice in {spelt(list(self.choice))}"
            raise ValueError(message)
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            message = f"{list(self.bounds)}: the lower bound first, then a higher one"
            raise ValueError(message)
        if self.log_uniform is not None and self.log_uniform[0] <= 0:
            message = f"log_uniform: {list(self.log_uniform)} must be above 0"
            raise ValueError(message)
        return self

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Lowest and highest value; None of a choice."""
        return self.log_uniform or self.uniform or self.whole

    def allowed(self, key: str) -> set[str]:
        """List the values of another key, as `spelt` writes them, at which this one is drawn."""
        wanted = self.when[key]
        return {spelt(value) for value in (wanted if isinstance(wanted, list) else [wanted])}


class PruneRules(Section):
    """When a trial ends before its budget, by its tuning scores beside those of earlier trials."""

    method: Annotated[
        Literal["median", "halving"],
        Field(description="median: below that of complete trials; halving: of successive rungs"),
    ] = "median"
    from_epoch: Annotated[
        int, Field(ge=1, description="first epoch that is judged, from 1; halving: the first rung")
    ] = 3
    after_trials: Annotated[
        int, Field(ge=1, description="median: complete trials before any is pruned")
    ] = 5
    factor: Annotated[
        int, Field(ge=2, description="halving: 1 in so many goes on, to so many times the epochs")
    ] = 3
    at_once: Annotated[
        int, Field(ge=1, description="trials that may run side by side: they don't see each other")
    ] = 1


class TrialRules(Section):
    """What one trial depends on: neither on how many there are, nor on what follows."""

    model: Annotated[str, Field(min_length=1, description="which of `models` is varied")]
    seed: Annotated[int, Field(ge=0, description="keys what each trial draws")] = 0
    fold: Annotated[int, Field(ge=0, description="whose tuning cases judge; a trained one")] = 0
    space: Annotated[
        dict[str, Dimension],
        Field(min_length=1, description="key of the model, e.g. training.learning_rate: values"),
    ]
    budget: Annotated[
        int | None, Field(ge=1, description="optimiser steps of a trial; null: the model's budget")
    ] = None
    prune: Annotated[PruneRules | None, Field(description="null: every trial runs to its end")] = (
        PruneRules()
    )


class SearchRules(TrialRules):
    """Which settings of a model are tried, at random, and how the best are repeated."""

    trials: Annotated[int, Field(ge=1, le=1000, description="how many; more may be added later")]
    seeds: Annotated[
        int, Field(ge=1, le=100, description="seeds with which the best settings train again")
    ] = 3

    def for_trials(self) -> dict[str, Any]:
        """Give what a trial depends on, as plain values: see `TrialRules`."""
        return self.model_dump(mode="json", exclude={"trials", "seeds"})


def earlier_trials(prune: PruneRules | None, number: int) -> range:
    """List the trials that trial `number` is compared with while it runs: all before its group.

    Without pruning none, so that all trials may run side by side.
    """
    return range(number // prune.at_once * prune.at_once if prune else 0)


def with_parameters(
    rules: ModelRules, parameters: Parameters, *, budget: int | None = None, seed: int | None = None
) -> ModelRules:
    """Put drawn values into a model's rules.

    Parameters
    ----------
    rules
        As the study has them.
    parameters
        Dotted keys and values.
    budget
        Optimiser steps; None keeps the model's budget.
    seed
        Of the training; None keeps the model's.

    Raises
    ------
    ValidationError
        When the model can't have these values.
    KeyError
        When a key is none of the model's.
    """
    record = rules.model_dump(mode="json")
    if budget is not None:
        record["training"]["budget"] = Budget(steps=budget).model_dump()
    if seed is not None:
        record["training"]["seed"] = seed
    for key, value in parameters.items():
        *sections, last = key.split(".")
        place = record
        for section in sections:
            place = place[section]
        if last not in place:
            raise KeyError(key)
        place[last] = value
    return ModelRules.model_validate_json(json.dumps(record), strict=True)


def spelt(value: Value) -> str:
    """Write a value as JSON: ``1`` and ``true`` are two values."""
    return json.dumps(value, ensure_ascii=False)

"""Which cases are explained: a sample of each class, and the surest right and wrong ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from radflow.config.explain import ExplainRules
from radflow.parts import TEST
from radflow.randomness import keyed_generator
from radflow.targets import CALLED_BEYOND, Target

_PROBABILITY = "p:"


@dataclass(frozen=True)
class Answered:
    """A case, what it is, and what the model says.

    Attributes
    ----------
    case
        Id.
    part
        ``fold-K`` or ``test``.
    reference
        Names of the true classes, joined as in the table of scores.
    answer
        The likeliest class: the one that is explained.
    probability
        Its calibrated probability.
    right
        Whether the evaluation counts the case as right: `answer` is the true class, or, of several
        classes at once, those beyond a probability of half are the true ones.
    sampled
        Whether chance chose the case, so that it counts in the pointing game.
    shown
        ``right`` or ``wrong`` where it is among the surest ones of its class; else empty.
    """

    case: str
    part: str
    reference: str
    answer: str
    probability: float
    right: bool
    sampled: bool = False
    shown: str = ""

    @property
    def fold(self) -> int | None:
        """The fold whose network answered; None on the test part, where all did."""
        return None if self.part == TEST else int(self.part.rpartition("-")[2])


def answers_of(tables: Sequence[pd.DataFrame], target: Target) -> list[Answered]:
    """Read what a model says of each case from the tables of its evaluation; sorted by case.

    A case without a prediction is left out: there is nothing to explain.

    Parameters
    ----------
    tables
        Rows of cases with the columns case, part, reference and ``p:CLASS``.
    target
        The classes.
    """
    found: list[Answered] = []
    for row in pd.concat(tables, ignore_index=True).to_dict(orient="records"):
        chances = [float(row[f"{_PROBABILITY}{name}"]) for name in target.classes]
        if any(math.isnan(chance) for chance in chances):
            continue
        answer = target.classes[chances.index(max(chances))]
        reference = "" if pd.isna(row["reference"]) else str(row["reference"])
        called = {answer}
        if target.several:
            pairs = zip(target.classes, chances, strict=True)
            called = {name for name, chance in pairs if chance > CALLED_BEYOND}
        right = called == set(classes_of(reference, target))
        found.append(
            Answered(str(row["case"]), str(row["part"]), reference, answer, max(chances), right)
        )
    return sorted(found, key=lambda each: each.case)


def classes_of(reference: str, target: Target) -> tuple[str, ...]:
    """Give the names that a table joined."""
    separator = target.rules.separator
    if not target.several:
        return (reference,)
    return tuple(name for name in reference.split(separator) if name)


def choose(answers: Sequence[Answered], rules: ExplainRules, target: Target) -> list[Answered]:
    """Choose the cases to explain, in their order, each marked with what for."""
    chosen: dict[str, Answered] = {}
    for name in target.classes:
        own = [each for each in answers if name in classes_of(each.reference, target)]
        drawn = keyed_generator(rules.seed, "explained", name).permutation(len(own))
        for place in drawn[: rules.cases].tolist():
            each = own[place]
            chosen[each.case] = replace(chosen.get(each.case) or each, sampled=True)
        for kind, right in (("right", True), ("wrong", False)):
            ranked = sorted(
                (each for each in own if each.right is right),
                key=lambda each: (-each.probability, each.case),
            )
            for each in ranked[: rules.shown]:
                chosen[each.case] = replace(chosen.get(each.case) or each, shown=kind)
    return [chosen[each.case] for each in answers if each.case in chosen]

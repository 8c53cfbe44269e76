"""The answers of a classification: one row of probabilities per case."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from radflow.datasets.cases import Case
from radflow.files import read_tsv
from radflow.report.inputs import BASELINE, ClassifiedInputs
from radflow.report.load import ModelData, ScoredCase, TrainedStudy, read_trained
from radflow.targets import Target

_TEXT = ("case", "subject", "part", "reference")
_HALF = 0.5


@dataclass(frozen=True)
class Answer(ScoredCase):
    """The answer for one case.

    Attributes
    ----------
    reference
        Classes of the case, in the order of the study; empty where it has none of several.
    probabilities
        Class to calibrated probability; empty where there is no prediction.
    several
        Whether a case may have several classes at once.
    """

    reference: tuple[str, ...]
    probabilities: Mapping[str, float]
    several: bool

    @property
    def answered(self) -> tuple[str, ...]:
        """The likeliest class; of several at once those beyond a probability of half."""
        if self.several:
            return tuple(name for name, p in self.probabilities.items() if p > _HALF)
        if not self.probabilities:
            return ()
        return (max(self.probabilities, key=lambda name: self.probabilities[name]),)

    @property
    def right(self) -> bool:
        """Whether the answer is the reference."""
        return bool(self.probabilities) and set(self.answered) == set(self.reference)

    @property
    def of_the_truth(self) -> float:
        """Probability of the true class; of several at once the mean of what each truth got.

        0 where there is no prediction.
        """
        if not self.probabilities:
            return 0.0
        if not self.several:
            return self.probabilities[self.reference[0]]
        return fmean(p if n in self.reference else 1 - p for n, p in self.probabilities.items())

    @property
    def confidence(self) -> float:
        """Probability of what was answered; of several at once the mean over the classes."""
        if not self.probabilities:
            return 0.0
        if not self.several:
            return max(self.probabilities.values())
        return fmean(max(p, 1 - p) for p in self.probabilities.values())


ClassifiedModel = ModelData[Answer]


@dataclass(frozen=True)
class ClassifiedStudy(TrainedStudy[Answer]):
    """What the report of a classification draws on."""

    inputs: ClassifiedInputs

    @cached_property
    def target(self) -> Target:
        """What is predicted of a case."""
        return Target(self.inputs.target)

    @property
    def used_cases(self) -> tuple[Case, ...]:
        """Those of the cases that have a class of the study."""
        return tuple(case for case in self.cases if self.target.names_of(case) is not None)

    @cached_property
    def real_models(self) -> tuple[ClassifiedModel, ...]:
        """Models but the baseline and controls, the primary one first."""
        return tuple(
            model for model in self.models if model.name != BASELINE and not model.is_control
        ) or (self.primary,)

    @cached_property
    def controls(self) -> tuple[ClassifiedModel, ...]:
        """Models that were trained on shuffled labels."""
        return tuple(model for model in self.models if model.is_control)

    @property
    def chosen_on_tuning(self) -> str:
        """What of the primary model its tuning cases chose, in words."""
        epoch = super().chosen_on_tuning
        rest = "the temperature and the operating points"
        return f"{epoch}, {rest}" if epoch else rest


def read_study(inputs: ClassifiedInputs) -> ClassifiedStudy:
    """Read every file of a report but the images.

    Raises
    ------
    EvaluationError
        When there is no model but the baseline, or it has no answers.
    LeakError
        When the split is not the one that was frozen.
    """
    target = Target(inputs.target)
    return read_trained(inputs, ClassifiedStudy, scores=lambda path: _read_answers(path, target))


def _read_answers(path: Path, target: Target) -> tuple[Answer, ...]:
    table = read_tsv(path, strings=_TEXT)
    table["reference"] = table["reference"].fillna("")
    return tuple(_answer(row, target) for row in table.to_dict(orient="records"))


def _answer(row: Mapping[Any, Any], target: Target) -> Answer:
    separator = target.rules.separator
    names = str(row["reference"]).split(separator) if target.several else [str(row["reference"])]
    found = {name: float(row[f"p:{name}"]) for name in target.classes}
    return Answer(
        case=str(row["case"]),
        subject=str(row["subject"]),
        part=str(row["part"]),
        reference=tuple(name for name in target.classes if name in names),
        probabilities={} if any(map(math.isnan, found.values())) else found,
        several=target.several,
    )

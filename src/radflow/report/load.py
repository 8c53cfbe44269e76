"""Read what a report is made of, once, into plain records and tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import pandas as pd

from radflow.datasets.cases import Case, read_cases
from radflow.errors import EvaluationError
from radflow.evaluation.ledger import read_ledger
from radflow.files import read_json, read_tsv
from radflow.report.inputs import (
    BASELINE,
    TEST,
    TUNING,
    ModelFiles,
    ReportInputs,
    TrainedInputs,
)
from radflow.splits import Split, read_split

_FINDING_TEXT = ("case", "rule", "fault", "level", "message", "remedy", "size", "unit")

Row = Mapping[str, float]


@dataclass(frozen=True)
class ScoredCase:
    """What every table of scores has: a case, whose it is, and the part it was predicted in."""

    case: str
    subject: str
    part: str


Scored_co = TypeVar("Scored_co", bound=ScoredCase, covariant=True)


@dataclass(frozen=True)
class Finding:
    """A row of the table of findings; `size` is empty where a repair has none."""

    case: str
    rule: str
    fault: int
    level: str
    message: str
    remedy: str
    size: str
    unit: str


@dataclass(frozen=True)
class FoldData:
    """Description of a trained fold, and one row per epoch (none for the baseline)."""

    fold: int
    record: dict[str, Any]
    history: tuple[Row, ...]


@dataclass(frozen=True)
class ModelData(Generic[Scored_co]):
    """A model's folds and its scores by part.

    Attributes
    ----------
    scores
        ``tuning`` (folds pooled) and, where it was opened, ``test``: the rows of the tables,
        ordered by case.
    predictions
        By the same parts: case to the predicted label map's path; empty where answers are no files.
    """

    name: str
    folds: tuple[FoldData, ...]
    scores: Mapping[str, tuple[Scored_co, ...]]
    predictions: Mapping[str, Mapping[str, Path]]

    @property
    def is_control(self) -> bool:
        """Whether it was trained on shuffled labels, to prove that nothing leaks."""
        rules = self.folds[0].record.get("rules", {}) if self.folds else {}
        return bool(rules.get("training", {}).get("shuffled_labels", False))


@dataclass(frozen=True)
class DescribedStudy:
    """What every report draws on: the dataset, its cases and what intake found.

    No section reads a file itself but images.
    """

    inputs: ReportInputs
    source: dict[str, Any]
    cases: tuple[Case, ...]
    findings: tuple[Finding, ...]
    intake: dict[str, Any]

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes of label maps but background, in the order of label values."""
        named = self.inputs.card.classes
        return tuple(named[label] for label in sorted(named) if label > 0)


@dataclass(frozen=True)
class TrainedStudy(DescribedStudy, Generic[Scored_co]):
    """What the report of a study with models draws on beside its data."""

    inputs: TrainedInputs
    split: Split
    split_record: dict[str, Any]
    plan: dict[str, Any]
    models: tuple[ModelData[Scored_co], ...]
    metrics: dict[str, Any]
    accesses: tuple[dict[str, Any], ...]

    @cached_property
    def primary(self) -> ModelData[Scored_co]:
        """The first model that is neither the baseline nor a control."""
        named = [each for each in self.models if each.name != BASELINE] or list(self.models)
        return next((each for each in named if not each.is_control), named[0])

    @cached_property
    def baseline(self) -> ModelData[Scored_co] | None:
        """The trivial baseline."""
        return next((each for each in self.models if each.name == BASELINE), None)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Parts with results: ``test`` where it was opened, then ``tuning``."""
        return tuple(part for part in (TEST, TUNING) if part in self.primary.scores)

    @property
    def headline_part(self) -> str:
        """The part whose numbers stand first: the test part where it was opened."""
        return self.parts[0]

    @property
    def has_test_part(self) -> bool:
        """Whether any subject was set aside for the test part."""
        return bool(self.split_record["subjects"].get(TEST, 0))

    @property
    def chosen_on_tuning(self) -> str:
        """What of the primary model its tuning cases chose, in words; empty: nothing."""
        rules = self.primary.folds[0].record.get("rules", {}).get("training", {})
        return "" if rules.get("keep") == "last" else "the best epoch"

    @property
    def used_cases(self) -> tuple[Case, ...]:
        """Those of the cases that models are trained on or tried on."""
        return self.cases

    @cached_property
    def parts_of_cases(self) -> Mapping[str, str]:
        """Case to ``fold-K`` or ``test``."""
        return {case.case: self.split.part_of(case.subject) for case in self.cases}

    @property
    def trained_folds(self) -> tuple[int, ...]:
        """Folds of the primary model that were trained."""
        return tuple(each.fold for each in self.primary.folds)

    def summary(self, model: str, part: str) -> dict[str, Any]:
        """Look up the numbers of a model in a part; empty where there are none."""
        return self.metrics["models"].get(model, {}).get(part, {})


AnyTrained = TrainedStudy[ScoredCase]
Trained = TypeVar("Trained", bound=AnyTrained)
Reader = Callable[[Path], Sequence[ScoredCase]]


def read_described(inputs: ReportInputs) -> DescribedStudy:
    """Read what the report of a study's data is made of."""
    return DescribedStudy(
        inputs=inputs,
        source=read_json(inputs.source_json),
        cases=tuple(read_cases(inputs.cases_tsv)),
        findings=_read_findings(inputs.findings_tsv),
        intake=read_json(inputs.intake_json),
    )


def read_trained(inputs: TrainedInputs, kind: Callable[..., Trained], *, scores: Reader) -> Trained:
    """Read every file of a report but the images.

    Parameters
    ----------
    inputs
        Where the files are.
    kind
        The study to make of them.
    scores
        Reads one table of scores, in the order of its cases.

    Raises
    ------
    EvaluationError
        When there is no model but the baseline, or it has no scores.
    LeakError
        When the split is not the one that was frozen.
    """
    models = tuple(_read_model(files, scores) for files in inputs.models)
    named = [each for each in models if each.name != BASELINE]
    if not named or not named[0].scores:
        message = (
            f"the report of {inputs.study} needs a model with scores beside the baseline, got "
            f"{[each.name for each in models]}; train and evaluate one first"
        )
        raise EvaluationError(message)
    metrics = read_json(inputs.metrics_json)
    accesses = read_ledger(inputs.ledger) if inputs.ledger else metrics.get("test_accesses", [])
    described = read_described(inputs)
    return kind(
        **{each.name: getattr(described, each.name) for each in fields(DescribedStudy)},
        split=read_split(inputs.split_tsv, inputs.split_json),
        split_record=read_json(inputs.split_json),
        plan=read_json(inputs.plan_json),
        models=models,
        metrics=metrics,
        accesses=tuple(accesses),
    )


def _read_model(files: ModelFiles, read: Reader) -> ModelData[ScoredCase]:
    folds = tuple(
        FoldData(each.fold, read_json(each.record), _read_history(each.history))
        for each in files.folds
    )
    return ModelData(
        name=files.name,
        folds=folds,
        scores=_pooled({part: read(path) for part, path in files.scores.items()}),
        predictions=_predictions(files.predictions),
    )


def _read_history(path: Path) -> tuple[Row, ...]:
    rows = pd.read_csv(path).to_dict(orient="records")
    return tuple({str(key): float(row[key]) for key in row} for row in rows)


def _read_findings(path: Path) -> tuple[Finding, ...]:
    rows = read_tsv(path, strings=_FINDING_TEXT).fillna("").to_dict(orient="records")
    names = [each.name for each in fields(Finding) if each.name != "fault"]
    return tuple(
        Finding(fault=int(row["fault"]), **{name: str(row[name]) for name in names}) for row in rows
    )


def _pooled(tables: Mapping[str, Sequence[ScoredCase]]) -> dict[str, tuple[ScoredCase, ...]]:
    """Pool the folds as ``tuning``; rows of one case keep their order."""
    pooled: dict[str, list[ScoredCase]] = {}
    for part in sorted(tables):
        pooled.setdefault(part if part == TEST else TUNING, []).extend(tables[part])
    return {
        part: tuple(sorted(scores, key=lambda score: score.case)) for part, scores in pooled.items()
    }


def _predictions(tables: Mapping[str, Path]) -> dict[str, dict[str, Path]]:
    """Find the files of predictions; tables of probabilities name none."""
    found: dict[str, dict[str, Path]] = {}
    for part, path in sorted(tables.items()):
        rows = read_tsv(path, strings=("case", "path", "sha256")).to_dict(orient="records")
        paths = found.setdefault(part if part == TEST else TUNING, {})
        paths.update(
            {str(row["case"]): path.parent / str(row["path"]) for row in rows if "path" in row}
        )
    return found

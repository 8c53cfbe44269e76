"""Read what a report is made of, once, into plain records and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, overload

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

_TEXT = ("case", "subject", "part", "class", "empty")
_FINDING_TEXT = ("case", "rule", "fault", "level", "message", "remedy", "size", "unit")

Row = Mapping[str, float]


@dataclass(frozen=True)
class Score:
    """One class of one case, as the table of scores has it; volumes in ml, distances in mm."""

    case: str
    subject: str
    part: str
    label: int
    name: str
    dice: float
    hd95_mm: float
    reference_ml: float
    predicted_ml: float
    empty: str


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
class ModelData:
    """A model's folds and its scores by part.

    Attributes
    ----------
    scores
        ``tuning`` (folds pooled) and, where it was opened, ``test``: one score per case and class,
        ordered by case and label.
    predictions
        By the same parts: case to the predicted label map's path.
    """

    name: str
    folds: tuple[FoldData, ...]
    scores: Mapping[str, tuple[Score, ...]]
    predictions: Mapping[str, Mapping[str, Path]]


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
        """Names of the classes but background, in the order of label values."""
        named = self.inputs.card.classes
        return tuple(named[label] for label in sorted(named) if label > 0)


@dataclass(frozen=True)
class TrainedStudy(DescribedStudy):
    """What the report of a study with models draws on beside its data."""

    inputs: TrainedInputs
    split: Split
    split_record: dict[str, Any]
    plan: dict[str, Any]
    models: tuple[ModelData, ...]
    metrics: dict[str, Any]
    accesses: tuple[dict[str, Any], ...]

    @cached_property
    def primary(self) -> ModelData:
        """The first model that is not the baseline."""
        return next((each for each in self.models if each.name != BASELINE), self.models[0])

    @cached_property
    def baseline(self) -> ModelData | None:
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


@overload
def read_study(inputs: TrainedInputs) -> TrainedStudy: ...


@overload
def read_study(inputs: ReportInputs) -> DescribedStudy: ...


def read_study(inputs: ReportInputs) -> DescribedStudy:
    """Read every file of a report but the images.

    Returns
    -------
    DescribedStudy
        Of `TrainedInputs` a `TrainedStudy`.

    Raises
    ------
    EvaluationError
        When there is no model but the baseline, or it has no scores.
    LeakError
        When the split is not the one that was frozen.
    """
    described = DescribedStudy(
        inputs=inputs,
        source=read_json(inputs.source_json),
        cases=tuple(read_cases(inputs.cases_tsv)),
        findings=_read_findings(inputs.findings_tsv),
        intake=read_json(inputs.intake_json),
    )
    return _trained(described, inputs) if isinstance(inputs, TrainedInputs) else described


def _trained(described: DescribedStudy, inputs: TrainedInputs) -> TrainedStudy:
    models = tuple(_read_model(files) for files in inputs.models)
    named = [each for each in models if each.name != BASELINE]
    if not named or not named[0].scores:
        message = (
            f"the report of {inputs.study} needs a model with scores beside the baseline, got "
            f"{[each.name for each in models]}; train and evaluate one first"
        )
        raise EvaluationError(message)
    metrics = read_json(inputs.metrics_json)
    accesses = read_ledger(inputs.ledger) if inputs.ledger else metrics.get("test_accesses", [])
    return TrainedStudy(
        inputs=inputs,
        source=described.source,
        cases=described.cases,
        findings=described.findings,
        intake=described.intake,
        split=read_split(inputs.split_tsv, inputs.split_json),
        split_record=read_json(inputs.split_json),
        plan=read_json(inputs.plan_json),
        models=models,
        metrics=metrics,
        accesses=tuple(accesses),
    )


def _read_model(files: ModelFiles) -> ModelData:
    folds = tuple(
        FoldData(each.fold, read_json(each.record), _read_history(each.history))
        for each in files.folds
    )
    return ModelData(
        name=files.name,
        folds=folds,
        scores=_pooled({part: _read_scores(path) for part, path in files.scores.items()}),
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


def _read_scores(path: Path) -> tuple[Score, ...]:
    table = read_tsv(path, strings=_TEXT)
    table["empty"] = table["empty"].fillna("")
    return tuple(
        Score(
            case=str(row["case"]),
            subject=str(row["subject"]),
            part=str(row["part"]),
            label=int(row["label"]),
            name=str(row["class"]),
            dice=float(row["dice"]),
            hd95_mm=float(row["hd95_mm"]),
            reference_ml=float(row["reference_ml"]),
            predicted_ml=float(row["predicted_ml"]),
            empty=str(row["empty"]),
        )
        for row in table.to_dict(orient="records")
    )


def _pooled(tables: Mapping[str, Sequence[Score]]) -> dict[str, tuple[Score, ...]]:
    """Pool the folds as ``tuning``."""
    pooled: dict[str, list[Score]] = {}
    for part in sorted(tables):
        pooled.setdefault(part if part == TEST else TUNING, []).extend(tables[part])
    return {
        part: tuple(sorted(scores, key=lambda score: (score.case, score.label)))
        for part, scores in pooled.items()
    }


def _predictions(tables: Mapping[str, Path]) -> dict[str, dict[str, Path]]:
    found: dict[str, dict[str, Path]] = {}
    for part, path in sorted(tables.items()):
        rows = read_tsv(path, strings=("case", "path", "sha256")).to_dict(orient="records")
        paths = found.setdefault(part if part == TEST else TUNING, {})
        paths.update({str(row["case"]): path.parent / str(row["path"]) for row in rows})
    return found

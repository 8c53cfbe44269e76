"""What the report of a study is made of: its files, and the configuration it quotes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from radflow.config.classification import InputRules, TargetRules
from radflow.config.dataset import DatasetCard
from radflow.config.evaluation import CompareRules, EvaluationRules
from radflow.config.report import ReportText

BASELINE = "baseline"
"""The model that every other one stands beside."""

TUNING, TEST = "tuning", "test"

_EXTRA = "extra_"


@dataclass(frozen=True)
class FoldFiles:
    """What the training of one fold wrote: its description and its history of epochs."""

    fold: int
    record: Path
    history: Path


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model.

    Attributes
    ----------
    name
        Name of the model in the study.
    folds
        Trained folds, in order.
    scores
        ``fold-K`` or ``test``: table of scores, one row per case and class.
    predictions
        ``fold-K`` or ``test``: table of predicted label maps (case, path, sha256).
    """

    name: str
    folds: tuple[FoldFiles, ...]
    scores: Mapping[str, Path]
    predictions: Mapping[str, Path]

    @classmethod
    def under(cls, results: Path, name: str, *, folds: Sequence[int], parts: Sequence[str]) -> Self:
        """Name a model's files where the workflow puts them, below ``results/STUDY``."""
        trained = results / "models" / name
        return cls(
            name=name,
            folds=tuple(
                FoldFiles(
                    fold, trained / f"fold-{fold}/model.json", trained / f"fold-{fold}/history.csv"
                )
                for fold in folds
            ),
            scores={part: results / "evaluation" / name / f"{part}.tsv" for part in parts},
            predictions={
                part: results / "predictions" / name / part / "predictions.tsv" for part in parts
            },
        )


@dataclass(frozen=True)
class ReportInputs:
    """Everything the report of a study that describes its data needs; nothing else is read.

    Attributes
    ----------
    study, title, question
        Name of the study, title of the report, what the study asks.
    dataset, card
        Name and card of the dataset.
    text
        What only the authors can say.
    source_json
        Where the archive came from, and its hash.
    cases_tsv, findings_tsv, intake_json
        Accepted cases, what intake found, and its counts. Beside them lie the cases' images, and
        their thumbnails where intake made some.
    code_version
        Hash of the code that made the report.
    """

    study: str
    title: str
    question: str
    dataset: str
    card: DatasetCard
    text: ReportText
    source_json: Path
    cases_tsv: Path
    findings_tsv: Path
    intake_json: Path
    code_version: str


@dataclass(frozen=True)
class BesideFiles:
    """A study whose headline numbers stand in the report, too: its name and title, why, numbers."""

    study: str
    title: str
    why: str
    metrics_json: Path


@dataclass(frozen=True)
class TrainedInputs(ReportInputs):
    """What the report of a study with models needs beside that of its data.

    Attributes
    ----------
    folds
        Whether the first fold or all of them were trained.
    evaluation, compare
        Tolerance, whether the test part is open; resampling.
    split_tsv, split_json
        Subjects and parts, and the record of the split.
    plan_json
        Choices with their reasons.
    models
        Models in the study's order; the first that is not the baseline is the primary one.
    metrics_json
        Every number with its interval.
    ledger
        Accesses to the test part; None: what `metrics_json` says of them.
    beside
        Other studies whose headline numbers are shown.
    extras
        Files of optional sections, by name.
    """

    folds: Literal["one", "all"]
    evaluation: EvaluationRules
    compare: CompareRules
    split_tsv: Path
    split_json: Path
    plan_json: Path
    models: tuple[ModelFiles, ...]
    metrics_json: Path
    ledger: Path | None
    beside: tuple[BesideFiles, ...] = ()
    extras: Mapping[str, Path] = field(default_factory=dict[str, Path])

    @classmethod
    def of_rule(
        cls, files: Mapping[str, Any], params: Mapping[str, Any], *, page: Path, **own: Any
    ) -> Self:
        """Make the inputs of the rule's named files and parameters, as plain values.

        Parameters
        ----------
        files
            Name of each input to its path: a ``_tsv`` or ``_json`` of this class, ``extra_NAME`` of
            an optional section, ``beside`` the numbers of the studies beside this one.
        params
            Sections of the study and the card, names of models, folds and parts.
        page
            The page to write, below ``results/STUDY``.
        own
            What a family adds.
        """
        ledger = page.parent / "ledger.tsv"
        extras = {name: path for name, path in files.items() if name.startswith(_EXTRA)}
        named = {
            name: Path(path)
            for name, path in files.items()
            if name.endswith(("_tsv", "_json")) and name not in extras
        }
        return cls(
            **{name: params[name] for name in ("study", "title", "question", "folds", "dataset")},
            **named,
            **own,
            card=DatasetCard.model_validate(params["card"]),
            text=ReportText.model_validate(params["text"]),
            evaluation=EvaluationRules.model_validate(params["evaluation"]),
            compare=CompareRules.model_validate(params["compare"]),
            models=tuple(
                ModelFiles.under(page.parent, name, folds=params["numbers"], parts=params["parts"])
                for name in params["models"]
            ),
            ledger=ledger if ledger.exists() else None,
            beside=tuple(
                BesideFiles(**about, metrics_json=Path(path))
                for about, path in zip(params["beside"], files["beside"], strict=True)
            ),
            extras={name.removeprefix(_EXTRA): Path(path) for name, path in extras.items()},
            code_version=params["code"],
        )


@dataclass(frozen=True)
class ClassifiedInputs(TrainedInputs):
    """What the report of a classification needs beside that of every study with models.

    Attributes
    ----------
    target
        What is predicted of a case.
    view
        What a network sees of it.
    """

    target: TargetRules = field(kw_only=True)
    view: InputRules = field(kw_only=True)

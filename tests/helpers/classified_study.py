"""A whole made-up classification on disk, as the workflow would have left it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from answer_numbers import metrics_of
from cards import toy_card
from study_material import HASH, make_findings, make_plan, write_image

from radflow.config.classification import InputRules, TargetRules
from radflow.config.dataset import DatasetCard
from radflow.config.evaluation import CompareRules, EvaluationRules
from radflow.config.report import ReportText
from radflow.config.training import ModelRules
from radflow.datasets.cases import Case, Lesion, write_cases
from radflow.evaluation.ledger import record_access
from radflow.files import sha256_file, write_json, write_text, write_tsv
from radflow.report.inputs import ClassifiedInputs, ModelFiles

CLASSES = ("cyst", "glioma", "normal")
FOLDS = (0, 1)
FLAT, DEEP = (24, 20, 1), (16, 18, 14)
SKILL = {"cnn": 2.5, "shuffled": 0.0, "baseline": 0.0}
"""Models, and how far they shift the logit of the true class."""


@dataclass(frozen=True)
class Wanted:
    """What the study is to be.

    Attributes
    ----------
    cases
        How many.
    kind
        Of the target.
    opened
        Whether the test part was.
    column
        Covariate that fixes the parts, without a test part; empty: a keyed hash.
    shape
        Of the images, voxels; one deep: 2D pictures without directions.
    control
        Whether a model was trained on shuffled labels.
    record
        Changes of the record of the split.
    """

    cases: int = 30
    kind: str = "multi-class"
    opened: bool = True
    column: str = ""
    shape: tuple[int, int, int] = FLAT
    control: bool = True
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        return CLASSES[1:] if self.kind == "binary" else CLASSES

    @property
    def parts(self) -> tuple[str, ...]:
        return ("fold-0", "fold-1", *(["test"] if self.opened and not self.column else []))

    @property
    def models(self) -> tuple[str, ...]:
        return ("cnn", *(["shuffled"] if self.control else []), "baseline")


@dataclass(frozen=True)
class ClassifiedBuilder:
    """Makes classifications below a folder."""

    root: Path

    def build(self, wanted: Wanted | None = None, **changes: Any) -> ClassifiedInputs:
        wanted = wanted or Wanted(**changes)
        results, target = self.root / "results", _target(wanted)
        cases = self._cases(wanted)
        of = self._records(cases, wanted)
        pooled: dict[str, dict[str, pd.DataFrame]] = {}
        for model in wanted.models:
            self._model(model, wanted)
            tables = {
                part: _answers([c for c in cases if of[c.subject] == part], wanted, model, part)
                for part in wanted.parts
            }
            for part, rows in tables.items():
                write_tsv(results / f"evaluation/{model}/{part}.tsv", rows)
                predicted = rows.drop(columns=["subject", "part", "reference"])
                write_tsv(results / f"predictions/{model}/{part}/predictions.tsv", predicted)
            pooled[model] = {"tuning": pd.concat([tables["fold-0"], tables["fold-1"]])}
            if "test" in tables:
                pooled[model]["test"] = tables["test"]
                self._access(model)
        record = metrics_of(pooled, wanted.classes, kind=wanted.kind)
        write_json(results / "metrics.json", record)
        return ClassifiedInputs(
            study="classes",
            title="Cyst, glioma or normal",
            question="Are three kinds of picture told apart?",
            folds="all",
            dataset="pictures",
            card=_card(wanted),
            text=ReportText(),
            evaluation=EvaluationRules(test="open" if "test" in wanted.parts else "locked"),
            compare=CompareRules(bootstrap_samples=1000),
            source_json=self.root / "pictures.source.json",
            cases_tsv=self.root / "cases/cases.tsv",
            findings_tsv=self.root / "cases/findings.tsv",
            intake_json=self.root / "cases/intake.json",
            split_tsv=results / "split.tsv",
            split_json=results / "split.json",
            plan_json=results / "plan.json",
            models=tuple(
                ModelFiles.under(results, name, folds=FOLDS, parts=wanted.parts)
                for name in wanted.models
            ),
            metrics_json=results / "metrics.json",
            ledger=results / "ledger.tsv" if "test" in wanted.parts else None,
            code_version="abcdef012345",
            target=target,
            view=InputRules(),
        )

    def _cases(self, wanted: Wanted) -> list[Case]:
        cases: list[Case] = []
        for number in range(wanted.cases):
            place = number % len(wanted.classes)
            rng = np.random.default_rng(number)
            image = rng.normal(100, 10, wanted.shape).astype(np.float32)
            image[2:6, 3 + 4 * place : 6 + 4 * place] += 80
            path = self.root / f"cases/images/p{number:03d}.nii.gz"
            flat = wanted.shape[2] == 1
            write_image(path, image, np.diag([-1.0, -1.0, 1.0, 1.0]) if flat else np.eye(4))
            middle = (3.5, 4.0 + 4 * place, 0.0 if flat else 9.0)
            cases.append(
                Case(
                    case=f"p{number:03d}",
                    subject=f"p{number:03d}",
                    images=(path,),
                    label=None,
                    shape=wanted.shape,
                    spacing_mm=(1.0, 1.0, 1.0),
                    orientation="LPS" if flat else "RAS",
                    image_sha256=(sha256_file(path),),
                    label_sha256=None,
                    label_voxels={},
                    target=_reference(number, wanted),
                    lesions=(Lesion("sphere", middle, (4.0, 4.0, 4.0)),),
                    covariates={wanted.column: str(number % 2)} if wanted.column else {},
                )
            )
        write_cases(self.root / "cases/cases.tsv", cases)
        return cases

    def _records(self, cases: Sequence[Case], wanted: Wanted) -> dict[str, str]:
        results = self.root / "results"
        names = ("fold-0", "fold-1") if wanted.column else ("fold-0", "fold-1", "test")
        of = {case.subject: names[(place // 3) % len(names)] for place, case in enumerate(cases)}
        write_tsv(results / "split.tsv", pd.DataFrame(of.items(), columns=["subject", "part"]))
        counts = {part: list(of.values()).count(part) for part in ("fold-0", "fold-1", "test")}
        write_json(
            results / "split.json",
            {
                "sha256": sha256_file(results / "split.tsv"),
                "key": "pictures-1",
                "column": wanted.column or None,
                "test_values": [],
                "test_share": 0.33,
                "folds": 2,
                "subjects": counts,
                "cases": counts,
                "duplicates": [],
                "near_duplicates": [],
                "notes": [],
                **wanted.record,
            },
        )
        write_json(results / "plan.json", make_plan(len(cases) - counts["test"]))
        source = {"archive": "pictures.tar", "sha256": HASH, "bytes": 1_000_000}
        write_json(self.root / "pictures.source.json", source)
        counted = {"listed": len(cases), "accepted": len(cases), "quarantined": 0, "repaired": 0}
        write_json(self.root / "cases/intake.json", counted)
        write_tsv(self.root / "cases/findings.tsv", make_findings().iloc[:0])
        return of

    def _model(self, model: str, wanted: Wanted) -> None:
        rules = ModelRules().model_dump(mode="json")
        rules["training"]["shuffled_labels"] = model == "shuffled"
        rules["training"]["balance"] = "sampling"
        trained = model != "baseline"
        network = {"name": "cnn" if trained else "majority", "channels": [8, 16], "inputs": 1}
        network |= {
            "outputs": len(wanted.classes),
            "dimensions": 2,
            "grid": [24, 20],
            "depth": None,
        }
        tuned = {"nll": 0.52, "calibrated": 0.41} if trained else None
        done = {"parameters": 4321, "steps": 400, "best_epoch": 3, "best_score": -0.5, "seed": 7}
        for fold in FOLDS:
            folder = self.root / f"results/models/{model}/fold-{fold}"
            record = {
                "task": "classification",
                "model": model,
                "fold": fold,
                "network": network,
                "plan": {"spacing_mm": [1, 1, 1], "patch_size": [24, 20, 1]},
                "target": _target(wanted).model_dump(mode="json"),
                "temperature": 1.7 if trained else 1.0,
                "training": {"tuning": tuned, **(done if trained else {"steps": 0})},
                "rules": rules,
                "weights_sha256": HASH,
            }
            write_json(folder / "model.json", record)
            history = _history(fold) if trained else pd.DataFrame(columns=["epoch", "step"])
            text = history.to_csv(index=False, lineterminator="\n")
            write_text(folder / "history.csv", text)

    def _access(self, model: str) -> None:
        record_access(
            self.root / "results/ledger.tsv",
            model=model,
            folds=FOLDS,
            weights_sha256=[HASH],
            split_sha256=HASH,
            settings_sha256=HASH,
        )


def _target(wanted: Wanted) -> TargetRules:
    return TargetRules(kind=wanted.kind, classes=wanted.classes)  # type: ignore[arg-type]


def _card(wanted: Wanted) -> DatasetCard:
    folders = {name: name for name in wanted.classes}
    if wanted.shape[2] > 1:
        return toy_card(classes={}, targets=list(wanted.classes))
    record = {"layout": "images", "images": {"folders": folders}, "targets": list(wanted.classes)}
    return toy_card(classes={}, **record)


def _reference(number: int, wanted: Wanted) -> str:
    classes = wanted.classes
    if wanted.kind != "multi-label":
        return classes[number % len(classes)]
    return ";".join(name for bit, name in enumerate(classes) if number >> bit & 1)


def _answers(cases: Sequence[Case], wanted: Wanted, model: str, part: str) -> pd.DataFrame:
    classes = wanted.classes
    truth = np.array([[name in case.target.split(";") for name in classes] for case in cases])
    rng = np.random.default_rng([len(model), len(part)])
    several = wanted.kind == "multi-label"
    logits = SKILL[model] * (2.0 * truth - several)
    if model != "baseline":
        logits = logits + rng.normal(0, 1.5, truth.shape)
    rows: dict[str, Any] = {
        "case": [case.case for case in cases],
        "subject": [case.subject for case in cases],
        "part": part,
        "reference": [case.target for case in cases],
    }
    for prefix, temperature in (("p", 1.7), ("raw", 1.0)):
        powers = np.exp(logits / temperature)
        p = powers / (1 + powers) if several else powers / powers.sum(1, keepdims=True)
        rows |= {f"{prefix}:{name}": p[:, place] for place, name in enumerate(classes)}
    return pd.DataFrame(rows)


def _history(fold: int) -> pd.DataFrame:
    epochs = np.arange(6)
    nll = 0.4 + np.exp(-epochs / 2) + 0.02 * fold
    return pd.DataFrame(
        {
            "epoch": epochs,
            "step": (epochs + 1) * 100,
            "learning_rate": 1e-3,
            "loss": nll + 0.1,
            "nll": nll,
            "accuracy": 1 - nll / 2,
            "score": -nll,
            "best": (epochs == 3).astype(int),
        }
    )

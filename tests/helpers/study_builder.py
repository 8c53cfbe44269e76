"""A whole made-up study on disk, as the workflow would have left it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from study_material import (
    CLASSES,
    FOLDS,
    HASH,
    MODELS,
    PARTS,
    SHAPE,
    ellipsoid,
    guess,
    make_card,
    make_findings,
    make_history,
    make_plan,
    make_record,
    write_image,
)

from radflow.config.dataset import DatasetCard
from radflow.config.evaluation import CompareRules, EvaluationRules
from radflow.config.report import ReportText
from radflow.datasets.cases import Case, read_cases, write_cases
from radflow.evaluation.cases import evaluate_predictions
from radflow.evaluation.compare import compare
from radflow.evaluation.ledger import record_access
from radflow.files import sha256_file, write_json, write_text, write_tsv
from radflow.imaging.volume import write_labels
from radflow.report.inputs import ModelFiles, TrainedInputs
from radflow.splits import read_split


@dataclass(frozen=True)
class Builder:
    """Makes studies below a folder."""

    root: Path

    def build(
        self, *, cases: int = 12, opened: bool = True, title: str = "A study"
    ) -> TrainedInputs:
        card = make_card()
        listed = self._cases(cases)
        self._records(listed, card)
        parts = PARTS if opened else PARTS[:-1]
        for model in ("unet", "baseline"):
            self._model(model)
            for part in parts:
                self._predict(model, part)
        results = self.root / "results"
        ledger = results / "ledger.tsv"
        compare(
            {m: {p: results / "evaluation" / m / f"{p}.tsv" for p in parts} for m in MODELS},
            results / "metrics.json",
            study="shapes",
            rules=CompareRules(bootstrap_samples=1000),
            ledger=ledger if opened else None,
        )
        return TrainedInputs(
            study="shapes",
            title=title,
            question="How well are two halves of an ellipsoid told apart?",
            folds="all",
            dataset="ellipsoids",
            card=card,
            text=ReportText(authors="A. Author and B. Author"),
            evaluation=EvaluationRules(test="open" if opened else "locked"),
            compare=CompareRules(bootstrap_samples=1000),
            source_json=self.root / "ellipsoids.source.json",
            cases_tsv=self.cases_tsv,
            findings_tsv=self.root / "cases/findings.tsv",
            intake_json=self.root / "cases/intake.json",
            split_tsv=results / "split.tsv",
            split_json=results / "split.json",
            plan_json=results / "plan.json",
            models=tuple(
                ModelFiles.under(results, name, folds=FOLDS, parts=parts) for name in MODELS
            ),
            metrics_json=results / "metrics.json",
            ledger=ledger if opened else None,
            code_version="abcdef012345",
        )

    @property
    def cases_tsv(self) -> Path:
        return self.root / "cases/cases.tsv"

    def _cases(self, count: int) -> list[Case]:
        cases: list[Case] = []
        for number in range(count):
            rng = np.random.default_rng(number)
            labels = ellipsoid(rng)
            image = rng.normal(300, 40, SHAPE) + 120 * (labels > 0) + 30 * (labels == 1)
            name = f"shape_{number:03d}"
            paths = [self.root / f"cases/{kind}/{name}.nii.gz" for kind in ("images", "labels")]
            write_image(paths[0], image.astype(np.float32), np.eye(4))
            paths[1].parent.mkdir(parents=True, exist_ok=True)
            write_labels(paths[1], labels, np.eye(4))
            voxels = np.bincount(labels.ravel(), minlength=3)
            cases.append(
                Case(
                    case=name,
                    subject=name,
                    images=(paths[0],),
                    label=paths[1],
                    shape=SHAPE,
                    spacing_mm=(1.0, 1.0, 1.0),
                    orientation="RAS",
                    image_sha256=(sha256_file(paths[0]),),
                    label_sha256=sha256_file(paths[1]),
                    label_voxels={value: int(n) for value, n in enumerate(voxels)},
                )
            )
        write_cases(self.cases_tsv, cases)
        return cases

    def _records(self, cases: Sequence[Case], card: DatasetCard) -> None:
        results = self.root / "results"
        parts = {case.subject: PARTS[place % 3] for place, case in enumerate(cases)}
        write_tsv(
            results / "split.tsv", pd.DataFrame(list(parts.items()), columns=["subject", "part"])
        )
        counts = {part: list(parts.values()).count(part) for part in PARTS}
        write_json(
            results / "split.json",
            {
                "sha256": sha256_file(results / "split.tsv"),
                "key": "shapes-1",
                "test_share": 0.33,
                "folds": 2,
                "subjects": counts,
                "cases": counts,
                "duplicates": [],
                "notes": [],
            },
        )
        write_json(results / "plan.json", make_plan(len(cases) - counts["test"]))
        write_json(
            self.root / "ellipsoids.source.json",
            {
                "dataset": "ellipsoids",
                "archive": "ellipsoids.tar",
                "url_or_mirror": "/somewhere/on/this/machine/Ellipsoids.tar",
                "checksum": f"sha256:{HASH}",
                "sha256": HASH,
                "bytes": 27_000_000,
                "licence": card.licence,
                "citation": card.citation,
            },
        )
        write_json(
            self.root / "cases/intake.json",
            {
                "listed": len(cases) + 2,
                "accepted": len(cases),
                "quarantined": 2,
                "repaired": 1,
                "reasons": {"file is truncated": 1, "image and label on different grids": 1},
            },
        )
        write_tsv(self.root / "cases/findings.tsv", make_findings())

    def _model(self, model: str) -> None:
        for fold in FOLDS:
            folder = self.root / f"results/models/{model}/fold-{fold}"
            record = make_record(model, fold, sum(1 for _ in read_cases(self.cases_tsv)))
            write_json(folder / "model.json", record)
            rows = (
                make_history(fold) if model == "unet" else pd.DataFrame(columns=["epoch", "step"])
            )
            write_text(folder / "history.csv", rows.to_csv(index=False, lineterminator="\n"))

    def _predict(self, model: str, part: str) -> None:
        results = self.root / "results"
        split = read_split(results / "split.tsv", results / "split.json")
        cases = [c for c in read_cases(self.cases_tsv) if split.part_of(c.subject) == part]
        folder = results / f"predictions/{model}/{part}"
        rows: list[tuple[str, str, str]] = []
        for case in cases:
            path = folder / f"{case.case}.nii.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_labels(path, guess(case.case, model), np.eye(4))
            rows.append((case.case, path.name, sha256_file(path)))
        table = folder / "predictions.tsv"
        write_tsv(table, pd.DataFrame(rows, columns=["case", "path", "sha256"]))
        evaluate_predictions(
            cases,
            table,
            results / f"evaluation/{model}/{part}.tsv",
            part=part,
            classes=CLASSES,
            rules=EvaluationRules(),
        )
        if part == "test":
            record_access(
                results / "ledger.tsv",
                model=model,
                folds=FOLDS,
                weights_sha256=[HASH],
                split_sha256=split.sha256,
                settings_sha256=HASH,
            )

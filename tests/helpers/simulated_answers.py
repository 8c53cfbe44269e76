"""Simulated answers of classifiers, and what is made of them.

`python tests/helpers/simulated_answers.py FOLDER` writes example records of metrics to look at.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from radflow.config.classification import TargetRules
from radflow.config.evaluation import AnswerRules, CompareRules
from radflow.evaluation.classification.columns import CALIBRATED, RAW, columns_of
from radflow.evaluation.classification.compare import compare
from radflow.evaluation.ledger import record_access
from radflow.files import write_tsv
from radflow.randomness import keyed_generator

THREE = TargetRules(kind="multi-class", classes=("meningioma", "glioma", "pituitary"))
TWO = TargetRules(kind="binary", classes=("normal", "haemorrhage"))
LEVELS = TargetRules(kind="ordinal", classes=("control", "intermediate", "dementia"))
SEVERAL = TargetRules(kind="multi-label", classes=("oedema", "mass", "fracture"))

SKILL = {"baseline": 0.0, "resnet": 2.5, "small": 1.2}
"""Models, and how far they shift the logit of the true class."""


@dataclass(frozen=True)
class Sizes:
    """Cases of a part, and how many of them each subject has."""

    cases: int = 60
    cases_per_subject: int = 1
    missing: int = 0


def answer_table(
    target: TargetRules, part: str, *, model: str = "resnet", sizes: Sizes | None = None
) -> pd.DataFrame:
    """Simulate a table of answers; the truth is the same for every model."""
    sizes = sizes or Sizes()
    classes, count = len(target.classes), sizes.cases
    owners = np.arange(count) // sizes.cases_per_subject
    truths = keyed_generator("truth", target.kind, part)
    noise = keyed_generator("answers", target.kind, part, model)
    several = target.kind == "multi-label"
    truth = (
        truths.random((count, classes)) < 0.35
        if several
        else truths.integers(0, classes, count)[:, None] == np.arange(classes)
    )
    logits = (
        SKILL[model] * (2.0 * truth - several)
        + (SKILL[model] > 0) * noise.normal(0, 1.2, truth.shape)
        - np.linspace(0, 0.5, classes)
    )
    table = pd.DataFrame(
        {
            "case": [f"{part}-{place:03d}" for place in range(count)],
            "subject": [f"{part}-s{owner:03d}" for owner in owners],
            "part": part,
            "reference": [
                target.separator.join(np.array(target.classes)[row].tolist()) for row in truth
            ],
        }
    )
    for prefix, temperature in ((CALIBRATED, 1.0), (RAW, 0.5)):
        table[columns_of(target.classes, prefix)] = _probabilities(logits / temperature, several)
    table.loc[table.index[: sizes.missing], table.columns[4:]] = np.nan
    return table


def _probabilities(logits: np.ndarray, several: bool) -> np.ndarray:
    if several:
        return 1 / (1 + np.exp(-logits))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def write_answers(
    folder: Path, target: TargetRules, *, sizes: Sizes | None = None, test: bool = True
) -> dict[str, dict[str, Path]]:
    """Write tables of three models, of two folds and the test part, and the ledger of accesses."""
    tables: dict[str, dict[str, Path]] = {}
    for model in SKILL:
        tables[model] = {}
        for part in ("fold-0", "fold-1", *(["test"] if test else [])):
            path = folder / model / f"{part}.tsv"
            write_tsv(path, answer_table(target, part, model=model, sizes=sizes))
            tables[model][part] = path
        if test:
            record_access(
                folder / "ledger.tsv",
                model=model,
                folds=[0, 1],
                weights_sha256=["a" * 64, "d" * 64],
                split_sha256="b" * 64,
                settings_sha256="c" * 64,
            )
    return tables


def write_metrics(
    folder: Path,
    target: TargetRules,
    *,
    sizes: Sizes | None = None,
    points: Mapping[str, object] | None = None,
    samples: int = 1000,
) -> Path:
    """Simulate answers, compare the models, and give the path of ``metrics.json``."""
    tables = write_answers(folder / "evaluation", target, sizes=sizes)
    output = folder / "metrics.json"
    compare(
        tables,
        output,
        study=f"example-{target.kind}",
        target=target,
        rules=CompareRules(bootstrap_samples=samples),
        points=AnswerRules.model_validate(points or {}),
        ledger=folder / "evaluation" / "ledger.tsv",
    )
    return output


if __name__ == "__main__":
    for rules in (THREE, TWO, LEVELS, SEVERAL):
        write_metrics(Path(sys.argv[1]) / rules.kind, rules)

"""One point of a learning curve: a model trained on some cases, held against the tuning cases."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from radflow.evaluation.classification.curves import area_under_roc
from radflow.evaluation.classification.statistics import value_of
from radflow.files import read_json, sha256_record, write_json
from radflow.inference.card import CARD_NAME, ClassifierCard
from radflow.inference.folds import load_networks
from radflow.inference.precision import best_device
from radflow.networks.classifiers import build_classifier
from radflow.targets import Target
from radflow.tasks.answers import correct, log_loss, probabilities
from radflow.training.classification import train
from radflow.training.job import Inputs, Job, Settings
from radflow.training.material import Material
from radflow.training.silence import silence_lightning

_WORK = "work"


def train_point(
    settings: Settings, inputs: Inputs, output: Path, *, size: int, seed: int, code: str
) -> None:
    """Train on a subset of a fold's training cases, and write how it answers the tuning cases.

    The subset is `TrainingCases.subset`, so that all models see the same cases under one seed. The
    weights are not kept. The test part is not touched: a curve is no final result.

    Parameters
    ----------
    settings
        Of the model; the seed of its training is replaced.
    inputs
        Files that earlier steps wrote.
    output
        JSON to write. An unfinished training lies beside it and is resumed.
    size
        Training cases.
    seed
        Keys the choice of cases and all randomness of the training.
    code
        Hash of the code that decides the result.

    Raises
    ------
    TrainingError
        When the fold has fewer training cases.
    """
    silence_lightning()
    rules = settings.rules
    seeded = rules.model_copy(update={"training": rules.training.model_copy(update={"seed": seed})})
    whole = Job.read(settings.model_copy(update={"rules": seeded}), inputs, output.parent / _WORK)
    codes = {case.case: _target(whole).code_of(case) for case in whole.training}
    chosen = whole.training.subset(size, codes, seed=seed)
    names = sorted(case.case for case in chosen)
    job = replace(
        whole,
        training=chosen,
        digests={**whole.digests, "subset": sha256_record(names)},
        one_device=True,
    )
    train(job, code=code, log=lambda _: None)
    card = read_json(job.folder / CARD_NAME)
    write_json(
        output,
        {
            "study": settings.study,
            "model": settings.model,
            "fold": settings.fold,
            "size": size,
            "seed": seed,
            "cases_sha256": sha256_record(names),
            "tuning_cases": len(job.tuning),
            "steps": card["training"].get("steps_done", card["training"].get("steps")),
            "start_from": card["training"].get("start_from"),
            **_scores(job),
        },
    )
    shutil.rmtree(job.folder)


def _target(job: Job) -> Target:
    return Material(job).target


def _scores(job: Job) -> dict[str, float | None]:
    """Score the tuning cases: share that is right, mean AUC over classes, mean log loss."""
    material = Material(job)
    device = best_device()
    _, (network,) = load_networks([job.folder], ClassifierCard, build_classifier, device=device)
    target, codes = material.target, material.tuning.codes
    answers = torch.stack(
        [probabilities(each, target).mean(0) for each in material.tuning_logits(network)]
    )
    truth = torch.tensor(codes)
    return {
        "accuracy": float(correct(answers, truth, target).double().mean()),
        "auc": mean_auc(answers.double().numpy(), target.multi_hot(codes)),
        "nll": float(log_loss(answers.double(), truth, target).mean()),
    }


def mean_auc(answers: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]) -> float | None:
    """Give the mean over classes of the area under the ROC curve, one class against the rest.

    Parameters
    ----------
    answers
        Probabilities ``(cases, classes)``.
    truth
        ``(cases, classes)`` 0 and 1.

    Returns
    -------
    float or None
        See `radflow.evaluation.classification.curves.area_under_roc`; None where a class has no
        case, or no case is without it.
    """
    areas = [
        value_of(area_under_roc(has, answer), len(has))
        for answer, has in zip(answers.T, truth.T.astype(bool), strict=True)
    ]
    mean = float(np.mean(areas))
    return None if np.isnan(mean) else mean

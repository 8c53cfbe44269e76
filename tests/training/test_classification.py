"""Training a classifier on squares: it learns, repeats itself, resumes, and sees no other case."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import squares
import torch
from safetensors.torch import load_file

from radflow.inference.card import ClassifierCard, read_card
from radflow.inference.classifier import load_classifier
from radflow.networks.classifiers import build_classifier
from radflow.tasks.answers import log_loss, probabilities
from radflow.training.callbacks import Row
from radflow.training.classification import train
from radflow.training.job import Inputs, Job
from radflow.training.material import Material

# Lightning would rather have more workers; here the network takes every core.
pytestmark = pytest.mark.filterwarnings("ignore:The .*dataloader.* does not have many workers")

FILES = ("weights.safetensors", "model.json", "history.csv")
LEARNS: dict[str, Any] = {
    "budget": {"steps": 60},
    "steps_per_epoch": 20,
    "learning_rate": 0.01,
    "average_decay": 0.8,
}


class _InterruptedError(Exception):
    pass


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Write 60 squares, half on either side."""
    return squares.write_squares(tmp_path_factory.mktemp("squares"), squares.names_of(60))


def _train(job: Job, *, code: str = "code", log: Callable[[Row], None] | None = None) -> list[Row]:
    rows: list[Row] = []
    train(job, code=code, log=log or rows.append)
    return rows


def _record(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "model.json").read_text())


def _same(one: Path, two: Path) -> bool:
    return all((one / name).read_bytes() == (two / name).read_bytes() for name in FILES)


def test_the_side_of_a_square_is_learnt_in_seconds(files: Inputs, tmp_path: Path) -> None:
    rows = _train(squares.make_job(files, tmp_path, **LEARNS))
    assert rows[-1]["accuracy"] > 0.9
    assert rows[-1]["nll"] < 0.5 * np.log(2)
    assert rows[-1]["score"] == -rows[-1]["nll"]


def test_with_shuffled_labels_nothing_is_learnt(files: Inputs, tmp_path: Path) -> None:
    rows = _train(squares.make_job(files, tmp_path, **LEARNS, shuffled_labels=True))
    assert min(row["nll"] for row in rows) > 0.5 * np.log(2)


# Dropout is what a network draws by itself, from torch's global state.
@pytest.mark.parametrize("network", [{}, {"dropout": 0.5}], ids=["plain", "dropout"])
def test_two_trainings_write_the_same_bytes(
    files: Inputs, tmp_path: Path, network: dict[str, Any]
) -> None:
    for number, name in enumerate(("one", "two")):
        torch.manual_seed(number)
        _train(squares.make_job(files, tmp_path / name, network={**squares.NETWORK, **network}))
    assert _same(tmp_path / "one", tmp_path / "two")


def test_another_seed_writes_other_weights(files: Inputs, tmp_path: Path) -> None:
    for seed in (0, 1):
        _train(squares.make_job(files, tmp_path / str(seed), seed=seed))
    one, two = (tmp_path / name / "weights.safetensors" for name in ("0", "1"))
    assert one.read_bytes() != two.read_bytes()


def test_an_interrupted_training_goes_on_to_the_same_bytes(files: Inputs, tmp_path: Path) -> None:
    def job(name: str) -> Job:
        return squares.make_job(
            files, tmp_path / name, network={**squares.NETWORK, "dropout": 0.5}, balance="sampling"
        )

    def interrupt(row: Row) -> None:
        if row["epoch"] == 1:
            raise _InterruptedError

    _train(job("whole"))
    with pytest.raises(_InterruptedError):
        _train(job("broken"), log=interrupt)
    assert not (tmp_path / "broken" / "weights.safetensors").exists()
    torch.manual_seed(99)
    rows = _train(job("broken"))
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert _same(tmp_path / "whole", tmp_path / "broken")


def test_the_record_is_all_that_is_needed_to_use_the_weights(files: Inputs, tmp_path: Path) -> None:
    job = squares.make_job(files, tmp_path, **LEARNS)
    _train(job)
    card = read_card(tmp_path / "model.json", ClassifierCard)
    network = build_classifier(card.network)
    network.load_state_dict(load_file(tmp_path / "weights.safetensors"), strict=True)
    assert card.network["inputs"] == 1
    assert card.network["outputs"] == 2
    assert card.network["grid"] == [16, 16]
    assert card.plan.smooth
    training = _record(tmp_path)["training"]
    assert training["training_cases"] == len(job.training)
    assert training["tuning_cases"] == len(job.tuning)
    assert training["tuning"]["calibrated"] <= training["tuning"]["nll"]


def test_the_temperature_belongs_to_the_weights_and_lowers_the_tuning_loss_as_recorded(
    files: Inputs, tmp_path: Path
) -> None:
    job = squares.make_job(files, tmp_path, **LEARNS, augmentation={"mirror_axes": [1]})
    _train(job)
    model = load_classifier(tmp_path, precision="float32")
    material = Material(job)
    tuned = _record(tmp_path)["training"]["tuning"]
    answers = [
        model.answer(material.shards, case, [centre]) for case, centre, _ in material.tuning.rows
    ]
    codes = torch.tensor(material.tuning.codes)
    for key, values in (
        ("nll", [answer.raw for answer in answers]),
        ("calibrated", [answer.calibrated for answer in answers]),
    ):
        loss = log_loss(torch.from_numpy(np.stack(values)), codes, material.target).mean()
        assert float(loss) == pytest.approx(tuned[key], abs=1e-5)


def test_the_last_epoch_is_kept_where_the_study_says_so(files: Inputs, tmp_path: Path) -> None:
    # Shuffled labels are learnt by heart, so the tuning loss rises and the best epoch is early.
    options = {**LEARNS, "steps_per_epoch": 10, "shuffled_labels": True, "seed": 1}
    best = _train(squares.make_job(files, tmp_path / "best", **options))
    last = _train(squares.make_job(files, tmp_path / "last", **options, keep="last"))
    scores = [row["score"] for row in best]
    assert scores == [row["score"] for row in last]
    assert scores[-1] < max(scores)
    assert _record(tmp_path / "best")["training"]["best_epoch"] == int(np.argmax(scores))
    assert _record(tmp_path / "last")["training"]["best_epoch"] == len(scores) - 1
    tuning = _record(tmp_path / "last")["training"]["tuning"]
    assert tuning["nll"] == pytest.approx(-scores[-1], rel=1e-3)


def test_the_baseline_answers_with_the_frequencies_of_the_training_cases(
    files: Inputs, tmp_path: Path
) -> None:
    job = squares.make_job(files, tmp_path, network={"name": "majority"})
    _train(job)
    logits = load_file(tmp_path / "weights.safetensors")["logits"]
    material = Material(job)
    counts = [sum(case.target == side for case in job.training) + 0.5 for side in squares.SIDES]
    expected = torch.tensor(counts) / sum(counts)
    torch.testing.assert_close(probabilities(logits, material.target), expected)
    assert read_card(tmp_path / "model.json", ClassifierCard).temperature == 1


def test_a_budget_in_minutes_is_turned_into_whole_epochs_and_repeated(
    files: Inputs, tmp_path: Path
) -> None:
    job = squares.make_job(files, tmp_path, budget={"minutes": 0.003}, balance="loss")
    first = _train(job)
    record = json.loads((tmp_path / "state" / "budget.json").read_text())
    assert list(record.values()) == [first[-1]["step"]]
    assert first[-1]["step"] % 2 == 0
    assert len(_train(job)) == len(first)


def test_a_step_in_bfloat16_is_weighed_in_float32(files: Inputs, tmp_path: Path) -> None:
    _train(squares.make_job(files, tmp_path, precision="bf16", balance="loss"))
    weights = load_file(tmp_path / "weights.safetensors")
    assert {value.dtype for value in weights.values()} <= {torch.float32, torch.int64}
    assert _record(tmp_path)["training"]["precision"] == "bf16-mixed"

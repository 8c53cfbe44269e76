"""From a fold's files to classifiers on simple features, loaded and used as any other."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bright_squares import CLASSES, square_job

from radflow.imaging.geometry import PreprocessedCase
from radflow.imaging.normalise import windowed
from radflow.inference.classifier import load_classifier
from radflow.patches.store import ShardSet, write_shard
from radflow.planning.plan import Plan
from radflow.training.classification import train
from radflow.training.material import Material
from radflow.training.view_samples import gather

NAMES = ("logistic", "forest")


def accuracy(folder: Path) -> float:
    """Share of the fold's tuning cases that the kept model gets right."""
    job = square_job(folder / "again", network="logistic")
    model = load_classifier(folder / "fold-0")
    shards = ShardSet(job.inputs.shards)
    right = [
        CLASSES[model.answer(shards, case.case, [(12, 10, 0)]).calibrated.argmax()] == case.target
        for case in job.tuning
    ]
    return float(np.mean(right))


@pytest.mark.parametrize("name", NAMES)
def test_squares_are_told_apart_by_what_is_kept(name: str, tmp_path: Path) -> None:
    job = square_job(tmp_path, network=name)
    train(job, code="code", log=lambda _: None)
    assert accuracy(tmp_path) > 0.75
    assert {path.suffix for path in (tmp_path / "fold-0").iterdir()} == {
        ".json",
        ".safetensors",
        ".csv",
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_record_tells_features_calibration_and_what_prediction_needs(
    name: str, tmp_path: Path
) -> None:
    train(square_job(tmp_path, network=name), code="code", log=lambda _: None)
    record = json.loads((tmp_path / "fold-0" / "model.json").read_text())
    training = record["training"]
    assert len(training["features"]) == 10
    assert all(each["name"].startswith("T1: ") for each in training["features"])
    assert training["parameters"] > 48
    assert training["tuning"]["calibrated"] <= training["tuning"]["nll"]
    assert 0.05 <= record["temperature"] <= 20
    assert record["mirror_axes"] == []
    assert record["pixel_mm"] == 1.0
    assert record["network"]["name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_two_trainings_write_the_same_bytes(name: str, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        train(square_job(tmp_path / folder, network=name), code="code", log=lambda _: None)
    for file in ("weights.safetensors", "model.json", "history.csv"):
        one, two = (tmp_path / folder / "fold-0" / file for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_shuffled_labels_leave_nothing_to_learn(tmp_path: Path) -> None:
    job = square_job(tmp_path, network="logistic", shuffled_labels=True)
    train(job, code="code", log=lambda _: None)
    assert accuracy(tmp_path) < 0.75


def test_samples_are_of_the_training_cases_alone(tmp_path: Path) -> None:
    job = square_job(tmp_path, network="logistic")
    material = Material(job)
    samples = gather(job, material.views, material.reader, codes=material.views.codes)
    assert samples.features.shape == (len(job.training), 48)
    assert samples.weights is None
    assert set(samples.groups) == {"fold-1", "fold-2"}
    part_of = dict(zip([case.case for case in job.training], job.training.parts, strict=True))
    assert samples.groups == [part_of[case] for case in material.views.cases]


def test_patients_are_not_divided_where_the_training_cases_are_of_one_fold(tmp_path: Path) -> None:
    job = square_job(tmp_path, network="logistic", folds=2)
    material = Material(job)
    samples = gather(job, material.views, material.reader, codes=material.views.codes)
    assert sorted(samples.groups) == sorted(case.subject for case in job.training)


@pytest.mark.parametrize("balance", ["loss", "sampling"])
def test_balance_gives_each_class_the_same_weight(balance: str, tmp_path: Path) -> None:
    job = square_job(
        tmp_path, network="logistic", classes=("none", "none", "left", "right"), balance=balance
    )
    material = Material(job)
    samples = gather(job, material.views, material.reader, codes=material.views.codes)
    assert samples.weights is not None
    sums = [samples.weights[samples.codes == code].sum() for code in range(3)]
    assert sums == pytest.approx([sums[0]] * 3)


def test_features_of_windows_of_ct_are_named_by_their_bounds(tmp_path: Path) -> None:
    job = square_job(tmp_path, network="logistic")
    images = ShardSet(job.inputs.shards)
    two = [
        PreprocessedCase(case, image, None, images.geometry(case))
        for case in images.cases
        for image in [windowed(images.image(case) * 40, [(0, 80), (80, 600)])]
    ]
    write_shard(tmp_path / "ct.shard", two)
    windows = {"normalisation": "ct", "windows_hu": ((0, 80), (80, 600))}
    plan = Plan.model_validate(job.plan.model_dump() | windows)
    files = replace(job.inputs, shards=(tmp_path / "ct.shard",))
    material = Material(replace(job, plan=plan, inputs=files))
    samples = gather(material.job, material.views, material.reader, codes=material.views.codes)
    assert samples.features.shape == (len(job.training), 2 * 48)
    assert samples.names[0] == "T1 0..80 HU: mean"
    assert samples.names[48] == "T1 80..600 HU: mean"

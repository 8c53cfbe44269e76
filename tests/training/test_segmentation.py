"""Training on a tiny study: it learns, repeats itself, resumes, and sees no test case."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from radflow.datasets.cases import read_cases
from radflow.errors import LeakError
from radflow.imaging.geometry import PreprocessedCase
from radflow.imaging.normalise import windowed
from radflow.inference.model import load_model
from radflow.networks.segmenters import build_segmenter
from radflow.patches.index import read_index, write_index
from radflow.patches.store import ShardSet, write_shard
from radflow.splits import read_split
from radflow.training.callbacks import Row
from radflow.training.job import Inputs, Job, Settings
from radflow.training.segmentation import fit_mean_shape, fit_network

# Lightning would rather have more workers; here the network takes every core.
pytestmark = pytest.mark.filterwarnings("ignore:The .*dataloader.* does not have many workers")

MakeJob = Callable[..., Job]


def _fit(work: Job, **options: object) -> list[Row]:
    rows: list[Row] = []
    fit_network(work, code="code", log=options.get("log", rows.append))
    return rows


def test_two_trainings_write_the_same_bytes(job: MakeJob, tmp_path: Path) -> None:
    for name in ("one", "two"):
        _fit(job(tmp_path / name))
    for file in ("weights.safetensors", "model.json", "history.csv"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_another_seed_writes_other_weights(job: MakeJob, tmp_path: Path) -> None:
    _fit(job(tmp_path / "one"))
    _fit(job(tmp_path / "two", seed=1))
    one, two = (tmp_path / name / "weights.safetensors" for name in ("one", "two"))
    assert one.read_bytes() != two.read_bytes()


def test_the_network_learns_the_ellipsoids(job: MakeJob, tmp_path: Path) -> None:
    rows = _fit(job(tmp_path, budget={"steps": 300}, steps_per_epoch=100))
    assert rows[-1]["loss"] < 0.7 * rows[0]["loss"]
    assert rows[-1]["score"] > 0.4


def test_the_record_describes_the_weights(job: MakeJob, tmp_path: Path) -> None:
    work = job(tmp_path)
    rows = _fit(work)
    record = json.loads((tmp_path / "model.json").read_text())
    network = build_segmenter(record["network"])
    network.load_state_dict(load_file(tmp_path / "weights.safetensors"), strict=True)
    assert record["training"]["training_cases"] == len(work.training)
    best = max(row["score"] for row in rows)
    assert record["training"]["best_score"] == pytest.approx(best, abs=1e-6)
    assert rows[0]["score"] == pytest.approx((rows[0]["dice_front"] + rows[0]["dice_back"]) / 2)
    history = pd.read_csv(tmp_path / "history.csv")
    assert history["step"].tolist() == [2, 4, 6]
    assert history["learning_rate"].iloc[-1] == pytest.approx(0, abs=1e-9)
    assert not (tmp_path / "state" / "last.ckpt").exists()


def test_a_fold_sees_its_training_cases_and_no_other(
    job: MakeJob, inputs: Inputs, tmp_path: Path
) -> None:
    work = job(tmp_path)
    split = read_split(inputs.split, inputs.split_record)
    test = {case.case for case in split.test_cases(read_cases(inputs.cases))}
    training = {case.case for case in work.training}
    tuning = {case.case for case in work.tuning}
    assert test
    assert not test & (training | tuning)
    assert not training & tuning


def test_a_training_whose_shards_hold_a_test_case_is_refused(
    settings: Callable[..., Settings], inputs: Inputs, tmp_path: Path
) -> None:
    split = read_split(inputs.split, inputs.split_record)
    locked = split.test_cases(read_cases(inputs.cases))[0].case
    shard = ShardSet(inputs.shards)
    name = shard.cases[0]
    planted = PreprocessedCase(locked, shard.image(name), shard.label(name), shard.geometry(name))
    write_shard(tmp_path / "test-000.shard", [planted])
    files = replace(inputs, shards=(*inputs.shards, tmp_path / "test-000.shard"))
    with pytest.raises(LeakError, match=rf"shards of a training would see 1 cases .*\({locked}\)"):
        Job.read(settings(), files, tmp_path)
    index = read_index(inputs.index)
    index.loc[0, "case"] = locked
    write_index(tmp_path / "index.parquet", index)
    files = replace(inputs, index=tmp_path / "index.parquet")
    with pytest.raises(LeakError, match=rf"patch index of a training .*\({locked}\)"):
        Job.read(settings(), files, tmp_path)


def test_a_training_on_all_cases_is_refused(job: MakeJob, inputs: Inputs, tmp_path: Path) -> None:
    every = replace(job(tmp_path), training=read_cases(inputs.cases))
    with pytest.raises(LeakError, match="16 cases that no fold selected"):
        fit_mean_shape(every)
    with pytest.raises(LeakError, match="the network may be fitted on the training cases"):
        _fit(every)
    assert not (tmp_path / "weights.safetensors").exists()


def test_training_stops_early_without_a_better_epoch(job: MakeJob, tmp_path: Path) -> None:
    rows = _fit(job(tmp_path, budget={"steps": 40}, learning_rate=1e-12, patience=2, warm_up=0))
    record = json.loads((tmp_path / "model.json").read_text())
    assert len(rows) == record["training"]["best_epoch"] + 3 < 20


class _InterruptedError(Exception):
    pass


def test_an_interrupted_training_goes_on_to_the_same_bytes(
    job: MakeJob, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _fit(job(tmp_path / "whole"))

    def interrupt(row: Row) -> None:
        if row["epoch"] == 1:
            raise _InterruptedError

    with pytest.raises(_InterruptedError):
        _fit(job(tmp_path / "broken"), log=interrupt)
    assert not (tmp_path / "broken" / "weights.safetensors").exists()
    rows = _fit(job(tmp_path / "broken"))
    assert "resuming" in capsys.readouterr().err
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    for file in ("weights.safetensors", "model.json", "history.csv"):
        whole, broken = (tmp_path / name / file for name in ("whole", "broken"))
        assert whole.read_bytes() == broken.read_bytes()


def test_a_checkpoint_of_other_settings_is_set_aside_and_said(
    job: MakeJob, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(row: Row) -> None:
        if row["epoch"] == 1:
            raise _InterruptedError

    with pytest.raises(_InterruptedError):
        _fit(job(tmp_path), log=interrupt)
    rows = _fit(job(tmp_path, learning_rate=1e-4))
    assert "starting anew" in capsys.readouterr().err
    assert [row["epoch"] for row in rows] == [0, 1, 2]


def test_the_baseline_is_the_frequency_of_the_training_labels(job: MakeJob, tmp_path: Path) -> None:
    work = job(tmp_path, network={"name": "mean_shape"})
    fit_mean_shape(work)
    maps = load_file(tmp_path / "weights.safetensors")["probabilities"]
    torch.testing.assert_close(maps.sum(0), torch.ones(maps.shape[1:]))
    assert 0 < maps[1].max() <= 1
    assert json.loads((tmp_path / "model.json").read_text())["network"]["name"] == "mean_shape"


def _command(settings: Callable[..., Settings], inputs: Inputs, folder: Path) -> list[str]:
    text = settings(budget={"steps": 40}, steps_per_epoch=2).model_dump_json()
    shards = [str(path) for path in inputs.shards]
    return [
        *(sys.executable, "-m", "radflow.training", "--settings", text, "--output", str(folder)),
        *("--cases", str(inputs.cases), "--split", str(inputs.split)),
        *("--split-record", str(inputs.split_record), "--plan", str(inputs.plan)),
        *("--index", str(inputs.index), "--shards", *shards),
    ]


def test_a_killed_program_started_again_writes_the_same_weights(
    inputs: Inputs, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
        "RADFLOW_ROOT": str(tmp_path),
    }
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(
        _command(settings, inputs, whole), env=environment, check=True, capture_output=True
    )
    command = _command(settings, inputs, broken)
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    checkpoint = broken / "state" / "last.ckpt"
    while process.poll() is None and not checkpoint.exists():
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    _, _ = process.communicate()
    assert process.returncode == -signal.SIGKILL
    again = subprocess.run(
        _command(settings, inputs, broken),
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "resuming" in again.stderr
    one, two = (folder / "weights.safetensors" for folder in (whole, broken))
    assert one.read_bytes() == two.read_bytes()


def test_settings_that_are_no_settings_end_in_one_message(
    inputs: Inputs, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    command = _command(settings, inputs, tmp_path)
    command[command.index("--settings") + 1] = '{"study": 1}'
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "--settings" in result.stderr
    assert "Traceback" not in result.stderr


def test_windows_of_ct_are_channels_of_the_network_and_nothing_is_fitted(
    inputs: Inputs, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    windows = [(0.0, 80.0), (80.0, 600.0)]
    shards = ShardSet(inputs.shards)

    def seen(case: str) -> PreprocessedCase:
        image = windowed(shards.image(case) * 40 + 60, windows)
        return PreprocessedCase(case, image, shards.label(case), shards.geometry(case))

    plan = json.loads(inputs.plan.read_text())
    plan |= {"normalisation": {"value": "ct"}, "windows_hu": {"value": windows}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    write_shard(tmp_path / "ct.shard", map(seen, shards.cases))
    files = replace(inputs, plan=tmp_path / "plan.json", shards=(tmp_path / "ct.shard",))
    _fit(Job.read(settings(), files, tmp_path / "fold-0"))
    model = load_model(tmp_path / "fold-0")
    assert model.card.intensity is None
    assert model.card.network["inputs"] == 2
    first = seen(next(iter(shards.cases)))
    probabilities = model.probabilities(first.image)
    assert probabilities.shape == (3, *first.image.shape[1:])

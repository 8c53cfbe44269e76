"""A search of three trials on tiny data, in both families, by the functions the workflow calls."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from radflow.config.search import SearchRules, earlier_trials
from radflow.datasets.cases import read_cases
from radflow.errors import DivergedError, LeakError, TrainingError
from radflow.imaging.geometry import PreprocessedCase
from radflow.patches.store import ShardSet, write_shard
from radflow.search.record import TrialRecord, best_of, read_records
from radflow.search.sampling import draw
from radflow.search.summary import write_summary
from radflow.search.trial import Material, repetition, run, trial
from radflow.splits import read_split
from radflow.tasks.base import FittedTask
from radflow.training.callbacks import Row, TuningRecord

# Lightning would rather have more workers; here the network takes every core.
pytestmark = pytest.mark.filterwarnings("ignore:The .*dataloader.* does not have many workers")

MakeMaterial = Callable[..., Material]
FAMILIES = ("segmentation", "classification")


def quiet(row: Row) -> None:
    del row


def search(material: Material, folder: Path, *, trials: int) -> list[TrialRecord]:
    """Run trials one after another, each given the records that the workflow would give it."""
    found: list[TrialRecord] = []
    for number in range(trials):
        earlier = [found[n] for n in earlier_trials(material.rules.prune, number)]
        planned = trial(material, number, earlier=earlier, folder=folder / f"trial-{number:03d}")
        found.append(run(planned, code="code", log=quiet))
    return found


@pytest.mark.parametrize("task", FAMILIES)
def test_three_trials_the_best_and_its_seeds_make_a_summary(
    material: MakeMaterial, task: str, tmp_path: Path
) -> None:
    made = material(task)
    records = search(made, tmp_path, trials=3)
    assert [record.state for record in records] == ["complete"] * 3
    drawn = [draw(made.rules.space, seed=0, number=number) for number in range(3)]
    assert [record.parameters for record in records] == drawn
    for number, record in enumerate(records):
        history = pd.read_csv(tmp_path / f"trial-{number:03d}/history.csv")
        assert history["score"].tolist() == pytest.approx(record.scores)
        assert record.score == pytest.approx(history["score"].max())
        assert record.epoch == history["score"].idxmax() + 1
        assert record.steps == 6
    best = max(records, key=lambda record: record.score)
    again = repetition(made, 0, trials=records, folder=tmp_path / "repeat-000")
    assert (again.of, again.parameters, again.job.settings.rules.training.seed) == (
        best.number,
        best.parameters,
        1,
    )
    run(again, code="code", log=quiet)
    present = tmp_path / "model.json"
    present.write_text(
        json.dumps({"task": task, "training": {"best_score": 0.25, "steps_done": 6}})
    )
    rules = {**made.rules.model_dump(mode="json"), "trials": 3, "seeds": 1}
    summary = write_summary(
        sorted(tmp_path.glob("trial-*/trial.json")),
        [tmp_path / "repeat-000/trial.json"],
        tmp_path / "search.json",
        study="tiny",
        rules=SearchRules.model_validate(rules),
        model=present,
    )
    assert summary == json.loads((tmp_path / "search.json").read_text())
    assert summary["counts"] == {"complete": 3, "pruned": 0, "failed": 0}
    assert summary["best"]["number"] == best.number
    assert summary["spread"]["n"] == 1
    assert summary["spread"]["sd"] is None
    assert summary["present"] == {"score": 0.25, "steps": 6}


@pytest.mark.parametrize("task", FAMILIES)
def test_a_trial_leaves_its_record_and_history_and_no_weights(
    material: MakeMaterial, task: str, tmp_path: Path
) -> None:
    search(material(task), tmp_path, trials=1)
    left = {path.name for path in (tmp_path / "trial-000").rglob("*") if path.is_file()}
    assert left == {"trial.json", "history.csv"}


def test_a_trial_is_the_same_alone_and_among_others(material: MakeMaterial, tmp_path: Path) -> None:
    made = material("classification")
    search(made, tmp_path / "all", trials=3)
    run(trial(made, 2, earlier=[], folder=tmp_path / "alone"), code="code", log=quiet)
    for name in ("trial.json", "history.csv"):
        whole, alone = (tmp_path / folder / name for folder in ("all/trial-002", "alone"))
        assert whole.read_bytes() == alone.read_bytes()


def test_a_trial_has_the_budget_of_the_search(material: MakeMaterial, tmp_path: Path) -> None:
    (record,) = search(material("classification", budget=4), tmp_path, trials=1)
    assert (record.steps, len(record.scores)) == (4, 2)


def better(number: int, scores: tuple[float, ...]) -> TrialRecord:
    return TrialRecord(
        number=number,
        parameters={},
        seed=0,
        state="complete",
        scores=scores,
        steps=6,
        score=max(scores),
        epoch=1,
    )


PRUNE = {"from_epoch": 2, "after_trials": 1}
UNREACHABLE = [better(0, (2.0, 2.0, 2.0))]


@pytest.mark.parametrize("task", FAMILIES)
def test_a_trial_worse_than_the_median_of_those_before_ends_early(
    material: MakeMaterial, task: str, tmp_path: Path
) -> None:
    planned = trial(material(task, prune=PRUNE), 1, earlier=UNREACHABLE, folder=tmp_path)
    record = run(planned, code="code", log=quiet)
    assert (record.state, record.steps, len(record.scores)) == ("pruned", 4, 2)
    assert (record.score, record.epoch) == (None, None)
    assert len(pd.read_csv(tmp_path / "history.csv")) == 2


def test_a_trial_that_reaches_its_budget_is_complete_though_it_would_be_pruned(
    material: MakeMaterial, tmp_path: Path
) -> None:
    rules = {"from_epoch": 3, "after_trials": 1}
    planned = trial(material("segmentation", prune=rules), 1, earlier=UNREACHABLE, folder=tmp_path)
    assert run(planned, code="code", log=quiet).state == "complete"


class _InterruptedError(Exception):
    pass


def test_an_interrupted_trial_goes_on_to_the_same_record(
    material: MakeMaterial, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = material("segmentation", prune=PRUNE)
    earlier = [better(0, (-1.0, -1.0, -1.0))]

    def interrupt(row: Row) -> None:
        if row["epoch"] == 1:
            raise _InterruptedError

    run(trial(made, 1, earlier=earlier, folder=tmp_path / "whole"), code="code", log=quiet)
    with pytest.raises(_InterruptedError):
        run(trial(made, 1, earlier=earlier, folder=tmp_path / "broken"), code="code", log=interrupt)
    assert not (tmp_path / "broken/trial.json").exists()
    run(trial(made, 1, earlier=earlier, folder=tmp_path / "broken"), code="code", log=quiet)
    assert "resuming" in capsys.readouterr().err
    for name in ("trial.json", "history.csv"):
        whole, broken = (tmp_path / folder / name for folder in ("whole", "broken"))
        assert whole.read_bytes() == broken.read_bytes()


def test_a_trial_killed_after_its_last_checkpoint_ends_as_pruned_when_resumed(
    material: MakeMaterial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = material("segmentation", prune=PRUNE)
    run(trial(made, 1, earlier=UNREACHABLE, folder=tmp_path / "whole"), code="code", log=quiet)

    def killed(*_: object) -> None:
        raise _InterruptedError

    with monkeypatch.context() as patched:
        patched.setattr(TuningRecord, "on_train_end", killed)
        planned = trial(made, 1, earlier=UNREACHABLE, folder=tmp_path / "broken")
        with pytest.raises(_InterruptedError):
            run(planned, code="code", log=quiet)
    run(trial(made, 1, earlier=UNREACHABLE, folder=tmp_path / "broken"), code="code", log=quiet)
    for name in ("trial.json", "history.csv"):
        whole, broken = (tmp_path / folder / name for folder in ("whole", "broken"))
        assert whole.read_bytes() == broken.read_bytes()


def test_other_earlier_trials_do_not_resume_an_interrupted_one(
    material: MakeMaterial, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = material("classification", prune=PRUNE)

    def interrupt(row: Row) -> None:
        if row["epoch"] == 1:
            raise _InterruptedError

    with pytest.raises(_InterruptedError):
        run(trial(made, 1, earlier=[], folder=tmp_path), code="code", log=interrupt)
    run(trial(made, 1, earlier=UNREACHABLE, folder=tmp_path), code="code", log=quiet)
    assert "starting anew" in capsys.readouterr().err


def test_a_loss_that_is_not_finite_fails_the_trial_and_not_the_search(
    material: MakeMaterial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = FittedTask.keep_loss

    def explode(self: FittedTask, loss: object, samples: object) -> object:
        if self.global_step >= 4:
            message = "the loss is nan at step 4"
            raise DivergedError(message)
        return plain(self, loss, samples)

    monkeypatch.setattr(FittedTask, "keep_loss", explode)
    (record,) = search(material("segmentation"), tmp_path, trials=1)
    assert (record.state, record.reason) == ("failed", "the loss is nan at step 4")
    assert (record.steps, record.score) == (4, None)
    assert len(pd.read_csv(tmp_path / "trial-000/history.csv")) == 2
    left = {path.name for path in (tmp_path / "trial-000").rglob("*") if path.is_file()}
    assert left == {"trial.json", "history.csv"}
    with pytest.raises(TrainingError, match="none of 1 trials was complete"):
        repetition(material("segmentation"), 0, trials=[record], folder=tmp_path)


def test_a_trial_whose_shards_hold_a_test_case_is_refused(
    material: MakeMaterial, tmp_path: Path
) -> None:
    made = material("segmentation")
    split = read_split(made.inputs.split, made.inputs.split_record)
    locked = split.test_cases(read_cases(made.inputs.cases))[0].case
    shard = ShardSet(made.inputs.shards)
    name = shard.cases[0]
    planted = PreprocessedCase(locked, shard.image(name), shard.label(name), shard.geometry(name))
    write_shard(tmp_path / "test-000.shard", [planted])
    inputs = {**vars(made.inputs), "shards": (*made.inputs.shards, tmp_path / "test-000.shard")}
    leaking = Material(made.settings, made.rules, type(made.inputs)(**inputs))
    with pytest.raises(LeakError, match=rf"shards of a training would see 1 cases .*\({locked}\)"):
        trial(leaking, 0, earlier=[], folder=tmp_path)


def test_values_that_make_no_model_together_are_named(
    material: MakeMaterial, tmp_path: Path
) -> None:
    made = material("segmentation", space={"network.dropout": {"choice": [2.0]}})
    with pytest.raises(TrainingError, match=r"net-trial-000 drew .*dropout.* make no model"):
        trial(made, 0, earlier=[], folder=tmp_path)


def test_the_best_is_the_first_of_the_highest_complete_trials() -> None:
    records = [better(0, (0.1,)), better(1, (0.5,)), better(2, (0.5,))]
    pruned = better(3, (0.9,)).model_copy(update={"state": "pruned", "score": None})
    assert best_of([*records, pruned]) == records[1]
    assert best_of([pruned]) is None
    assert best_of([]) is None


def test_records_are_read_in_order_and_refused_where_broken(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.json" for number in range(3)]
    for number, path in enumerate(paths):
        better(number, (0.1, 0.2)).write(path)
    read = read_records(paths[::-1])
    assert read == [better(number, (0.1, 0.2)) for number in range(3)]
    with pytest.raises(TrainingError, match="a number stands twice"):
        read_records([paths[0], paths[0]])
    paths[1].write_text('{"number": 1}')
    with pytest.raises(TrainingError, match=r"1\.json is no record of a trial"):
        read_records(paths)

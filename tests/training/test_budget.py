"""Budgets become steps; minutes are measured once and then repeated."""

from pathlib import Path

import pytest

from radflow.config.training import Budget, TrainingRules
from radflow.files import read_json
from radflow.training.budget import steps_of


def _never() -> None:
    pytest.fail("no step is timed for this budget")


def _steps(rules: TrainingRules, record: Path, machine: str = "cpu") -> int:
    return steps_of(rules, record, make_step=lambda: lambda: None, machine=machine)


def test_steps_and_epochs_need_no_measurement(tmp_path: Path) -> None:
    steps = TrainingRules(budget=Budget(steps=300), steps_per_epoch=100)
    epochs = TrainingRules(budget=Budget(epochs=4), steps_per_epoch=50)
    record = tmp_path / "budget.json"
    assert steps_of(steps, record, make_step=lambda: _never, machine="cpu") == 300
    assert steps_of(epochs, record, make_step=lambda: _never, machine="cpu") == 200
    assert not record.exists()


def test_minutes_become_whole_epochs_once_and_are_repeated(tmp_path: Path) -> None:
    rules = TrainingRules(budget=Budget(minutes=0.001), steps_per_epoch=7)
    record = tmp_path / "state" / "budget.json"
    first = _steps(rules, record)
    assert first > 0
    assert first % 7 == 0
    again = steps_of(rules, record, make_step=lambda: _never, machine="cpu")
    assert again == first


def test_another_machine_or_budget_is_measured_anew_and_the_old_one_kept(tmp_path: Path) -> None:
    record = tmp_path / "budget.json"
    _steps(TrainingRules(budget=Budget(minutes=0.001)), record)
    _steps(TrainingRules(budget=Budget(minutes=0.002)), record)
    _steps(TrainingRules(budget=Budget(minutes=0.002)), record, machine="gpu")
    assert len(read_json(record)) == 3

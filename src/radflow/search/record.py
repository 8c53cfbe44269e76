"""What is kept of a trial: its values, its tuning scores, and how it ended."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from radflow.config.base import Section
from radflow.config.search import Value
from radflow.errors import TrainingError
from radflow.files import read_json, write_json

State = Literal["complete", "pruned", "failed"]


class TrialRecord(Section):
    """One trial, or one repetition of the best: ``trial.json``.

    Attributes
    ----------
    number
        Of the trial, or of the repetition, from 0.
    of
        Of a repetition, the number of the trial it repeats; None of a trial.
    parameters
        Dotted key of the model's rules to the drawn value.
    seed
        Of the training.
    state
        complete; pruned: ended early beside earlier trials; failed: no finite loss.
    reason
        Why it failed.
    scores
        Tuning score after each epoch; None where it was not finite.
    steps
        Optimiser steps done.
    score
        Tuning score of the epoch whose weights a training keeps; None unless complete.
    epoch
        That epoch, from 1.
    """

    number: int
    of: int | None = None
    parameters: dict[str, Value]
    seed: int
    state: State
    reason: str = ""
    scores: tuple[float | None, ...]
    steps: int
    score: float | None
    epoch: int | None

    def write(self, path: Path) -> None:
        """Write the record."""
        write_json(path, self.model_dump(mode="json"))


def read_records(paths: Sequence[Path]) -> list[TrialRecord]:
    """Read records, in the order of their numbers.

    Raises
    ------
    TrainingError
        When a file is no such record, or a number stands twice.
    """
    records = sorted((_read(path) for path in paths), key=lambda record: record.number)
    numbers = [record.number for record in records]
    if len(set(numbers)) < len(numbers):
        message = f"trials {numbers}: a number stands twice; give each trial's file once"
        raise TrainingError(message)
    return records


def best_of(records: Sequence[TrialRecord]) -> TrialRecord | None:
    """Find the complete trial with the highest tuning score, the first of equals; else None."""
    scored = [(record.score, record) for record in records if record.score is not None]
    return max(scored, key=lambda pair: (pair[0], -pair[1].number))[1] if scored else None


def _read(path: Path) -> TrialRecord:
    record: Any = read_json(path)
    try:
        return TrialRecord.model_validate(record)
    except ValidationError as error:
        message = f"{path} is no record of a trial ({error}): remove it, and its trial runs again"
        raise TrainingError(message) from error

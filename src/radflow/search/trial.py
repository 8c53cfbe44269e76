"""One trial of a search, or one repetition of its best: a training, and the record of it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import pandas as pd

from radflow.config.search import Parameters, TrialRules, with_parameters
from radflow.errors import DivergedError, TrainingError
from radflow.files import sha256_record, write_text
from radflow.inference.card import CARD_NAME, WEIGHTS_NAME
from radflow.progress import say
from radflow.search.pruning import EarlyEnd
from radflow.search.record import TrialRecord, best_of
from radflow.search.sampling import draw
from radflow.training.callbacks import Row
from radflow.training.checkpoint import State
from radflow.training.job import HISTORY_NAME, Inputs, Job, Settings
from radflow.training.loop import STATE

RECORD_NAME = "trial.json"


@dataclass(frozen=True)
class Trial:
    """A training with drawn settings.

    Attributes
    ----------
    job
        The training.
    number
        Of the trial, or of the repetition.
    of
        Number of the trial that is repeated; None of a trial.
    parameters
        What was drawn.
    earlier
        Records that decide how it goes: those it is compared with, or those the best is of.
    ends
        Tells whether to end early; None: it runs to its end.
    """

    job: Job
    number: int
    of: int | None
    parameters: Parameters
    earlier: Sequence[TrialRecord]
    ends: EarlyEnd | None

    def identity(self, code: str) -> str:
        """Hash what decides the result beside settings and data: code and earlier records."""
        return sha256_record([code, [record.model_dump(mode="json") for record in self.earlier]])


@dataclass(frozen=True)
class Material:
    """What all trials of a search share.

    Attributes
    ----------
    settings
        Of a training of the model as the study has it, on the fold of the search.
    rules
        Of the search.
    inputs
        Files of earlier steps; the test part is in none.
    """

    settings: Settings
    rules: TrialRules
    inputs: Inputs


def trial(
    material: Material, number: int, *, earlier: Sequence[TrialRecord], folder: Path
) -> Trial:
    """Prepare a trial: what it draws, and which earlier trials it is compared with.

    Parameters
    ----------
    material
        What all trials share.
    number
        Of the trial, from 0.
    earlier
        Records of the trials that `radflow.config.search.earlier_trials` lists.
    folder
        Of the trial's results.

    Raises
    ------
    LeakError
        If a shard or the patch index holds a case of the test part.
    TrainingError
        If the drawn values make no model together.
    """
    rules = material.rules
    parameters = draw(rules.space, seed=rules.seed, number=number)
    ends = EarlyEnd(rules.prune, earlier) if rules.prune else None
    name = f"{rules.model}-trial-{number:03d}"
    job = _job(material, parameters, seed=None, name=name, folder=folder)
    return Trial(replace(job, stop=ends), number, None, parameters, earlier, ends)


def repetition(
    material: Material, number: int, *, trials: Sequence[TrialRecord], folder: Path
) -> Trial:
    """Prepare to train the settings of the best trial again, with a seed of its own.

    Parameters
    ----------
    material
        What all trials share.
    number
        Of the repetition, from 0.
    trials
        Records of all trials.
    folder
        Of the repetition's results.

    Raises
    ------
    TrainingError
        If no trial was complete.
    """
    best = best_of(trials)
    if best is None:
        message = (
            f"none of {len(trials)} trials was complete, so there is no best to repeat: narrow "
            "search.space (say, lower learning rates), or prune later"
        )
        raise TrainingError(message)
    rules = material.rules
    seed = material.settings.rules.training.seed + 1 + number
    name = f"{rules.model}-seed-{seed}"
    job = _job(material, best.parameters, seed=seed, name=name, folder=folder)
    return Trial(job, number, best.number, best.parameters, trials, None)


def run(planned: Trial, *, code: str, log: Callable[[Row], None]) -> TrialRecord:
    """Train, by the one training loop, and write ``history.csv``, then ``trial.json``.

    A training that was killed goes on from its last epoch. Weights are not kept: what a search
    finds is settings. A loss that is not finite ends the trial, not the search.

    Parameters
    ----------
    planned
        From `trial` or `repetition`.
    code
        Hash of the code that decides the result.
    log
        Called with each epoch's row.

    Raises
    ------
    TrainingError
        If a checkpoint can't be read, or the fold can't be trained on.
    """
    job, rows, identity = planned.job, list[Row](), planned.identity(code)

    def note(row: Row) -> None:
        rows.append(row)
        log(row)

    reason = ""
    try:
        family = import_module(f"radflow.training.{job.settings.task}")
        family.train(job, code=identity, log=note)
    except DivergedError as error:
        reason = str(error)
        say(f"{job.title}: failed: {reason}")
        State(job.folder / STATE, job.identity(identity)).clear()
        history = pd.DataFrame(rows, columns=list(rows[0]) if rows else ["epoch", "step"])
        text = history.to_csv(index=False, lineterminator="\n", float_format="%.7g")
        write_text(job.folder / HISTORY_NAME, text)
    record = _record(planned, rows, reason)
    for name in (WEIGHTS_NAME, CARD_NAME):
        (job.folder / name).unlink(missing_ok=True)
    record.write(job.folder / RECORD_NAME)
    return record


def _job(
    material: Material, parameters: Parameters, *, seed: int | None, name: str, folder: Path
) -> Job:
    settings = material.settings
    try:
        rules = with_parameters(settings.rules, parameters, budget=material.rules.budget, seed=seed)
    except ValueError as error:
        message = f"{name} drew {parameters}, which make no model together: {error}"
        raise TrainingError(message) from error
    changed = settings.model_copy(update={"model": name, "rules": rules})
    return Job.read(changed, material.inputs, folder)


def _record(planned: Trial, rows: Sequence[Row], reason: str) -> TrialRecord:
    ended = planned.ends is not None and planned.ends.ended
    state = "failed" if reason else "pruned" if ended else "complete"
    kept = [number for number, row in enumerate(rows, start=1) if row["best"]]
    complete = state == "complete" and bool(kept)
    scores = tuple(_rounded(row["score"]) for row in rows)
    return TrialRecord(
        number=planned.number,
        of=planned.of,
        parameters=planned.parameters,
        seed=planned.job.settings.rules.training.seed,
        state=state,
        reason=reason,
        scores=scores,
        steps=int(rows[-1]["step"]) if rows else 0,
        score=scores[kept[-1] - 1] if complete else None,
        epoch=kept[-1] if complete else None,
    )


def _rounded(score: float) -> float | None:
    """Round as ``history.csv`` does; None of what is not finite."""
    return float(f"{score:.7g}") if math.isfinite(score) else None

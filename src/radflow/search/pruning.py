"""Which trials end early: Optuna's pruners, told of the earlier trials from their records."""

import math
from collections.abc import Mapping, Sequence

import optuna
from optuna.trial import TrialState

from radflow.config.search import PruneRules
from radflow.search.record import TrialRecord

_STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


class EarlyEnd:
    """Tells after each epoch of a trial whether it should end.

    The earlier trials are told to the pruner epoch by epoch, in the order of their numbers, so
    that the answer depends on their records and on this trial's scores alone.

    Parameters
    ----------
    rules
        Which pruner.
    earlier
        Records of the trials to compare with, by number.
    """

    def __init__(self, rules: PruneRules, earlier: Sequence[TrialRecord]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(direction="maximize", pruner=_pruner(rules))
        for record in earlier:
            trial = self._study.ask()
            for epoch, score in enumerate(record.scores, start=1):
                _tell(trial, epoch, score)
            value = record.score if record.state == "complete" else None
            self._study.tell(trial, value, state=_STATES[record.state])
        self._trial = self._study.ask()
        self._told = 0
        self.ended = False

    def __call__(self, rows: Sequence[Mapping[str, float | int]]) -> bool:
        """Judge a trial by the rows of its history; those of earlier calls are not told again."""
        for row in rows[self._told :]:
            self._told += 1
            self.ended = _tell(self._trial, self._told, float(row["score"]))
        return self.ended


def _pruner(rules: PruneRules) -> optuna.pruners.BasePruner:
    if rules.method == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(
            min_resource=rules.from_epoch, reduction_factor=rules.factor
        )
    return optuna.pruners.MedianPruner(
        n_startup_trials=rules.after_trials, n_warmup_steps=rules.from_epoch
    )


def _tell(trial: optuna.Trial, epoch: int, score: float | None) -> bool:
    """Tell a trial's score after an epoch, and give the pruner's answer.

    An epoch without a finite score is not judged, and others are not compared with it.
    """
    if score is None or not math.isfinite(score):
        return False
    trial.report(score, epoch)
    return trial.should_prune()

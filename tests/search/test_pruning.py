"""Early ends are those of Optuna's own pruners in its own loop, and of the median by hand."""

import math
from collections.abc import Sequence

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radflow.config.search import PruneRules, earlier_trials
from radflow.search.pruning import EarlyEnd
from radflow.search.record import TrialRecord

Table = list[list[float]]
scores = st.floats(0, 1, width=16)
tables = st.integers(3, 6).flatmap(
    lambda epochs: st.lists(
        st.lists(scores, min_size=epochs, max_size=epochs), min_size=2, max_size=12
    )
)


def rows(values: Sequence[float]) -> list[dict[str, float | int]]:
    return [{"epoch": epoch, "score": value} for epoch, value in enumerate(values)]


def record(number: int, values: Sequence[float], state: str) -> TrialRecord:
    return TrialRecord(
        number=number,
        parameters={},
        seed=0,
        state=state,
        scores=tuple(None if math.isnan(value) else value for value in values),
        steps=len(values),
        score=max(values) if state == "complete" else None,
        epoch=1 if state == "complete" else None,
    )


def ours(rules: PruneRules, table: Table) -> list[int | None]:
    """Give the epoch after which each trial ends early; a new judge for each, as in the workflow.

    Trials here are also judged at their last epoch, as in Optuna's loop.
    """
    records: list[TrialRecord] = []
    ends: list[int | None] = []
    for number, values in enumerate(table):
        judge = EarlyEnd(rules, [records[n] for n in earlier_trials(rules, number)])
        history = rows(values)
        end = next((n for n in range(1, len(values) + 1) if judge(history[:n])), None)
        ends.append(end)
        records.append(record(number, values[:end], "pruned" if end else "complete"))
    return ends


def theirs(pruner: optuna.pruners.BasePruner, table: Table) -> list[int | None]:
    """Run Optuna's own loop over the same scores."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", pruner=pruner)

    def objective(trial: optuna.Trial) -> float:
        for epoch, value in enumerate(table[trial.number], start=1):
            trial.report(value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return max(table[trial.number])

    study.optimize(objective, n_trials=len(table))
    return [
        trial.last_step if trial.state == optuna.trial.TrialState.PRUNED else None
        for trial in study.trials
    ]


@settings(max_examples=40, deadline=None)
@given(tables, st.integers(1, 4), st.integers(1, 4))
def test_median_pruning_is_optunas(table: Table, first: int, after: int) -> None:
    rules = PruneRules(from_epoch=first, after_trials=after)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=after, n_warmup_steps=first)
    assert ours(rules, table) == theirs(pruner, table)


@settings(max_examples=40, deadline=None)
@given(tables, st.integers(1, 2), st.integers(2, 3))
def test_successive_halving_is_optunas(table: Table, first: int, factor: int) -> None:
    rules = PruneRules(method="halving", from_epoch=first, factor=factor)
    pruner = optuna.pruners.SuccessiveHalvingPruner(first, factor)
    assert ours(rules, table) == theirs(pruner, table)


@settings(max_examples=40, deadline=None)
@given(tables, st.lists(scores, min_size=3, max_size=3), st.integers(1, 3))
def test_a_trial_ends_where_its_best_is_below_the_median_of_complete_trials(
    table: Table, values: list[float], first: int
) -> None:
    earlier = [record(number, each, "complete") for number, each in enumerate(table)]
    judge = EarlyEnd(PruneRules(from_epoch=first, after_trials=1), earlier)
    for epoch in range(1, 4):
        median = np.median([each[epoch - 1] for each in table])
        below = epoch >= first and max(values[:epoch]) < median
        assert judge(rows(values[:epoch])) == below


def test_pruned_and_failed_trials_do_not_count_for_the_median() -> None:
    good = [record(0, [0.9, 0.9], "pruned"), record(1, [0.9, 0.9], "failed")]
    rules = PruneRules(from_epoch=1, after_trials=1)
    assert not EarlyEnd(rules, good)(rows([0.1, 0.1]))
    assert EarlyEnd(rules, [*good, record(2, [0.5, 0.5], "complete")])(rows([0.1, 0.1]))


def test_a_resumed_trial_is_judged_like_one_that_went_on() -> None:
    earlier = [record(n, [0.2 * n, 0.3 * n, 0.4 * n], "complete") for n in range(4)]
    for rules in (PruneRules(after_trials=1), PruneRules(method="halving", factor=2)):
        values = rows([0.1, 0.2, 0.9])
        going = EarlyEnd(rules, earlier)
        answers = [going(values[:n]) for n in range(1, 4)]
        assert EarlyEnd(rules, earlier)(values) == answers[-1]


def test_an_epoch_without_a_finite_score_is_not_judged_nor_compared_with() -> None:
    earlier = [record(0, [0.5, math.nan], "complete")]
    judge = EarlyEnd(PruneRules(from_epoch=1, after_trials=1), earlier)
    history = rows([math.nan, 0.1, 0.1])
    assert not any(judge(history[:n]) for n in range(1, 4))
    assert EarlyEnd(PruneRules(from_epoch=1, after_trials=1), earlier)(rows([0.1]))


@pytest.mark.parametrize(
    ("at_once", "number", "seen"), [(1, 3, 3), (4, 3, 0), (4, 4, 4), (4, 7, 4), (3, 7, 6)]
)
def test_trials_side_by_side_do_not_see_each_other(at_once: int, number: int, seen: int) -> None:
    assert earlier_trials(PruneRules(at_once=at_once), number) == range(seen)


def test_without_pruning_no_trial_waits_for_another() -> None:
    assert earlier_trials(None, 7) == range(0)

"""What each trial of a search draws from the space."""

import json
from collections.abc import Iterator, Mapping

import optuna

from radflow.config.search import Dimension, Parameters, Value, spelt
from radflow.randomness import keyed_seed

_SEEDS = 2**32  # Optuna's samplers take 32 bits


def draw(space: Mapping[str, Dimension], *, seed: int, number: int) -> Parameters:
    """Draw the values of one trial (random search, Bergstra and Bengio 2012).

    They depend on the seed, the number and the space alone: not on other trials, nor on the order
    in which the space is written.

    Parameters
    ----------
    space
        Dotted key of a model's rules to its dimension; conditions name keys of the space.
    seed
        Of the search.
    number
        Of the trial, from 0.

    Returns
    -------
    dict
        Dotted key to value, in alphabetical order; without the keys whose condition does not hold.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.RandomSampler(seed=keyed_seed(seed, "trial", number) % _SEEDS)
    trial = optuna.create_study(sampler=sampler).ask()
    drawn: Parameters = {}
    for key in _parents_first(space):
        dimension = space[key]
        if all(
            other in drawn and spelt(drawn[other]) in dimension.allowed(other)
            for other in dimension.when
        ):
            drawn[key] = _suggest(trial, key, dimension)
    return dict(sorted(drawn.items()))


def _parents_first(space: Mapping[str, Dimension]) -> Iterator[str]:
    """Yield the keys in alphabetical order, but each behind those its condition names."""
    waiting = sorted(space)
    while waiting:
        key = next(key for key in waiting if not set(space[key].when) & set(waiting))
        waiting.remove(key)
        yield key


def _suggest(trial: optuna.Trial, key: str, dimension: Dimension) -> Value:
    if dimension.choice is not None:
        # Optuna takes no lists as choices; their JSON stands for them.
        return json.loads(trial.suggest_categorical(key, [spelt(v) for v in dimension.choice]))
    if dimension.whole is not None:
        return trial.suggest_int(key, *dimension.whole)
    if dimension.log_uniform is not None:
        return trial.suggest_float(key, *dimension.log_uniform, log=True)
    low, high = dimension.uniform or (0.0, 0.0)
    return trial.suggest_float(key, low, high)

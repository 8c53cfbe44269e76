"""Resampling of subjects for any statistic: a subject's cases are drawn together."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from radflow.evaluation.bootstrap import LEAST_SUBJECTS, bca_shares
from radflow.evaluation.classification.statistics import Floats, Statistic, value_of

Key = TypeVar("Key", bound=Hashable)

MOST_UNDEFINED = 0.05
"""Share of resamples that may lack what a statistic needs; with more there is no interval."""

_CHUNK = 4_000_000
_NOISE = 1e-12


@dataclass(frozen=True)
class Draws:
    """A statistic of the sample, of its resamples, and without one subject at a time.

    NaN where it is not defined. Draws of the same subjects with the same seed belong together,
    resample by resample, so that their differences are paired.
    """

    estimate: float
    resampled: Floats
    left_out: Floats

    def minus(self, other: "Draws") -> "Draws":
        """Subtract another statistic of the same resamples."""
        return Draws(
            self.estimate - other.estimate,
            self.resampled - other.resampled,
            self.left_out - other.left_out,
        )


@dataclass(frozen=True)
class Bounds:
    """An interval, how it was found, and why there is none."""

    low: float | None
    high: float | None
    method: str | None
    reason: str


def mean_of(draws: Sequence[Draws]) -> Draws:
    """Average statistics of the same resamples; NaN where one of them is."""
    return Draws(
        float(np.mean([each.estimate for each in draws])),
        np.mean([each.resampled for each in draws], axis=0),
        np.mean([each.left_out for each in draws], axis=0),
    )


def draw(
    statistics: Mapping[Key, Statistic], subjects: Sequence[str], *, seed: int, samples: int
) -> dict[Key, Draws]:
    """Compute statistics of the sample and of resamples of its subjects.

    Parameters
    ----------
    statistics
        By any name.
    subjects
        ``(n,)`` the subject of each case.
    seed
        The same seed gives the same resamples, whatever is computed of them.
    samples
        Number of resamples.
    """
    names, owner = np.unique(np.asarray(subjects, str), return_inverse=True)
    parts: dict[Key, list[Floats]] = {name: [] for name in statistics}
    for counts in _multiplicities(names.size, owner.size, seed=seed, samples=samples):
        weights = counts[:, owner]
        for name, statistic in statistics.items():
            parts[name].append(statistic(weights))
    left_out: dict[Key, list[Floats]] = {name: [] for name in statistics}
    for start in range(0, names.size, _rows(owner.size)):
        places = np.arange(start, min(start + _rows(owner.size), names.size))
        weights = (owner != places[:, None]).astype(np.float64)
        for name, statistic in statistics.items():
            left_out[name].append(statistic(weights))
    return {
        name: Draws(
            value_of(statistic, owner.size),
            np.concatenate(parts[name]),
            np.concatenate(left_out[name]),
        )
        for name, statistic in statistics.items()
    }


def bounds_of(draws: Draws, confidence: float) -> Bounds:
    """Find the interval of a statistic: BCa (Efron 1987), else percentile.

    Resamples where the statistic is not defined are left out, and said; BCa needs all of them. An
    interval that does not hold the estimate, as resampling inflates errors that can't be negative,
    is the percentile interval stretched to it.
    """
    subjects, samples = draws.left_out.size, draws.resampled.size
    held = draws.resampled[np.isfinite(draws.resampled)]
    lost = samples - held.size
    if subjects < LEAST_SUBJECTS:
        return _none(f"needs at least {LEAST_SUBJECTS} subjects, got {subjects}")
    if not np.isfinite(draws.estimate) or lost > MOST_UNDEFINED * samples:
        return _none(f"{lost} of {samples} resamples lack a class or an answer that it needs")
    if float(np.ptp(held)) <= _NOISE:
        return _none("every resample gives the same value")
    tail = (1.0 - confidence) / 2.0
    whole = lost == 0 and bool(np.isfinite(draws.left_out).all())
    shares = bca_shares(draws.estimate, held, draws.left_out, tail=tail) if whole else None
    if shares is not None:
        low, high = np.quantile(held, shares).tolist()
        if low <= draws.estimate <= high:
            return Bounds(low, high, "bca", "")
    reasons = [f"{lost} of {samples} resamples were left out"] if lost else []
    low, high = np.quantile(held, (tail, 1.0 - tail)).tolist()
    if not low <= draws.estimate <= high:
        reasons.append("stretched to hold the estimate")
    elif not lost:
        reasons.append("BCa is not estimable, or does not hold the estimate")
    return Bounds(
        min(low, draws.estimate), max(high, draws.estimate), "percentile", "; ".join(reasons)
    )


def two_sided_p(difference: Draws) -> float | None:
    """Give the p value of a paired difference: twice the share of resamples beyond 0.

    Never below 1 in the number of resamples (Davison and Hinkley 1997). None where the difference
    is not defined, or there are fewer than two subjects.
    """
    held = difference.resampled[np.isfinite(difference.resampled)]
    if difference.left_out.size < LEAST_SUBJECTS or not held.size:
        return None
    beyond = min(np.count_nonzero(held <= _NOISE), np.count_nonzero(held >= -_NOISE))
    return min(1.0, 2.0 * (1 + int(beyond)) / (1 + held.size))


def _none(reason: str) -> Bounds:
    return Bounds(None, None, None, reason)


def _rows(cases: int) -> int:
    """Give the number of resamples to hold at once, which bounds memory."""
    return max(1, _CHUNK // cases)


def _multiplicities(subjects: int, cases: int, *, seed: int, samples: int) -> Iterator[Floats]:
    """Say how often each subject is drawn, ``(resamples, subjects)``, some resamples at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, samples, _rows(cases)):
        rows = min(_rows(cases), samples - start)
        drawn = rng.integers(0, subjects, (rows, subjects))
        drawn += subjects * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * subjects)
        yield counts.reshape(rows, subjects).astype(np.float64)

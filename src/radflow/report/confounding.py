"""Whether the source of an image could give the class away: scanner, site and grid against class.

A model that is shown one disease from one scanner, and another from others, may learn to tell the
scanners apart. The association is Cramér's V with the correction of Bergsma (J. Korean Stat. Soc.
42 (2013) 323-328), which is 0 on average where source and class are independent.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from radflow.datasets.cases import Case
from radflow.report.acquisition import spoken
from radflow.report.numbers import number, times
from radflow.report.tables import Table, table

LARGE = 0.5
"""From here on an association of two factors is large (Cohen 1988, for one degree of freedom)."""

_LEAST_SUBJECTS = 5
_MOST_VALUES = 20
_SETTINGS = ("manufacturer", "model", "field_strength_t", "kvp", "station", "institution")
_SITES = ("site", "centre", "center", "scanner", "hospital", "institution", "manufacturer")
_UNSTATED = "not stated"


@dataclass(frozen=True)
class Shortcut:
    """A source of images that goes together with the class.

    Attributes
    ----------
    source
        What it is, e.g. ``manufacturer``.
    strength
        Cramér's V, corrected: 0 none, 1 the source decides the class.
    alone
        Class to the one value of the source that all its subjects have, while most of the others
        have another.
    counts
        Subjects by value of the source and class.
    """

    source: str
    strength: float
    alone: Mapping[str, str]
    counts: Mapping[tuple[str, str], int]


def sources_checked(cases: Sequence[Case]) -> tuple[str, ...]:
    """Name the sources that differ between cases, and so could tell classes apart."""
    return tuple(name for name, values in _sources(cases) if 1 < len(set(values)) <= _MOST_VALUES)


def shortcuts(cases: Sequence[Case]) -> tuple[Shortcut, ...]:
    """Find the sources that go together with the class; none where there are no two classes.

    A source is named where its association is `LARGE`, or where a class of at least five subjects
    has one value of it alone, which at most half of the others have. A subject counts once for each
    class and value.
    """
    classed = [case for case in cases if case.target]
    if len({case.target for case in classed}) < 2:
        return ()
    checked = sources_checked(classed)
    found = (
        _shortcut(name, classed, values) for name, values in _sources(classed) if name in checked
    )
    return tuple(each for each in found if each.strength >= LARGE or each.alone)


def shortcut_table(found: Shortcut) -> Table:
    """Show subjects by value of the source and class."""
    classes = sorted({name for _, name in found.counts})
    values = sorted({value for value, _ in found.counts})
    return table(
        f"Subjects by {found.source} and class",
        (found.source, *classes),
        [(value, *(found.counts.get((value, name), 0) for name in classes)) for value in values],
        numeric=range(1, 1 + len(classes)),
    )


def shortcut_text(found: Shortcut) -> str:
    """Say what is wrong, in a sentence."""
    alone = "".join(
        f" All subjects of class {name}: {found.source} {value}, unlike most others."
        for name, value in found.alone.items()
    )
    return (
        f"Shortcut possible: {found.source} and class go together (Cramér's V, corrected: "
        f"{number(found.strength, 2)}).{alone}"
    )


def cramers_v(counts: Mapping[tuple[str, str], int]) -> float:
    """Measure the association of two factors: 0 none, 1 one decides the other.

    Parameters
    ----------
    counts
        By value of either factor.

    Returns
    -------
    float
        Cramér's V, corrected for its bias; 0 where a factor has one value, or there are too few
        counts to say.
    """
    rows, columns = (sorted({key[place] for key in counts}) for place in (0, 1))
    observed = np.array([[counts.get((row, column), 0) for column in columns] for row in rows])
    n = int(observed.sum())
    if min(observed.shape) < 2 or n < 2:
        return 0.0
    expected = observed.sum(1, keepdims=True) * observed.sum(0, keepdims=True) / n
    phi2 = float(((observed - expected) ** 2 / expected).sum()) / n
    r, c = observed.shape
    phi2 = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    r_left, c_left = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    most = min(r_left, c_left) - 1
    return min(1.0, (phi2 / most) ** 0.5) if most > 0 else 0.0


def _sources(cases: Sequence[Case]) -> Iterator[tuple[str, list[str]]]:
    """Yield each source of images, and its value in every case."""
    covariates = sorted({name for case in cases for name in case.covariates})
    of: dict[str, Callable[[Case], str]] = {
        spoken(key): lambda case, key=key: case.acquisition.get(key, "") for key in _SETTINGS
    }
    of |= {
        name: lambda case, name=name: case.covariates.get(name, "")
        for name in covariates
        if name.lower() in _SITES
    }
    of["voxel size"] = lambda case: times(tuple(round(edge, 2) for edge in case.spacing_mm))
    of["image size"] = lambda case: times(case.shape)
    for name, value in of.items():
        yield name, [value(case) or _UNSTATED for case in cases]


def _shortcut(name: str, cases: Sequence[Case], values: Sequence[str]) -> Shortcut:
    seen = {(case.subject, value, case.target) for case, value in zip(cases, values, strict=True)}
    counts = Counter((value, target) for _, value, target in seen)
    return Shortcut(name, cramers_v(counts), _alone(counts), counts)


def _alone(counts: Mapping[tuple[str, str], int]) -> dict[str, str]:
    by_class: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (value, target), n in counts.items():
        by_class[target][value] += n
    found: dict[str, str] = {}
    for target, values in sorted(by_class.items()):
        value, n = values.most_common(1)[0]
        others = [each for name, each in by_class.items() if name != target]
        shared, total = sum(each[value] for each in others), sum(map(Counter.total, others))
        if len(values) == 1 and n >= _LEAST_SUBJECTS and 2 * shared <= total:
            found[target] = value
    return found

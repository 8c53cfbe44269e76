"""Which cases are shown, and which are listed as failures: by rule, never by choice."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from radflow.report.segmentation.scores import Score

RULE = (
    "Cases are ranked by their mean Dice over classes, ties by the order of their names. Worst is "
    "the first of the ranking, best the last, median the middle one (the lower of two)."
)
MOST_FAILURES = 8

_TOO_SMALL, _TOO_LARGE = 0.8, 1.25


@dataclass(frozen=True)
class Ranked:
    """A case and its mean Dice over classes."""

    case: str
    dice: float


@dataclass(frozen=True)
class Shown:
    """A case to show, and why: ``worst``, ``median``, ``best``, or several of them."""

    title: str
    ranked: Ranked


def rank(scores: Iterable[Score]) -> list[Ranked]:
    """Rank cases from the lowest mean Dice over classes to the highest, ties by name."""
    values: defaultdict[str, list[float]] = defaultdict(list)
    for score in scores:
        values[score.case].append(score.dice)
    ranked = [Ranked(case, fmean(dice)) for case, dice in values.items()]
    return sorted(ranked, key=lambda each: (each.dice, each.case))


def worst_median_best(ranking: Sequence[Ranked]) -> list[Shown]:
    """Choose the cases to show; a case that is two of them at once is shown once."""
    if not ranking:
        return []
    chosen = (
        ("worst", ranking[0]),
        ("median", ranking[(len(ranking) - 1) // 2]),
        ("best", ranking[-1]),
    )
    titles: dict[Ranked, list[str]] = {}
    for title, ranked in chosen:
        titles.setdefault(ranked, []).append(title)
    return [Shown(" and ".join(names), ranked) for ranked, names in titles.items()]


def failures(scores: Iterable[Score], *, most: int = MOST_FAILURES) -> list[Score]:
    """Take the scores with the lowest Dice, ties by the names of case and class."""
    return sorted(scores, key=lambda each: (each.dice, each.case, each.name))[:most]


def kind_of(score: Score) -> str:
    """Name what went wrong, by rule: a key of `KINDS`."""
    if score.empty:
        return _OF_EMPTY.get(score.empty, _BOUNDARY)
    if score.predicted_ml < _TOO_SMALL * score.reference_ml:
        return "too small"
    if score.predicted_ml > _TOO_LARGE * score.reference_ml:
        return "too large"
    return _BOUNDARY


_BOUNDARY = "boundary"
_OF_EMPTY = {"missing": "no prediction", "prediction": "missed", "reference": "false alarm"}
KINDS = {
    "no prediction": "the model gave none",
    "missed": "only the reference holds the class",
    "false alarm": "only the prediction holds the class",
    "too small": f"below {_TOO_SMALL:.0%} of the reference volume",
    "too large": f"above {_TOO_LARGE:.0%} of the reference volume",
    _BOUNDARY: "volume within these bounds, outline elsewhere",
}

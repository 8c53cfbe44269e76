"""Which cases of a classification are shown: by rule, never by choice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from radflow.report.classification.answers import Answer

RULE = (
    "Cases are ranked by the probability that their true class got (of several classes at once: "
    "the mean of what each truth got), ties by the order of their names. Worst is the first of the "
    "ranking, best the last, median the middle one (the lower of two). Confident mistakes are the "
    "wrong answers with the highest probability."
)
MOST_MISTAKES = 4


@dataclass(frozen=True)
class Shown:
    """A case to show, and why."""

    title: str
    answer: Answer


def chosen(answers: Iterable[Answer]) -> list[Shown]:
    """Choose worst, median and best, then confident mistakes; each case is shown once."""
    ranking = sorted(answers, key=lambda each: (each.of_the_truth, each.case))
    if not ranking:
        return []
    named = [
        ("worst", ranking[0]),
        ("median", ranking[(len(ranking) - 1) // 2]),
        ("best", ranking[-1]),
        *(("confident mistake", each) for each in mistakes(ranking)),
    ]
    titles: dict[str, list[str]] = {}
    found: dict[str, Answer] = {}
    for title, answer in named:
        titles.setdefault(answer.case, []).append(title)
        found[answer.case] = answer
    return [Shown(" and ".join(names), found[case]) for case, names in titles.items()]


def mistakes(answers: Sequence[Answer], *, most: int = MOST_MISTAKES) -> list[Answer]:
    """Take the wrong answers with the highest probability, ties by the names of cases."""
    wrong = [each for each in answers if each.probabilities and not each.right]
    return sorted(wrong, key=lambda each: (-each.confidence, each.case))[:most]

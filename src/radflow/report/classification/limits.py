"""What limits a classification, beside what limits every study with models."""

from collections.abc import Iterator

from radflow.report.classification.answers import ClassifiedStudy
from radflow.report.classification.cohort import sizes_of_classes
from radflow.report.classification.controls import failed
from radflow.report.inputs import TUNING
from radflow.report.limits import trained_limitations
from radflow.report.names import names_patients
from radflow.report.numbers import count, number

_IMBALANCE = 3.0
_FEW = 10


def limitations(data: ClassifiedStudy) -> Iterator[str]:
    """Yield what limits the results, each sentence filled from a record."""
    yield from trained_limitations(data)
    yield from _about_patients(data)
    yield from _about_classes(data)
    yield from _about_answers(data)
    yield (
        "The class of a case is known without error, which no reader's verdict is."
        if data.inputs.card.simulated
        else "There is one reference class per case: disagreement between readers is not measured."
    )


def _about_patients(data: ClassifiedStudy) -> Iterator[str]:
    flat = bool(data.cases) and all(case.shape[2] == 1 for case in data.cases)
    if data.inputs.card.simulated or names_patients(data.inputs.card):
        return
    column = data.split_record.get("column")
    if flat and column:
        yield (
            f"Cases are single images of unnamed patients. The parts follow the column {column!r}, "
            "but intervals and tests count every image as if it were of another patient: they are "
            "too narrow where a patient has several."
        )
    elif flat:
        yield (
            "Cases are single images of unnamed patients, divided one by one: images of one "
            "patient may lie on both sides of the split, so scores may be too good, and intervals "
            "too narrow."
        )
    if pairs := _crossing(data):
        yield (
            f"{count(pairs, 'pair')} of images that look alike lie in different parts of this "
            "split: its scores are too good, and show what such a leak does."
        )


def _crossing(data: ClassifiedStudy) -> int:
    return sum(
        each.get("other_part", each["part"]) != each["part"]
        for each in data.split_record.get("near_duplicates", [])
    )


def _about_classes(data: ClassifiedStudy) -> Iterator[str]:
    sizes = sizes_of_classes(data)
    small, large = min(sizes, key=lambda n: sizes[n]), max(sizes, key=lambda n: sizes[n])
    if sizes[small] and sizes[large] / sizes[small] > _IMBALANCE:
        yield (
            f"Classes are unbalanced: {large} has {sizes[large]:,} cases, {small} "
            f"{sizes[small]:,}. Read each class and balanced accuracy, not only accuracy."
        )
    for part in data.parts:
        counts = data.summary(data.primary.name, part).get("counts", {})
        few = [f"{name} {n}" for name, n in counts.items() if n < _FEW]
        if few:
            yield (
                f"Few cases of a class ({'test part' if part != TUNING else 'tuning'}): "
                f"{', '.join(few)}. Their sensitivity is hardly known."
            )


def _about_answers(data: ClassifiedStudy) -> Iterator[str]:
    for model in data.real_models:
        for part, answers in model.scores.items():
            missing = sum(not answer.probabilities for answer in answers)
            if missing:
                yield (
                    f"{model.name} gave no answer for {count(missing, 'case')} ({part}); they "
                    "count as wrong."
                )
    for control in failed(data):
        yield (
            f"{control.model}, trained on shuffled labels, does better than chance "
            f"({control.part}: {control.metric} {number(control.record['estimate'])} against "
            f"{control.chance}): something may leak."
        )

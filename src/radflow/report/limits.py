"""Limitations that the records themselves show; the authors' own come beside them."""

from collections.abc import Iterator

from radflow.report.cohort import label_ml
from radflow.report.draw import part_title
from radflow.report.inputs import BASELINE, TEST
from radflow.report.load import StudyData
from radflow.report.numbers import count

DOUBTFUL_SUBJECTS = 50
"""Below this number of subjects the coverage of a bootstrap interval is doubtful."""

_IMBALANCE = 5.0


def limitations(data: StudyData) -> tuple[str, ...]:
    """List what limits the results, each sentence filled from a record."""
    return tuple(
        sentence
        for source in (_about_test, _about_sizes, _about_training, _about_data, _about_scores)
        for sentence in source(data)
    )


def _about_test(data: StudyData) -> Iterator[str]:
    if TEST not in data.parts:
        yield (
            "The test part is locked: all results are internal, from tuning cases that also chose "
            "the best epoch, so they lean towards the optimistic side."
        )
    else:
        yield (
            "Tuning results are internal: the tuning cases also chose the best epoch. Only the "
            "results of the test part are free of that choice."
        )
    times = sum(row["model"] == data.primary.name for row in data.accesses)
    if times > 1:
        yield (
            f"The test part was evaluated {times} times with {data.primary.name}: choices made in "
            "between may have adapted to it."
        )
    if data.inputs.card.simulated:
        yield (
            "All subjects are simulated, the test part too: nothing here says how the model does "
            "on patients, whose anatomy, diseases and artefacts are richer."
        )
        return
    yield (
        "There is no external testing: all cases come from one dataset, so nothing here says how "
        "the model does at other sites, on other scanners or in other populations."
    )


def _about_sizes(data: StudyData) -> Iterator[str]:
    for part in data.parts:
        n = int(data.summary(data.primary.name, part).get("n_subjects", 0))
        if n < DOUBTFUL_SUBJECTS:
            yield (
                f"{part_title(part)[:1].upper()}{part_title(part)[1:]}: {count(n, 'subject')}, "
                f"fewer than {DOUBTFUL_SUBJECTS}. Bootstrap intervals may be too narrow."
            )


def _about_training(data: StudyData) -> Iterator[str]:
    folds, trained = int(data.split_record["folds"]), len(data.trained_folds)
    if trained < folds:
        yield (
            f"{trained} of {folds} folds {'was' if trained == 1 else 'were'} trained: the spread "
            "between folds is not fully known, and most development cases have no out-of-fold "
            "result."
        )
    yield (
        "Each fold was trained once, with one seed: the spread between trainings of the same data "
        "is not measured, and intervals don't hold it."
    )


def _about_data(data: StudyData) -> Iterator[str]:
    simulated = data.inputs.card.simulated
    if simulated:
        yield "Scanners, age and sex are simulated too, and subgroups are not compared."
    else:
        yield from _about_patients(data)
    quarantined = int(data.intake.get("quarantined", 0))
    if quarantined:
        yield (
            f"{count(quarantined, 'case')} of {data.intake['listed']} "
            f"{'was' if quarantined == 1 else 'were'} excluded at intake; results hold for images "
            "that pass its checks."
        )
    yield (
        "Labels are known without error, which no reader's outline is: scores may be higher than "
        "readers could reach."
        if simulated
        else "There is one reference outline per case: disagreement between readers is not "
        "measured."
    )
    yield from _imbalance(data)


def _about_patients(data: StudyData) -> Iterator[str]:
    yield (
        "Centres, scanners, age and sex are not among the records, so whether the cases come from "
        "a single centre is unknown, and subgroups can't be compared."
    )
    if len({case.subject for case in data.cases}) == len(data.cases):
        yield (
            "The dataset doesn't say which cases share a patient; every case counts as a subject "
            "of its own. If patients occur twice, parts are not fully independent."
        )


def _imbalance(data: StudyData) -> Iterator[str]:
    named = data.inputs.card.classes
    totals = {
        named[label]: sum(label_ml(case, label) for case in data.cases)
        for label in sorted(named)
        if label > 0
    }
    if len(totals) < 2 or min(totals.values()) <= 0:
        return
    small, large = min(totals, key=lambda n: totals[n]), max(totals, key=lambda n: totals[n])
    ratio = totals[large] / totals[small]
    if ratio > _IMBALANCE:
        yield (
            f"Classes are unbalanced: {large} has {ratio:.0f} times the volume of {small}. Read "
            "each class, not only the mean."
        )


def _about_scores(data: StudyData) -> Iterator[str]:
    for model in data.models:
        for part, scores in model.scores.items():
            missing = len({score.case for score in scores if score.empty == "missing"})
            if missing and model.name != BASELINE:
                yield (
                    f"{model.name} gave no prediction for {count(missing, 'case')} ({part}); they "
                    "count with the worst values."
                )

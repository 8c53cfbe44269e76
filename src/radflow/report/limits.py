"""Limitations that the records themselves show; the authors' own come beside them."""

from collections.abc import Iterator

from radflow.report.cohort import label_ml
from radflow.report.confounding import shortcut_text, shortcuts
from radflow.report.grid import is_flat
from radflow.report.inputs import TEST
from radflow.report.load import AnyTrained, DescribedStudy, TrainedStudy
from radflow.report.names import names_patients, part_title, sentence
from radflow.report.numbers import count

DOUBTFUL_SUBJECTS = 50
"""Below this number of subjects the coverage of a bootstrap interval is doubtful."""

_IMBALANCE = 5.0
_FACTS = {
    "centre": ("centre", "center", "site", "hospital", "institution"),
    "scanner": ("scanner", "manufacturer", "model"),
    "age": ("age", "age_years"),
    "sex": ("sex", "gender"),
}
"""What a reader wants to know of patients, and the names under which it may be recorded."""


def limitations(data: DescribedStudy) -> tuple[str, ...]:
    """List the limits of a study's data, each sentence filled from a record."""
    return (*_about_description(data), *about_data(data), *outline_limitations(data))


def trained_limitations(data: AnyTrained) -> Iterator[str]:
    """Yield what limits the results of any study with models."""
    yield from _about_test(data)
    yield from _about_sizes(data)
    yield from _about_training(data)
    yield from about_data(data)


def outline_limitations(data: DescribedStudy) -> Iterator[str]:
    """Yield what limits what label maps can say."""
    simulated = data.inputs.card.simulated
    if data.classes:
        yield (
            "Labels are known without error, which no reader's outline is: scores of models may be "
            "higher than readers could reach."
            if simulated
            else "There is one reference outline per case: disagreement between readers is not "
            "measured."
        )
    yield from _imbalance(data)


def _about_description(data: DescribedStudy) -> Iterator[str]:
    yield (
        "The data were described, and no model was trained: nothing here says what a model would "
        "learn from them."
    )
    if data.inputs.card.simulated:
        yield "All subjects are simulated: nothing here says anything about patients."
    else:
        yield (
            "All cases come from one dataset, so nothing here says how images of other sites, "
            "scanners or populations look."
        )


def _about_test(data: AnyTrained) -> Iterator[str]:
    chosen = data.chosen_on_tuning
    also = f" that also chose {chosen}, so they lean towards the optimistic side" if chosen else ""
    if not data.has_test_part:
        yield (
            "There is no locked test part: every subject takes part in the cross-validation. All "
            f"results are internal, from tuning cases{also}."
        )
    elif TEST not in data.parts:
        yield f"The test part is locked: all results are internal, from tuning cases{also}."
    else:
        why = f": the tuning cases also chose {chosen}" if chosen else ""
        yield (
            f"Tuning results are internal{why}. Only the results of the test part are free of any "
            "choice."
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


def _about_sizes(data: AnyTrained) -> Iterator[str]:
    for part in data.parts:
        n = int(data.summary(data.primary.name, part).get("n_subjects", 0))
        if n < DOUBTFUL_SUBJECTS:
            yield (
                f"{sentence(part_title(part))}: {count(n, 'subject')}, "
                f"fewer than {DOUBTFUL_SUBJECTS}. Bootstrap intervals may be too narrow."
            )


def _about_training(data: AnyTrained) -> Iterator[str]:
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


def about_data(data: DescribedStudy) -> Iterator[str]:
    """Yield what limits the data, whatever is asked of them."""
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
    yield from map(shortcut_text, shortcuts(data.cases))


def _about_patients(data: DescribedStudy) -> Iterator[str]:
    missing = [name for name, keys in _FACTS.items() if not _known(data, keys)]
    if missing:
        listed = " and ".join(filter(None, (", ".join(missing[:-1]), missing[-1])))
        centre = (
            ", so whether the cases come from a single centre is unknown"
            if "centre" in missing
            else ""
        )
        yield f"Not among the records: {listed}{centre}. Subgroups by them can't be compared."
    if not names_patients(data.inputs.card):
        yield (
            "The dataset doesn't say which cases share a patient; every case counts as a subject "
            "of its own. If patients occur twice, parts are not fully independent."
            if isinstance(data, TrainedStudy)
            else "The dataset doesn't say which cases share a patient; every case counts as a "
            "subject of its own."
        )


def _known(data: DescribedStudy, keys: tuple[str, ...]) -> bool:
    return any(
        name.lower() in keys and text
        for case in data.cases
        for record in (case.covariates, case.acquisition)
        for name, text in record.items()
    )


def _imbalance(data: DescribedStudy) -> Iterator[str]:
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
    size = "area" if is_flat(data) else "volume"
    if ratio > _IMBALANCE:
        yield (
            f"Classes are unbalanced: {large} has {ratio:.0f} times the {size} of {small}."
            + (" Read each class, not only the mean." if isinstance(data, TrainedStudy) else "")
        )

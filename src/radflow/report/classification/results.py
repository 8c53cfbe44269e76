"""Tables of a classification's results: overall, differences, classes, operating points, folds."""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any

from radflow.report.classification.answers import ClassifiedModel, ClassifiedStudy
from radflow.report.draw import best_row
from radflow.report.headlines import number_cell
from radflow.report.inputs import TUNING
from radflow.report.names import part_title, sentence
from radflow.report.numbers import MINUS, count, interval, number, p_value
from radflow.report.tables import Cell, Table, table

_DISCRIMINATION = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "auc": "AUC",
    "kappa": "Kappa",
    "top_2": "Top-2",
    "top_3": "Top-3",
    "top_4": "Top-4",
    "top_5": "Top-5",
}
_CALIBRATION = {"nll": "NLL", "brier": "Brier score", "ece": "ECE"}
_OF_CLASSES = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
}
_NAMES = {**_DISCRIMINATION, **_CALIBRATION, **_OF_CLASSES}

Row = list[str | int | Cell]


def overall_table(data: ClassifiedStudy, part: str) -> Table:
    """Show how well each model tells the classes apart, with intervals."""
    primary = data.summary(data.primary.name, part)
    keys = [key for key in _DISCRIMINATION if key in primary["overall"]]
    rows = [
        [model, *(number_cell(overall.get(key, {})) for key in keys)]
        for model, overall in _overall(data, part)
    ]
    return table(
        f"{sentence(part_title(part))}: estimate ({_level(data)} interval) over "
        f"{count(primary['n_cases'], 'case')} of {count(primary['n_subjects'], 'subject')}",
        ("Model", *(_DISCRIMINATION[key] for key in keys)),
        rows,
        numeric=range(1, 1 + len(keys)),
        note="Higher is better. " + _controls(data),
    )


def calibration_table(data: ClassifiedStudy, part: str) -> Table:
    """Show how far each model's probabilities are from the truth, without and with temperature."""
    keys = [f"{key}{raw}" for key in _CALIBRATION for raw in ("_raw", "")]
    return table(
        f"Probabilities, {part_title(part)}: estimate ({_level(data)} interval)",
        ("Model", *(_calibration_title(key) for key in keys)),
        [
            [model, *(number_cell(overall.get(key, {})) for key in keys)]
            for model, overall in _overall(data, part)
        ],
        numeric=range(1, 1 + len(keys)),
        note="Lower is better. Raw: without the temperature that was fitted on tuning cases.",
    )


def differences_table(data: ClassifiedStudy, part: str, *, of_classes: bool) -> Table | None:
    """List paired differences between models; None where there are none.

    Parameters
    ----------
    data, part
        The study, and which cases.
    of_classes
        Whether those of single classes are listed, or those over all classes.
    """
    rows = [
        row
        for row in data.metrics["comparisons"]
        if row["part"] == part and bool(row["class"]) == of_classes
    ]
    if not rows:
        return None
    return table(
        f"Paired differences{' by class' if of_classes else ''}, {part_title(part)}",
        ("Models", "Metric", "Difference", "p", "p, Holm", "Test", "n"),
        [
            [
                f"{row['model']} {MINUS} {row['reference']}",
                " of ".join(filter(None, (_NAMES.get(row["metric"], row["metric"]), row["class"]))),
                _difference_cell(row),
                p_value(row["p"]),
                p_value(row["p_holm"]),
                str(row["test"]),
                int(row["n"]),
            ]
            for row in rows
        ],
        numeric=(2, 3, 4, 6),
        note=f"Difference with its {_level(data)} interval, over the same cases; p corrected by "
        "Holm's method over all comparisons of the part, those of single classes too.",
    )


def classes_table(data: ClassifiedStudy, part: str) -> Table:
    """Show every class against the others, at its operating point too."""
    return table(
        f"By class, {part_title(part)}: estimate ({_level(data)} interval)",
        ("Class", "Model", *_OF_CLASSES.values(), "Cases"),
        _class_rows(data, part),
        numeric=range(2, 3 + len(_OF_CLASSES)),
        note=" ".join(filter(None, (_prevalence(data), _not_estimable(data, part)))),
    )


def points_table(data: ClassifiedStudy, part: str) -> Table:
    """List the operating point of each class, and where it comes from."""
    rows: list[Row] = []
    for model in data.real_models:
        points: Mapping[str, Any] = data.summary(model.name, part).get("operating_points", {})
        for name in (each for each in data.target.classes if each in points):
            point = points[name]
            fitted = str(point["fitted_on"])
            rows.append(
                [
                    model.name,
                    name,
                    number(point["threshold"]),
                    str(point["rule"]),
                    f"{fitted} cases" if fitted == TUNING else fitted,
                ]
            )
    return table(
        "Operating points: the probability from which a class is called",
        ("Model", "Class", "Threshold", "Rule", "Chosen on"),
        rows,
        numeric=(2,),
        note="A threshold that was chosen on tuning cases makes the numbers of those cases "
        f"optimistic; on test cases it is applied as it is.{_to_a_mean(data)}",
    )


def _to_a_mean(data: ClassifiedStudy) -> str:
    folds = len(data.primary.folds)
    if folds < 2:
        return ""
    return (
        f" There it meets the mean of {folds} folds, which is less extreme than the answers of one "
        "fold that it was chosen on: a sensitivity or specificity that was asked for may be missed."
    )


def fold_table(data: ClassifiedStudy) -> Table:
    """List each trained fold of each model on its tuning cases, and its temperature."""
    return table(
        "Fold by fold, on the fold's tuning cases",
        ("Model", "Fold", "Cases", "Weights of step", "Accuracy", "Temperature", "NLL without it",
         "NLL with it"),
        [row for model in data.models for row in _fold_rows(model)],
        numeric=range(1, 8),
        note="The spread over folds is that of training and cases together; it is not an interval. "
        "A temperature above 1 makes a network less sure of what it sees. The likeliest class "
        "stays, but for classes in order, and where views or folds that disagree are averaged.",
    )  # fmt: skip


def _fold_rows(model: ClassifiedModel) -> Iterator[Row]:
    answers = model.scores.get(TUNING, ())
    for fold in model.folds:
        held_out = [answer for answer in answers if answer.part == f"fold-{fold.fold}"]
        if not held_out:
            continue
        best = best_row(fold)
        temperature = fold.record.get("temperature")
        tuned: Mapping[str, Any] = fold.record.get("training", {}).get("tuning") or {}
        yield [
            model.name,
            str(fold.fold),
            len(held_out),
            f"{best['step']:,.0f}" if best else "none",
            number(fmean(answer.right for answer in held_out)),
            number(temperature, 2) if tuned else "none",
            number(tuned["nll"]) if tuned else "",
            number(tuned["calibrated"]) if tuned else "",
        ]


def headline(data: ClassifiedStudy, metric: str) -> str:
    """Write a number of the primary model in the headline part, with its interval."""
    found = data.summary(data.primary.name, data.headline_part)["overall"].get(metric, {})
    bounds = interval(found.get("low"), found.get("high"))
    return f"{number(found.get('estimate'))} {bounds}".strip()


def _overall(data: ClassifiedStudy, part: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for model in data.models:
        if part in model.scores:
            name = f"{model.name} (control)" if model.is_control else model.name
            yield name, data.summary(model.name, part).get("overall", {})


def _class_rows(data: ClassifiedStudy, part: str) -> Iterator[Row]:
    for name in data.target.classes:
        title = name
        for model in (each for each in data.models if part in each.scores):
            found = data.summary(model.name, part).get("classes", {}).get(name, {})
            cells = [number_cell(found.get(key, {})) for key in _OF_CLASSES]
            yield [title, model.name, *cells, int(found.get("n", 0))]
            title = ""


def _difference_cell(row: Mapping[str, Any]) -> Cell:
    if row["difference"] is None:
        return Cell(number(None))
    sign = "+" if row["difference"] > 0 else ""
    bounds = interval(row["low"], row["high"])
    return Cell(sign + number(row["difference"]), (bounds,) if bounds else ())


def _calibration_title(key: str) -> str:
    name = _CALIBRATION[key.removesuffix("_raw")]
    return f"{name}, raw" if key.endswith("_raw") else name


def _controls(data: ClassifiedStudy) -> str:
    names = [model.name for model in data.controls]
    return f"Control, trained on shuffled labels: {', '.join(names)}." if names else ""


def _prevalence(data: ClassifiedStudy) -> str:
    said = str(data.metrics["methods"].get("prevalence", ""))
    return f"{said}." if said else ""


def _not_estimable(data: ClassifiedStudy, part: str) -> str:
    """Say why numbers of classes are missing, each reason once."""
    reasons = dict.fromkeys(
        str(record.get("reason", ""))
        for model in data.models
        for found in data.summary(model.name, part).get("classes", {}).values()
        for key, record in found.items()
        if key in _OF_CLASSES and record.get("estimate") is None
    )
    return f"Not estimable: {'; '.join(filter(None, reasons))}." if any(reasons) else ""


def _level(data: ClassifiedStudy) -> str:
    return f"{data.metrics['confidence']:.0%}"

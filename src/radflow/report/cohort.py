"""Who is in which part: counts, and the characteristics that the records hold."""

from collections.abc import Callable, Sequence
from math import prod, sqrt

import numpy as np
import numpy.typing as npt

from radflow.datasets.cases import Case
from radflow.report.flow import use_of
from radflow.report.inputs import TEST
from radflow.report.load import StudyData
from radflow.report.numbers import DASH, number, times
from radflow.report.tables import Table, table
from radflow.splits import part_names

Floats = npt.NDArray[np.float64]

_UNKNOWN = "Age, sex, site, scanner and diagnosis are not among the records of this dataset."
_SIMULATED = (
    "Subjects are simulated; the age, sex, scanner and diagnosis they were given stand in "
    "participants.tsv of the archives."
)
_AXES = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}
_AXIS_NAMES = ("left-right", "posterior-anterior", "inferior-superior")


def counts_table(data: StudyData) -> Table:
    """Subjects and cases of each part, and what the part is used for."""
    record = data.split_record
    return table(
        "Parts of the split",
        ("Part", "Subjects", "Cases", "Used for"),
        [
            (name, record["subjects"].get(name, 0), record["cases"].get(name, 0), _use(data, name))
            for name in part_names(int(record["folds"]))
        ],
        numeric=(1, 2),
    )


def cohort_table(data: StudyData) -> Table:
    """Characteristics of the development and the test part, with standardised differences."""
    of = data.parts_of_cases
    groups = [
        [case for case in data.cases if of[case.case] != TEST],
        [case for case in data.cases if of[case.case] == TEST],
    ]
    measures: list[tuple[str, Callable[[Case], float]]] = [
        (f"{name} volume (ml)", lambda case, label=label: label_ml(case, label))
        for label, name in sorted(data.inputs.card.classes.items())
        if label > 0
    ]
    measures += [
        (f"image size {name} (voxels)", lambda case, axis=axis: _ras(case.shape, case)[axis])
        for axis, name in enumerate(_AXIS_NAMES)
    ]
    rows = [
        ("subjects", *(str(len({case.subject for case in group})) for group in groups), ""),
        ("cases", *(str(len(group)) for group in groups), ""),
        *((title, *_measured(groups, measure)) for title, measure in measures),
        (
            "voxel size (mm)",
            *(_values(group, lambda c: times(c.spacing_mm)) for group in groups),
            "",
        ),
        ("file orientation", *(_values(group, lambda c: c.orientation) for group in groups), ""),
    ]
    return table(
        "Characteristics of the parts: mean (SD), range",
        ("", "Development", "Test", "Standardised difference"),
        rows,
        numeric=(1, 2, 3),
        note=(
            "Standardised difference: difference of means over the pooled SD (test minus "
            f"development). {_SIMULATED if data.inputs.card.simulated else _UNKNOWN}"
        ),
    )


def label_ml(case: Case, label: int) -> float:
    """Volume of a class of the reference standard, ml."""
    return case.label_voxels.get(label, 0) * prod(case.spacing_mm) / 1000


def _measured(
    groups: Sequence[Sequence[Case]], measure: Callable[[Case], float]
) -> tuple[str, str, str]:
    values = [np.array([measure(case) for case in group]) for group in groups]
    development, test = (_spread(each) for each in values)
    if min(map(len, values)) < 2:
        return development, test, ""
    pooled = sqrt(sum(float(each.var(ddof=1)) for each in values) / 2)
    difference = float(values[1].mean() - values[0].mean())
    return development, test, number(difference / pooled, 2) if pooled > 0 else number(0.0, 2)


def _spread(values: Floats) -> str:
    if not len(values):
        return "none"
    low, high = float(values.min()), float(values.max())
    whole = not (values % 1).any()
    if low == high:
        return number(low, 0 if whole else 2)
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    digits = 1 if whole else 2
    ends = f"{number(low, 0 if whole else 2)}{DASH}{number(high, 0 if whole else 2)}"
    return f"{number(mean, digits)} ({number(spread, digits)}), {ends}"


def _values(group: Sequence[Case], of: Callable[[Case], str]) -> str:
    found = sorted({of(case) for case in group})
    return found[0] if len(found) == 1 else f"{len(found)} different" if found else "none"


def _ras(values: Sequence[float], case: Case) -> list[float]:
    """Put values along file axes into RAS order."""
    ordered = [0.0, 0.0, 0.0]
    for value, letter in zip(values, case.orientation, strict=True):
        ordered[_AXES[letter]] = float(value)
    return ordered


def _use(data: StudyData, name: str) -> str:
    if name == TEST:
        return "final evaluation" if TEST in data.parts else "nothing yet: locked"
    fold = int(name.removeprefix("fold-"))
    use = use_of(data, fold)
    if use == "training and tuning":
        return f"tuning of the model of fold {fold}; training of the other models"
    return f"tuning of the model of fold {fold}" if use == "tuning" else use

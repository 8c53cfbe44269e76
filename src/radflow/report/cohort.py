"""Who was examined: subjects, what is known of them, and what the reference standard holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod

from radflow.datasets.cases import Case
from radflow.parts import fold_number, part_names
from radflow.report.flow import use_of
from radflow.report.grid import is_flat, knows_pixels
from radflow.report.groups import Group, counted, few, groups_of, measured, numbers_in
from radflow.report.inputs import TEST
from radflow.report.load import AnyTrained, DescribedStudy
from radflow.report.tables import Table, table

NOT_STATED = "not stated"
DIFFERENCE = (
    "Standardised difference: difference of means over the pooled SD (test minus development)."
)

_SIMULATED = (
    "Subjects are simulated; the age, sex, scanner and diagnosis they were given stand in "
    "participants.tsv of the archives."
)
_UNKNOWN = "Age, sex and diagnosis are not among the records of this dataset."

Row = Sequence[str]


def counts_table(data: AnyTrained) -> Table:
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


def cohort_table(data: DescribedStudy) -> Table:
    """Subjects, covariates, classes, lesions and label volumes, by part where there are parts."""
    named = groups_of(data)
    groups = list(named.values())
    rows = [*_sizes(groups), *_covariates(data, groups), *_targets(data, groups)]
    rows += [*_lesions(groups), *_labels(data, groups)]
    return grouped_table(
        "Subjects and reference standard: mean (SD), range", named, rows, note=_note(data)
    )


def grouped_table(
    caption: str, named: Mapping[str, Group], rows: Sequence[Row], *, note: str
) -> Table:
    """Draw rows with a column for each group and, of two groups, one for their difference."""
    head = ("", *named, *(["Standardised difference"] if len(named) == 2 else []))
    filled = [(*row, *[""] * (len(head) - len(row))) for row in rows]
    explained = f"{DIFFERENCE} {note}".strip() if len(named) == 2 else note
    return table(
        caption, head, filled, numeric=range(1, len(head)) if len(named) > 1 else (), note=explained
    )


def label_ml(case: Case, label: int) -> float:
    """Volume of a class of the reference standard, ml."""
    return case.label_voxels.get(label, 0) * prod(case.spacing_mm) / 1000


def _note(data: DescribedStudy) -> str:
    if data.inputs.card.simulated:
        return _SIMULATED
    return "" if any(case.covariates or case.target for case in data.cases) else _UNKNOWN


def _sizes(groups: Sequence[Group]) -> Iterator[Row]:
    yield "subjects", *(f"{len({case.subject for case in group}):,}" for group in groups)
    yield "cases", *(f"{len(group):,}" for group in groups)
    if any(case.session for group in groups for case in group):
        most = (_most_sessions(group) for group in groups)
        yield "time points of a subject, at most", *map(str, most)


def _most_sessions(group: Group) -> int:
    sessions: dict[str, set[str]] = {}
    for case in group:
        sessions.setdefault(case.subject, set()).add(case.session)
    return max(map(len, sessions.values()), default=0)


def _covariates(data: DescribedStudy, groups: Sequence[Group]) -> Iterator[Row]:
    names = dict.fromkeys(name for case in data.cases for name in case.covariates)
    for name in names:

        def text(case: Case, name: str = name) -> str:
            return case.covariates.get(name, "")

        numbers = numbers_in([found for case in data.cases if (found := text(case))])
        if numbers is None or _codes(numbers):
            yield name, *(counted(group, text, unstated=NOT_STATED) for group in groups)
            continue

        def value(case: Case, name: str = name) -> float:
            return float(case.covariates.get(name) or "nan")

        yield name, *measured(groups, value)


def _codes(numbers: Sequence[float]) -> bool:
    """Tell whether numbers name kinds (a fold, a site, a grade): few whole ones, no quantity."""
    return len(set(numbers)) > 1 and few(numbers) and all(each.is_integer() for each in numbers)


def _targets(data: DescribedStudy, groups: Sequence[Group]) -> Iterator[Row]:
    for name in data.inputs.card.targets:
        yield f"class {name}", *(_share(group, lambda c, n=name: c.target == n) for group in groups)
    if data.inputs.card.targets and any(not case.target for case in data.cases):
        yield "class not stated", *(_share(group, lambda case: not case.target) for group in groups)


def _lesions(groups: Sequence[Group]) -> Iterator[Row]:
    names = {lesion.name for group in groups for case in group for lesion in case.lesions}
    if not names:
        return
    yield "cases with marked lesions", *(_share(g, lambda c: bool(c.lesions)) for g in groups)
    yield "lesions of a case", *measured(groups, lambda case: float(len(case.lesions)))
    for name in sorted(names):
        title = f"lesions, {name}" if name else "lesions"
        totals = (
            sum(lesion.name == name for case in group for lesion in case.lesions)
            for group in groups
        )
        yield title, *(f"{total:,}" for total in totals)


def _labels(data: DescribedStudy, groups: Sequence[Group]) -> Iterator[Row]:
    labelled = [[case for case in group if case.label is not None] for group in groups]
    if not any(labelled):
        return
    if any(case.label is None for group in groups for case in group):
        yield "cases with a label map", *(_share(g, lambda c: c.label is not None) for g in groups)
    for label, name in sorted(data.inputs.card.classes.items()):
        if label > 0:
            title, size = _label_size(data, label)
            yield f"{name} {title}", *measured(labelled, size)


def _label_size(data: DescribedStudy, label: int) -> tuple[str, Callable[[Case], float]]:
    """Name what a label is measured in: volumes of images, areas of pictures."""
    if not is_flat(data):
        return "volume (ml)", lambda case: label_ml(case, label)
    if not knows_pixels(data):
        return "area (pixels)", lambda case: float(case.label_voxels.get(label, 0))
    return (
        "area (cm\N{SUPERSCRIPT TWO})",
        lambda case: case.label_voxels.get(label, 0) * prod(case.spacing_mm[:2]) / 100,
    )


def _share(group: Group, holds: Callable[[Case], bool]) -> str:
    n = sum(map(holds, group))
    return f"{n:,} ({n / len(group):.0%})" if group else "none"


def _use(data: AnyTrained, name: str) -> str:
    if name == TEST:
        if not data.has_test_part:
            return "nothing: no subject was set aside"
        return "final evaluation" if TEST in data.parts else "nothing yet: locked"
    fold = fold_number(name)
    use = use_of(data, fold)
    if use == "training and tuning":
        return f"tuning of the model of fold {fold}; training of the other models"
    return f"tuning of the model of fold {fold}" if use == "tuning" else use

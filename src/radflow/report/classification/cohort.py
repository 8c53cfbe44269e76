"""How many cases of each class every part has."""

from collections.abc import Sequence

from radflow.datasets.cases import Case
from radflow.parts import part_names
from radflow.report.classification.answers import ClassifiedStudy
from radflow.report.numbers import count
from radflow.report.tables import Table, table


def class_counts(data: ClassifiedStudy) -> Table:
    """Count the cases of each class by part, with their share of it."""
    parts = part_names(int(data.split_record["folds"]))
    of_part: dict[str, list[Case]] = {part: [] for part in parts}
    for case in data.used_cases:
        of_part[data.parts_of_cases[case.case]].append(case)
    if not data.has_test_part:
        del of_part[parts[-1]]
    classes = data.target.classes
    rows = [(part, *_counted(data, cases), len(cases)) for part, cases in of_part.items()]
    everything = [case for cases in of_part.values() for case in cases]
    rows.append(("all", *_counted(data, everything), len(everything)))
    unused = len(data.cases) - len(data.used_cases)
    return table(
        "Cases of each class in each part",
        ("Part", *classes, "Cases"),
        rows,
        numeric=range(1, 2 + len(classes)),
        note=f"{count(unused, 'accepted case')} with no class of the study "
        f"{'is' if unused == 1 else 'are'} left out."
        if unused
        else "",
    )


def sizes_of_classes(data: ClassifiedStudy) -> dict[str, int]:
    """Count the cases of each class."""
    named = [data.target.names_of(case) or () for case in data.used_cases]
    return {name: sum(name in names for names in named) for name in data.target.classes}


def _counted(data: ClassifiedStudy, cases: Sequence[Case]) -> tuple[str, ...]:
    named = [data.target.names_of(case) or () for case in cases]
    totals = (sum(name in names for names in named) for name in data.target.classes)
    return tuple(f"{n:,} ({n / len(cases):.0%})" if cases else "0" for n in totals)

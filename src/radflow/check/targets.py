"""Whether every part of a split has enough cases of each class that a study asks for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from radflow.config.study import Study
from radflow.datasets.cases import Case
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.errors import IntakeError
from radflow.parts import TEST, fold_name, part_names
from radflow.splits import Split
from radflow.targets import Target

_FEW = 5
_FAULT = 63
_REMEDY = "Add cases, lower split.folds, or choose another split.key before anything is trained"


def check_targets(study: Study, cases: Sequence[Case], split: Split) -> Iterator[Finding]:
    """Count the cases of each class in each part.

    Parameters
    ----------
    study
        Any study; only a classification has classes.
    cases
        Accepted cases of its dataset.
    split
        Their parts.

    Yields
    ------
    Finding
        STOP: cases without a class of the study where that is refused, a class that no case has,
        or that a trained fold could not learn since its own part has all of it. NOTE: a part that
        lacks a class or has fewer than 5 cases of it.
    """
    if study.target is None:
        return
    target = Target(study.target)
    try:
        selected = target.select(cases)
    except IntakeError as error:
        problem = Problem(Level.STOP, str(error), "Correct `target` in the study, or the table")
        yield found("target", _FAULT, "cases without a class", problem, case="study")
        return
    counts = _counts(target, selected, split)
    for name in target.classes:
        yield from _class(name, counts[name], study, split)


def _counts(target: Target, cases: Sequence[Case], split: Split) -> dict[str, Counter[str]]:
    """Count, for each class, the cases that have it in each part."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in target.classes}
    for case in cases:
        for name in set(target.names_of(case) or ()):
            counts[name][split.part_of(case.subject)] += 1
    return counts


def _class(name: str, of_part: Mapping[str, int], study: Study, split: Split) -> Iterator[Finding]:
    number = sum(of_part.values())
    if number == 0:
        problem = Problem(
            Level.STOP, f"no case has the class {name!r}", "Correct `target.classes` or the table"
        )
        yield found("class", _FAULT, "a class without cases", problem, case="study")
        return
    development = number - of_part.get(TEST, 0)
    for fold in study.fold_numbers:
        if of_part.get(fold_name(fold), 0) == development:
            message = f"fold {fold} would train without the class {name!r}: no other fold has it"
            problem = Problem(Level.STOP, message, _REMEDY)
            yield found("class", _FAULT, "a class that can't be learnt", problem, case="study")
    parts = [part for part in part_names(split.folds) if part in set(split.parts.values())]
    absent = [part for part in parts if not of_part.get(part)]
    few = [f"{part} ({of_part[part]})" for part in parts if 0 < of_part.get(part, 0) < _FEW]
    told = {
        f"no case of the class {name!r} is in": absent,
        f"fewer than {_FEW} cases of the class {name!r} are in": few,
    }
    for what, where in told.items():
        if where:
            message = f"{what} {', '.join(where)}: scores there are not estimable, or unsure"
            problem = Problem(Level.NOTE, message, _REMEDY)
            yield found("class", _FAULT, "few cases of a class", problem, case="study")

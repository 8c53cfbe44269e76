"""The parts of a split: their names, and which one a subject falls into."""

import hashlib
import hmac
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence

from radflow.config.split import SplitRules
from radflow.datasets.cases import Case
from radflow.errors import LeakError
from radflow.leaks import unit_of

TEST = "test"
_FOLD = "fold-"
_MOST_NAMED = 5


def fold_name(fold: int) -> str:
    """Name the part of fold `fold`, counted from 0."""
    return f"{_FOLD}{fold}"


def fold_number(part: str) -> int:
    """Tell the fold of a part that is no test part, counted from 0.

    Raises
    ------
    LeakError
        If the part is not named as `fold_name` names it.
    """
    number = part.removeprefix(_FOLD)
    if part != f"{_FOLD}{number}" or not number.isdecimal():
        message = f"{part!r} is no part of a split: parts are {TEST!r} and '{_FOLD}K'"
        raise LeakError(message)
    return int(number)


def part_names(folds: int) -> tuple[str, ...]:
    """Name all parts of a split: the folds, then the test part."""
    return (*map(fold_name, range(folds)), TEST)


def assign(subject: str, rules: SplitRules) -> str:
    """Decide the part of one subject: ``"test"`` or ``"fold-K"``.

    Two independent uniform numbers in [0, 1) come from HMAC-SHA256 under the study's key; the first
    below `test_share` means test, the second chooses the fold. Ids that differ only in how Unicode
    composes a letter are one subject, as file systems disagree about it.
    """
    if _uniform(rules.key, "test", subject) < rules.test_share:
        return TEST
    return fold_name(int(_uniform(rules.key, "fold", subject) * rules.folds))


def hashed_parts(cases: Sequence[Case], rules: SplitRules) -> dict[str, str]:
    """Give each subject the part that the hash of its unit (`unit_of`) decides; sorted."""
    units = {case.subject: unit_of(case) for case in cases}
    return {subject: assign(units[subject], rules) for subject in sorted(units)}


def fixed_parts(cases: Sequence[Case], rules: SplitRules) -> dict[str, str]:
    """Give each subject the part that a column of the table of cases fixes; sorted.

    Its values in order (numbers by size) are the folds; those of `test_values` are the test part.

    Raises
    ------
    LeakError
        When a case has no value, a subject (or the patient whom the card names) has several, a test
        value does not occur, or there are not as many other values as folds.
    """
    column = str(rules.column)
    units = {case.subject: unit_of(case) for case in cases}
    values: defaultdict[str, set[str]] = defaultdict(set)
    for case in cases:
        values[unit_of(case)].add(case.covariates.get(column, ""))
    wrong = {name: sorted(found) for name, found in values.items() if len(found) > 1 or "" in found}
    if wrong:
        shown = ", ".join(f"{name}: {found}" for name, found in sorted(wrong.items())[:_MOST_NAMED])
        message = (
            f"{len(wrong)} subjects don't have exactly one value in {column!r}, which fixes the "
            f"parts ({shown}): mend the table, and name the column under `covariates` of the card"
        )
        raise LeakError(message)
    of_unit = {name: found.pop() for name, found in values.items()}
    part_of = _parts_of_values(set(of_unit.values()), rules)
    return {subject: part_of[of_unit[units[subject]]] for subject in sorted(units)}


def _parts_of_values(values: set[str], rules: SplitRules) -> Mapping[str, str]:
    missing = sorted(set(rules.test_values) - values)
    folds = sorted(values - set(rules.test_values), key=_by_size)
    if missing or len(folds) != rules.folds:
        message = (
            f"split.column {rules.column!r} has the values {sorted(values, key=_by_size)}; "
            f"split.folds is {rules.folds} and split.test_values are {list(rules.test_values)}: "
            "each value must be one fold or belong to the test part"
        )
        raise LeakError(message)
    named = {value: fold_name(fold) for fold, value in enumerate(folds)}
    return named | dict.fromkeys(rules.test_values, TEST)


def _by_size(value: str) -> tuple[bool, int, str]:
    return (not value.isdecimal(), int(value) if value.isdecimal() else 0, value)


def _uniform(key: str, purpose: str, subject: str) -> float:
    """Give a number in [0, 1): 53 bits, all that a float can hold."""
    text = f"radflow split 1\0{purpose}\0{unicodedata.normalize('NFC', subject)}"
    digest = hmac.digest(key.encode(), text.encode(), hashlib.sha256)
    return (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53)

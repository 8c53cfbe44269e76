"""How the subjects of new data are divided: by a hash that empties no part, or by their folds."""

from collections.abc import Mapping, Sequence

from radflow.config.split import SplitRules
from radflow.new.found import Entry, Found
from radflow.parts import TEST, assign, part_names

LEAST_SUBJECTS = 10
"""Below it, no part of a split is large enough to say anything of a model."""

_PARTS = ((60, 5, 0.15), (25, 4, 0.2), (LEAST_SUBJECTS, 3, 0.25))
"""Subjects from which on there are so many folds, and such a share of the test part."""
_LEAST_OF_A_PART = 2
_MOST_KEYS = 1000


def split_for(
    name: str, subjects: Sequence[str], classes_of: Mapping[str, frozenset[str]] | None = None
) -> SplitRules:
    """Choose folds and test share by the number of subjects, and a key that empties no part.

    A hash of key and subject decides, so a part of a small cohort may come out empty; then a number
    is put behind the key. No image is looked at for it.

    Parameters
    ----------
    name
        The key, where it serves.
    subjects
        Ids.
    classes_of
        Subject to the classes of its cases: each part is to have each of them, where any key does
        that.
    """
    folds, share = next(
        ((folds, share) for least, folds, share in _PARTS if len(subjects) >= least), _PARTS[-1][1:]
    )
    first: SplitRules | None = None
    for number in range(1, _MOST_KEYS + 1):
        key = name if number == 1 else f"{name}-{number}"
        rules = SplitRules(key=key, test_share=share, folds=folds)
        parts = {subject: assign(subject, rules) for subject in subjects}
        if not _enough(parts, folds):
            continue
        if _every_class(parts, classes_of or {}, folds):
            return rules
        first = first or rules
    return first or SplitRules(key=name, test_share=share, folds=folds)


def split_entries(name: str, found: Found, *, classes: bool = False) -> list[Entry]:
    """Write the section `split` and what becomes of the subjects; `classes`: each in each part."""
    if found.folds:
        return _fixed(name, found)
    rules = split_for(name, found.subjects, found.classes_of if classes else None)
    test = [assign(subject, rules) for subject in found.subjects].count(TEST)
    locked = f"locked away for the test: {test} of {len(found.subjects)} subjects"
    return [
        Entry("key", rules.key, "keys the hash of subject ids that divides them"),
        Entry("test_share", rules.test_share, locked),
        Entry("folds", rules.folds, "parts of the others, for cross-validation"),
    ]


def _fixed(name: str, found: Found) -> list[Entry]:
    ((column, values),) = found.folds.items()
    what = "the column whose values are the folds; test_values: [...] locks some of them away"
    return [
        Entry("key", name),
        Entry("column", column, what),
        Entry("folds", len(values), f"as many as there are values: {', '.join(values)}"),
    ]


def _enough(parts: Mapping[str, str], folds: int) -> bool:
    least = min(_LEAST_OF_A_PART, len(parts) // (folds + 1))
    placed = list(parts.values())
    return all(placed.count(part) >= least for part in part_names(folds))


def _every_class(
    parts: Mapping[str, str], classes_of: Mapping[str, frozenset[str]], folds: int
) -> bool:
    names = frozenset[str]().union(*classes_of.values())
    there = {(parts[subject], name) for subject in classes_of for name in classes_of[subject]}
    return len(there) == len(names) * (folds + 1)

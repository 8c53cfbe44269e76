"""What a look at data found: all that a dataset card needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from radflow.config.dataset import Modality


class Entry(NamedTuple):
    """A key of a configuration file, its value, and a comment that stands above it."""

    key: str | int
    value: Any
    comment: str = ""


@dataclass(frozen=True)
class Found:
    """A dataset as one layout understands it.

    Attributes
    ----------
    layout
        Name of the layout.
    cases
        How many cases there seem to be.
    subjects
        Ids of the subjects, sorted.
    channels
        Names, in order; each once.
    modality, sure
        As the card has it, and whether the data told it.
    labelled
        Cases with a label map.
    classes
        Label value to name, from 0; empty without label maps.
    targets
        Classes of a case as a whole.
    classes_of
        Subject to the classes of its cases; empty without `targets`.
    flat
        Whether the images are pictures of two dimensions.
    folds
        Column whose values are fixed parts, to its values; empty: there is none.
    rules
        The card's section of the layout.
    intake
        Repairs that the card should declare, each with its reason.
    remarks
        What the user should know, look at or mend.
    identity
        What the files may give away of the patients, with the declaration the user would have to
        make; empty where nothing was seen.
    about
        What the data say of themselves: `title`, `description`, `licence`,
        `attribution`, `citation`, where they do.
    """

    layout: str
    cases: int
    subjects: tuple[str, ...]
    channels: tuple[str, ...]
    modality: Modality
    sure: bool = True
    labelled: int = 0
    classes: Mapping[int, str] = field(default_factory=dict[int, str])
    targets: tuple[str, ...] = ()
    classes_of: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    flat: bool = False
    folds: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    rules: tuple[Entry, ...] = ()
    intake: tuple[Entry, ...] = ()
    remarks: tuple[str, ...] = ()
    identity: str = ""
    about: Mapping[str, str] = field(default_factory=dict[str, str])


def classes_by_subject(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Gather the classes of each subject's cases from pairs of subject and class; sorted."""
    gathered: dict[str, set[str]] = {}
    for subject, name in pairs:
        gathered.setdefault(subject, set()).add(name)
    return {subject: frozenset(gathered[subject]) for subject in sorted(gathered)}


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Make names usable and different: empty ones get a word, repeated ones a number."""
    given: list[str] = []
    for name in names:
        plain = " ".join(name.split()) or "unnamed"
        number, unique = 2, plain
        while unique in given:
            number, unique = number + 1, f"{plain}-{number}"
        given.append(unique)
    return tuple(given)

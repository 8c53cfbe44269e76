"""Which sections a report has, by the kind of study; each is a file of ``templates/sections``."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from radflow.report.claim_items import ClaimItem
from radflow.report.load import AnyTrained, DescribedStudy

Study = TypeVar("Study", bound=DescribedStudy)

SECTIONS = (
    ("card", "Summary"),
    ("use", "Intended use"),
    ("data", "Data"),
    ("quality", "Quality control"),
    ("reference", "Reference standard"),
    ("acquisition", "Acquisition and cohort"),
    ("partitions", "Partitions and leakage"),
    ("plan", "Plan"),
    ("model", "Model"),
    ("training", "Training"),
    ("metrics", "What is measured"),
    ("results", "Results"),
    ("cases", "Best, median and worst cases"),
    ("limitations", "Limitations"),
    ("reproduce", "Reproduce"),
    ("statements", "Statements"),
    ("claim", "CLAIM checklist"),
)
"""Anchor and title of each section of a study with models, in order."""

_OF_TRAINING = ("partitions", "plan", "model", "training", "metrics", "results", "cases")
DESCRIBED_SECTIONS = tuple(section for section in SECTIONS if section[0] not in _OF_TRAINING)
"""Those of a study that describes its data: nothing is divided and no model trained."""

_OF_FAMILIES = ("training", "metrics", "results", "cases")


@dataclass(frozen=True)
class OptionalSection:
    """A section that a report has only where there is something to show.

    Attributes
    ----------
    anchor
        Also the name of its template, ``templates/sections/ANCHOR.html.j2``, and the name under
        which the template finds `context`.
    title, after
        Its title; the anchor of the section before it.
    context
        Gives what the template shows; None where the study has nothing of it.
    claim
        Items of CLAIM that the section answers, where it is shown.
    """

    anchor: str
    title: str
    after: str
    context: Callable[[AnyTrained], Mapping[str, Any] | None]
    claim: tuple[ClaimItem, ...] = ()


@dataclass(frozen=True)
class Kind(Generic[Study]):
    """What the report of a family of tasks has of its own.

    Attributes
    ----------
    folder
        Folder of the templates of its own sections; empty where it has none.
    sections
        Anchor and title, in order.
    card
        Gives the lines of the card: label, text.
    context
        Gives what the templates name beside what every report has.
    limitations
        Gives its limits, each a sentence.
    claim
        Items of CLAIM that read otherwise, by number.
    optional
        Further sections, each shown where its context is not None.
    """

    folder: str
    sections: tuple[tuple[str, str], ...]
    card: Callable[[Study], Iterable[tuple[str, str]]]
    context: Callable[[Study], Mapping[str, Any]]
    limitations: Callable[[Study], Iterable[str]]
    claim: Mapping[int, ClaimItem] = field(default_factory=dict[int, ClaimItem])
    optional: tuple[OptionalSection, ...] = ()

    def template_of(self, anchor: str) -> str:
        """Name the template of a section."""
        folder = f"{self.folder}/" if self.folder and anchor in _OF_FAMILIES else ""
        return f"sections/{folder}{anchor}.html.j2"


def with_optional(
    sections: Iterable[tuple[str, str]], optional: Iterable[OptionalSection]
) -> tuple[tuple[str, str], ...]:
    """Put optional sections, each after the one that it names, in their order."""
    listed = list(sections)
    follows: dict[str, str] = {}
    for section in optional:
        before = follows.get(section.after, section.after)
        place = [anchor for anchor, _ in listed].index(before) + 1
        listed.insert(place, (section.anchor, section.title))
        follows[section.after] = section.anchor
    return tuple(listed)

"""The cases that a fold's model may be fitted to, as a type that nothing else passes for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from radflow.datasets.cases import Case
from radflow.errors import LeakError

_MOST_NAMED = 3


@dataclass(frozen=True)
class TrainingCases:
    """Training cases of one fold, as `Split.training_cases` selects them.

    Whatever is fitted (intensities, mean shapes, weights of classes) asks for this type. It can't
    be made of other cases: each comes with its part, and those of the fold itself or of the test
    part are refused.

    Attributes
    ----------
    cases
        The cases, in the order of the table.
    parts
        Part of each: ``fold-K``.
    fold
        The fold whose model is fitted; its own cases tune the model.
    """

    cases: tuple[Case, ...]
    parts: tuple[str, ...]
    fold: int

    def __post_init__(self) -> None:
        """Refuse cases of the fold itself and of the test part.

        Raises
        ------
        LeakError
            Naming the first of them and their parts.
        """
        allowed = {part for part in self.parts if part.startswith("fold-")} - {f"fold-{self.fold}"}
        strangers = [
            f"{case.case} ({part})"
            for case, part in zip(self.cases, self.parts, strict=True)
            if part not in allowed
        ]
        if strangers:
            message = (
                f"{len(strangers)} of {len(self.cases)} cases are no training cases of fold "
                f"{self.fold}: {_some(strangers)}. Fit on `Split.training_cases` of the fold alone"
            )
            raise LeakError(message)

    def __len__(self) -> int:
        """Count the cases."""
        return len(self.cases)

    def __iter__(self) -> Iterator[Case]:
        """Go through the cases, in the order of the table."""
        return iter(self.cases)

    @classmethod
    def require(cls, given: Any, *, what: str) -> "TrainingCases":
        """Return what was given if it is a fold's training cases.

        Raises
        ------
        LeakError
            When it is anything else, naming what would be fitted and the first cases.
        """
        if isinstance(given, cls):
            return given
        names = [str(getattr(case, "case", case)) for case in given]
        message = (
            f"{what} may be fitted on the training cases of a fold alone, and was given "
            f"{len(names)} cases that no fold selected ({_some(names)}): pass "
            "`Split.training_cases` of the fold"
        )
        raise LeakError(message)


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

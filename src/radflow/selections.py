"""The cases that a fold's model may be fitted to, as a type that nothing else passes for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from radflow.datasets.cases import Case
from radflow.errors import LeakError, TrainingError
from radflow.randomness import keyed_seed

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

    def subset(self, size: int, codes: Mapping[str, int], *, seed: int) -> "TrainingCases":
        """Choose some of the cases, for a learning curve.

        A seed puts the cases of each class in an order of its own and mixes the classes evenly;
        the first `size` are chosen. So a larger subset of the same seed holds the smaller one, and
        each class has its share, but for the rounding of less than one case.

        Parameters
        ----------
        size
            How many.
        codes
            Case to the code of its classes.
        seed
            Keys the orders.

        Raises
        ------
        TrainingError
            When there are fewer cases.
        """
        if not 0 < size <= len(self.cases):
            message = (
                f"a subset of {size} cases can't be chosen from the {len(self.cases)} training "
                f"cases of fold {self.fold}: lower curve.sizes"
            )
            raise TrainingError(message)
        of_code: dict[int, list[int]] = {}
        for place, case in enumerate(self.cases):
            of_code.setdefault(codes[case.case], []).append(place)
        turns: dict[int, float] = {}
        for places in of_code.values():
            places.sort(key=lambda place: keyed_seed(seed, "subset", self.cases[place].case))
            turns |= {place: (n + 0.5) / len(places) for n, place in enumerate(places)}
        chosen = sorted(sorted(turns, key=lambda place: (turns[place], place))[:size])
        return TrainingCases(
            tuple(self.cases[place] for place in chosen),
            tuple(self.parts[place] for place in chosen),
            self.fold,
        )

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

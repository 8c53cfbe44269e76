"""What is predicted of a case: its classes, as numbers, and back.

A case's classes are held as one whole number, its code: of a class among several, its place; of an
ordinal class, its level; of several classes at once (multi-label), a bit for each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radflow.config.classification import CASE_CLASS, TargetRules
from radflow.datasets.cases import Case
from radflow.errors import IntakeError

CALLED_BEYOND = 0.5
"""Of several classes at once those are answered whose probability is greater."""

_MOST_NAMED = 5


@dataclass(frozen=True)
class Target:
    """Classes of a study, and how a case's are read from the table of cases."""

    rules: TargetRules

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in order."""
        return self.rules.classes

    @property
    def several(self) -> bool:
        """Whether a case may have several classes at once, or none."""
        return self.rules.kind == "multi-label"

    def names_of(self, case: Case) -> tuple[str, ...] | None:
        """Give the classes of a case; None where its value is no class of the study, or missing.

        Of several classes at once, an empty value means none of them.
        """
        column = self.rules.column
        value = case.target if column == CASE_CLASS else case.covariates.get(column, "")
        if self.several:
            names = tuple(part.strip() for part in value.split(self.rules.separator))
            names = tuple(name for name in names if name)
        else:
            names = (value,)
        return names if set(names) <= set(self.classes) else None

    def code_of(self, case: Case) -> int:
        """Give the code of a case's classes.

        Raises
        ------
        IntakeError
            When the case has no class of the study.
        """
        names = self.names_of(case)
        if names is None:
            raise IntakeError(_refusal([case], self.rules))
        places = [self.classes.index(name) for name in names]
        return sum(1 << place for place in set(places)) if self.several else places[0]

    def multi_hot(self, codes: Sequence[int]) -> npt.NDArray[np.int64]:
        """Write codes ``(n,)`` as 0 and 1 per class ``(n, classes)``."""
        array = np.asarray(codes, np.int64)[:, None]
        places = np.arange(len(self.classes))
        return (array >> places) & 1 if self.several else (array == places).astype(np.int64)

    def select(self, cases: Sequence[Case]) -> list[Case]:
        """Keep the cases that have a class of the study, in their order.

        Raises
        ------
        IntakeError
            When there are others and `others` is ``refuse``: all are counted, the first named.
        """
        kept = [case for case in cases if self.names_of(case) is not None]
        if len(kept) < len(cases) and self.rules.others == "refuse":
            strangers = [case for case in cases if self.names_of(case) is None]
            raise IntakeError(_refusal(strangers, self.rules))
        return kept


def _refusal(cases: Sequence[Case], rules: TargetRules) -> str:
    column = rules.column
    named = ", ".join(
        f"{case.case} ({(case.target if column == CASE_CLASS else case.covariates.get(column))!r})"
        for case in cases[:_MOST_NAMED]
    )
    return (
        f"{len(cases)} cases have no class of the study in {column!r} ({named}): classes are "
        f"{list(rules.classes)}; mend the table, name the class, or set target.others: leave-out"
    )

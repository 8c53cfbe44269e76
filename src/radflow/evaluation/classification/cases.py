"""One row per case: the true classes beside the probabilities."""

from collections.abc import Sequence
from pathlib import Path

from radflow.datasets.cases import Case
from radflow.targets import Target


def evaluate_answers(
    cases: Sequence[Case], predictions_tsv: Path, output: Path, *, part: str, target: Target
) -> None:
    """Write one row per case: case, subject, part, reference, then ``p:CLASS``, ``raw:CLASS``."""
    raise NotImplementedError

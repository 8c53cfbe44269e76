"""Models of a classification side by side."""

from collections.abc import Mapping
from pathlib import Path

from radflow.config.classification import TargetRules
from radflow.config.evaluation import CompareRules


def compare(
    tables: Mapping[str, Mapping[str, Path]],
    output: Path,
    *,
    study: str,
    target: TargetRules,
    rules: CompareRules,
    ledger: Path | None,
    baseline: str = "baseline",
) -> None:
    """Write every number of a study's models as one record, the same bytes on every run."""
    raise NotImplementedError

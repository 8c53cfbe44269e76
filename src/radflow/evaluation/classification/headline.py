"""The few numbers to compare from commit to commit."""

from pathlib import Path


def write_headline(metrics: Path, output: Path) -> None:
    """Write accuracy, balanced accuracy and AUC of every model and part."""
    raise NotImplementedError

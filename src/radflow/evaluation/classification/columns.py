"""Columns of the tables of answers."""

from collections.abc import Sequence

CALIBRATED, RAW = "p:", "raw:"
"""Before the name of a class: its probability with and without temperature."""

IDENTITY = ("case", "subject", "part", "reference")


def columns_of(classes: Sequence[str], prefix: str) -> list[str]:
    """Name the columns that hold the probabilities of the classes."""
    return [f"{prefix}{name}" for name in classes]

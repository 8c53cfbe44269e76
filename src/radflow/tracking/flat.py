"""Records and tables in the flat, bounded form that MLflow stores."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

_MOST_LETTERS = 500
_MOST_NAME = 250
_NOT_IN_NAMES = re.compile(r"[^\w\-./ ]")


def flat_params(record: Mapping[str, Any]) -> dict[str, str]:
    """Flatten a nested record, ``{"a": {"b": 1}}`` to ``{"a.b": "1"}``; long values are cut."""
    return {
        _name(key): _short("" if value is None else str(value)) for key, value in _leaves(record)
    }


def flat_metrics(record: Mapping[str, Any]) -> dict[str, float]:
    """Flatten the finite numbers of a nested record; anything else is left out."""
    return {
        _name(key): float(value)
        for key, value in _leaves(record)
        if isinstance(value, (int, float, np.number)) and math.isfinite(value)
    }


def _leaves(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)[:_MOST_NAME]


def _short(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 3] + "..."

"""What columns of a table are for, told by name and values."""

from collections import Counter
from collections.abc import Mapping, Sequence

from radflow.datasets.checks.identity_columns import plain_header

_TARGETS = (
    *("label_name", "class_name", "diagnosis", "diagnosis_group", "dx", "class", "category"),
    *("tumor_type", "tumour_type", "pathology", "finding", "outcome", "target", "group", "label"),
)
_COVARIATES = frozenset(
    [
        *("age", "sex", "gender", "handedness", "laterality", "side", "race", "education", "bmi"),
        *("weight", "height", "grade", "stage", "site", "center", "centre", "scanner"),
        *("manufacturer", "vendor", "field_strength"),
    ]
)
_MISSING = frozenset({"", "na", "n/a", "nan", "none"})
_MOST_CLASSES = 20


def named(columns: Mapping[str, object] | Sequence[str], names: Sequence[str]) -> str | None:
    """Find the column that has the first possible of some names, in any writing."""
    by_plain = {plain_header(column): column for column in reversed(list(columns))}
    return next((by_plain[name] for name in names if name in by_plain), None)


def is_missing(value: str) -> bool:
    """Say whether a text means that there is no value."""
    return value.strip().casefold() in _MISSING


def target_among(columns: Mapping[str, Sequence[str]]) -> str | None:
    """Find a column of classes: named like one, a few values, each more than once, none missing."""
    for name in _TARGETS:
        column = named(columns, (name,))
        values = Counter(columns[column]) if column is not None else Counter[str]()
        few = 2 <= len(values) <= _MOST_CLASSES and min(values.values()) > 1
        if few and not any(map(is_missing, values)):
            return column
    return None


def covariates_among(columns: Mapping[str, object] | Sequence[str]) -> list[str]:
    """List columns that are worth keeping and tell nobody who a patient is."""
    return [column for column in columns if plain_header(column) in _COVARIATES]

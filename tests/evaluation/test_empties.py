"""Tests of the table of empties."""

import math

import pytest

from radflow.errors import EvaluationError
from radflow.evaluation.columns import SCORES
from radflow.evaluation.empties import EMPTY_MEANING, EMPTY_VALUES, emptiness, empty_value

BEST = (1.0, 1.0, 0.0, 0.0)
WORST = (0.0, 0.0, 42.0, 42.0)


@pytest.mark.parametrize(
    ("kind", "values"),
    [("both", BEST), ("reference", WORST), ("prediction", WORST), ("missing", WORST)],
)
def test_the_table_gives_every_score_in_every_kind_of_emptiness(kind, values):
    found = tuple(empty_value(metric, kind, diagonal_mm=42.0) for metric in SCORES)
    assert found == values
    assert set(EMPTY_VALUES[kind]) == set(SCORES)


def test_every_kind_is_explained_and_the_table_cannot_be_changed():
    assert set(EMPTY_MEANING) == set(EMPTY_VALUES)
    with pytest.raises(TypeError):
        EMPTY_VALUES["both"]["dice"] = 0.5  # type: ignore[index]


@pytest.mark.parametrize(
    ("reference", "prediction", "kind"),
    [(1, 1, ""), (0, 1, "reference"), (1, 0, "prediction"), (0, 0, "both")],
)
def test_emptiness_names_the_empty_mask(reference, prediction, kind):
    assert emptiness(reference, prediction) == kind


@pytest.mark.parametrize(("metric", "kind"), [("dice", ""), ("accuracy", "both")])
def test_what_the_table_does_not_hold_is_refused(metric, kind):
    with pytest.raises(EvaluationError, match="table of empties holds no value"):
        empty_value(metric, kind)


def test_a_worst_distance_needs_the_field_of_view():
    assert math.isnan(empty_value("hd95_mm", "reference"))

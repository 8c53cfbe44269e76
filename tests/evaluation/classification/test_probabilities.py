"""Tests of what probabilities must be."""

import numpy as np
from simulated_answers import SEVERAL, THREE

from radflow.evaluation.classification.probabilities import problems_of
from radflow.targets import Target


def _problems(rows, rules=THREE):
    cases = [f"c{place}" for place in range(len(rows))]
    return list(problems_of(cases, np.array(rows), Target(rules), prefix="p:"))


def test_probabilities_that_sum_to_1_are_taken_with_their_rounding():
    assert _problems([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.333333, 0.333333, 0.333333]]) == []


def test_every_case_with_wrong_probabilities_is_named():
    found = _problems([[0.2, 0.3, 0.6], [-0.1, 0.6, 0.5], [np.nan, 0.5, 0.5]])
    assert found == [
        "case c0 has probabilities p:... that sum to 1.1, not 1",
        "case c1 has probabilities outside 0 to 1: {'p:meningioma': -0.1}",
        "case c2 has probabilities outside 0 to 1: {'p:meningioma': nan}",
    ]


def test_of_several_classes_at_once_each_stands_for_itself():
    assert _problems([[0.9, 0.9, 0.0]], SEVERAL) == []
    assert len(_problems([[0.9, 1.9, 0.0]], SEVERAL)) == 1

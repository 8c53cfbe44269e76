"""Tests of parts that stand together."""

import pytest

from radflow.errors import EvaluationError, LeakError
from radflow.evaluation.pooling import check_disjoint, check_ledger, folds_of


def test_folds_are_ordered_by_number_and_the_test_part_is_none():
    parts = ["fold-10", "test", "fold-2"]
    assert list(folds_of(parts).items()) == [(2, "fold-2"), (10, "fold-10")]
    assert folds_of(["test"]) == {}


def test_other_parts_are_refused_by_name():
    with pytest.raises(EvaluationError, match=r"unknown parts \['fold-a', 'all'\]"):
        folds_of(["fold-0", "fold-a", "all"])


def test_a_subject_in_two_parts_is_named_with_both():
    check_disjoint({"fold-0": {"a"}, "test": {"b"}})
    with pytest.raises(LeakError, match="subject b is in fold-0 and in test"):
        check_disjoint({"fold-0": {"a", "b"}, "test": {"b"}})


def test_test_scores_need_an_entry_in_the_ledger():
    parts = {"unet": ["tuning", "test"], "small": ["tuning"]}
    check_ledger(parts, [{"model": "unet"}])
    with pytest.raises(EvaluationError, match=r"\['unet'\] without an entry"):
        check_ledger(parts, [{"model": "small"}])

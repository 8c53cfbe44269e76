import numpy as np
import pandas as pd
import pytest

from radflow.config.classification import TargetRules
from radflow.config.explain import ExplainRules
from radflow.explain.selection import answers_of, choose
from radflow.targets import Target

TARGET = Target(TargetRules(kind="binary", classes=("no", "yes")))


def table(part="fold-1", n=20):
    rows = [
        (f"c{k:02d}", part, "yes" if k % 2 else "no", 1 - (k % 10) / 10, (k % 10) / 10)
        for k in range(n)
    ]
    return pd.DataFrame(rows, columns=["case", "part", "reference", "p:no", "p:yes"])


def test_what_is_explained_is_the_likeliest_class():
    first, second = answers_of([table()], TARGET)[:2]
    assert (first.answer, first.right, first.fold) == ("no", True, 1)
    assert (second.answer, second.right, second.probability) == ("no", False, 0.9)
    assert answers_of([table("test")], TARGET)[0].fold is None


def test_a_sample_of_each_class_and_the_surest_right_and_wrong():
    answers = answers_of([table()], TARGET)
    chosen = choose(answers, ExplainRules(cases=3, shown=1), TARGET)
    sampled = [each for each in chosen if each.sampled]
    assert sorted(each.reference for each in sampled) == ["no"] * 3 + ["yes"] * 3
    shown = {(each.reference, each.shown): each.case for each in chosen if each.shown}
    assert shown == {
        ("no", "right"): "c00",
        ("no", "wrong"): "c08",
        ("yes", "right"): "c09",
        ("yes", "wrong"): "c01",
    }


def test_the_sample_depends_on_the_seed_alone():
    answers = answers_of([table()], TARGET)

    def drawn(seed):
        return [e.case for e in choose(answers, ExplainRules(cases=3, shown=0, seed=seed), TARGET)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_of_several_classes_a_case_is_right_where_the_evaluation_says_so():
    target = Target(TargetRules(kind="multi-label", classes=("a", "b")))
    rows = [
        ("1", "test", "a;b", 0.9, 0.8),
        ("2", "test", None, 0.3, 0.2),
        ("3", "test", "a;b", 0.4, 0.2),
        ("4", "test", "a", 0.9, 0.8),
    ]
    found = answers_of(
        [pd.DataFrame(rows, columns=["case", "part", "reference", "p:a", "p:b"])], target
    )
    assert [each.right for each in found] == [True, True, False, False]
    assert [each.reference for each in found] == ["a;b", "", "a;b", "a"]


def test_a_case_without_a_prediction_is_not_explained():
    rows = [("1", "test", "a", np.nan, np.nan), ("2", "test", "a", 0.7, 0.3)]
    target = Target(TargetRules(kind="binary", classes=("a", "b")))
    columns = ["case", "part", "reference", "p:a", "p:b"]
    found = answers_of([pd.DataFrame(rows, columns=columns)], target)
    assert [each.case for each in found] == ["2"]


@pytest.mark.parametrize("methods", [[], ["saliency"]])
def test_methods_that_there_are_not_are_refused(methods):
    with pytest.raises(ValueError, match="methods"):
        ExplainRules.model_validate({"methods": methods})

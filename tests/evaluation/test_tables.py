"""Tests of reading and pooling tables of scores."""

import numpy as np
import pytest

from radflow.errors import EvaluationError, LeakError
from radflow.evaluation.tables import MEAN, TEST, TUNING, check_paired, read_model


def test_folds_are_pooled_and_the_test_part_stands_alone(make_scores):
    scores = read_model(
        {
            "fold-1": make_scores("m", "fold-1", {"c": 0.7}),
            "fold-0": make_scores("m", "fold-0", {"b": 0.9, "a": 0.8}),
            "test": make_scores("m", "test", {"t": 0.6}),
        }
    )
    assert set(scores) == {TUNING, TEST}
    assert (scores[TUNING].folds, scores[TEST].folds) == ((0, 1), ())
    assert list(scores[TUNING].classes) == ["anterior", "posterior", MEAN]
    assert scores[TUNING].classes["posterior"].cases == ("a", "b", "c")
    assert scores[TUNING].classes["anterior"].values["dice"].tolist() == [0.8, 0.9, 0.7]


def test_the_mean_over_classes_is_taken_within_a_case(make_scores):
    changes = {"b": {"empty": "missing"}}
    scores = read_model({"test": make_scores("m", "test", {"a": 0.8, "b": 0.4}, **changes)})
    mean = scores[TEST].classes[MEAN]
    np.testing.assert_allclose(mean.values["dice"], [0.6, 0.3])
    assert mean.reference_voxels == (300, 300)
    assert mean.empty == (frozenset(), frozenset({"missing"}))


def test_a_subject_in_two_parts_is_a_leak(make_scores):
    fold = make_scores("m", "fold-0", {"s1_before": 0.8, "s2": 0.9})
    with pytest.raises(LeakError, match="subject s1 is in fold-0 and in fold-1"):
        read_model({"fold-0": fold, "fold-1": make_scores("m", "fold-1", {"s1_after": 0.7})})
    with pytest.raises(LeakError, match="subject s1 is in fold-0 and in test"):
        read_model({"fold-0": fold, "test": make_scores("m", "test", {"s1_after": 0.7})})


def test_an_unknown_part_is_refused(make_scores):
    with pytest.raises(EvaluationError, match=r"unknown parts \['fold-x'\]"):
        read_model({"fold-x": make_scores("m", "fold-x", {"a": 0.8})})


def test_a_table_of_another_part_is_refused(make_scores):
    with pytest.raises(EvaluationError, match=r"rows are of the part \['fold-1'\], not 'test'"):
        read_model({"test": make_scores("m", "fold-1", {"a": 0.8})})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dice": np.nan}, r"scores of \['b'\] are not finite"),
        ({"hd95_mm": np.inf}, r"scores of \['b'\] are not finite"),
        ({"class": "mean"}, "a class may not be named 'mean'"),
        ({"class": "anterior"}, r"case b has the classes \['anterior', 'anterior'\]"),
        ({"subject": ""}, "case b does not belong to exactly one subject"),
        ({"label": 1}, "do not go together"),
    ],
)
def test_rows_that_are_wrong_are_refused(make_scores, change, message):
    path = make_scores("m", "test", {"a": 0.8, "b": 0.7}, b=change)
    with pytest.raises(EvaluationError, match=message):
        read_model({"test": path})


def test_a_table_without_rows_or_with_foreign_columns_is_refused(tmp_path, make_scores):
    with pytest.raises(EvaluationError, match="there are no rows"):
        read_model({"test": make_scores("m", "test", {})})
    foreign = tmp_path / "foreign.tsv"
    foreign.write_text("case\tdice\na\t0.5\n")
    with pytest.raises(EvaluationError, match="columns"):
        read_model({"test": foreign})


def test_folds_with_different_classes_are_refused(make_scores):
    first = make_scores("m", "fold-0", {"a": 0.8})
    second = make_scores("m", "fold-1", {"b": 0.8})
    lines = second.read_text().splitlines()
    second.write_text("\n".join(lines[:2]) + "\n")
    with pytest.raises(EvaluationError, match="folds were scored on different classes"):
        read_model({"fold-0": first, "fold-1": second})


def test_ids_stay_text(make_scores):
    scores = read_model({"test": make_scores("m", "test", {"001": 0.8, "NA": 0.7, "1": 0.6})})
    assert scores[TEST].classes[MEAN].cases == ("001", "1", "NA")


def test_models_on_the_same_cases_are_paired_and_others_refused(make_scores):
    ours = read_model({"test": make_scores("m", "test", {"a": 0.8, "b": 0.7})})[TEST]
    same = read_model({"test": make_scores("n", "test", {"b": 0.1, "a": 0.2})})[TEST]
    fewer = read_model({"test": make_scores("o", "test", {"a": 0.2})})[TEST]
    changed = {"b": {"reference_voxels": 5}}
    other = read_model({"test": make_scores("p", "test", {"a": 0.2, "b": 0.1}, **changed)})[TEST]
    check_paired("m", ours, "n", same)
    with pytest.raises(EvaluationError, match=r"differ in 1 cases, or their reference \(b\)"):
        check_paired("m", ours, "o", fewer)
    with pytest.raises(EvaluationError, match="can't be compared, paired"):
        check_paired("m", ours, "p", other)


def test_models_with_other_classes_are_refused(make_scores):
    ours = read_model({"test": make_scores("m", "test", {"a": 0.8})})[TEST]
    path = make_scores("n", "test", {"a": 0.8})
    path.write_text(path.read_text().replace("posterior", "tail"))
    with pytest.raises(EvaluationError, match="scored on the classes"):
        check_paired("m", ours, "n", read_model({"test": path})[TEST])

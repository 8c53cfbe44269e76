"""Tests of scores per case and class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from radflow.config.evaluation import EvaluationRules
from radflow.errors import EvaluationError
from radflow.evaluation.cases import evaluate_case, evaluate_predictions
from radflow.evaluation.columns import COLUMNS, SCORES
from radflow.files import read_tsv, sha256_file

CLASSES = {0: "background", 1: "anterior", 2: "posterior"}
RULES = EvaluationRules(nsd_tolerance_mm=1.0)
DIAGONAL = float(np.linalg.norm([9 * 1.0, 10 * 1.0, 11 * 2.0]))
label_maps = arrays(np.uint8, (4, 5, 3), elements=st.integers(0, 2))


def _score(reference, prediction, classes=CLASSES):
    return evaluate_case(
        reference, prediction, spacing_mm=(1.0, 1.0, 2.0), classes=classes, tolerance_mm=1.0
    )


def _evaluate(cases, predictions, output, part="test"):
    evaluate_predictions(cases, predictions, output, part=part, classes=CLASSES, rules=RULES)
    return read_tsv(output, strings=("case", "subject", "part", "class", "empty"))


def test_a_perfect_prediction_scores_one_without_error(labels):
    scores = _score(labels, labels)
    assert [(each.label, each.name) for each in scores] == [(1, "anterior"), (2, "posterior")]
    for each in scores:
        assert (each.dice, each.nsd, each.hd95_mm, each.assd_mm) == (1.0, 1.0, 0.0, 0.0)
        assert each.reference_voxels == each.predicted_voxels == 75
        assert each.reference_ml == pytest.approx(0.15)
        assert (each.volume_error_ml, each.empty) == (0.0, "")


@settings(deadline=None)
@given(label_maps, label_maps)
def test_every_score_is_finite_and_within_its_bounds(reference, prediction):
    longest = float(np.linalg.norm([4.0, 5.0, 6.0]))
    for each in _score(reference, prediction):
        assert 0 <= each.dice <= 1
        assert 0 <= each.nsd <= 1
        assert 0 <= each.assd_mm <= longest
        assert 0 <= each.hd95_mm <= longest
        assert each.volume_error_ml == pytest.approx(each.predicted_ml - each.reference_ml)


@pytest.mark.parametrize(
    ("absent", "kind", "scores"),
    [
        (("reference", "prediction"), "both", (1.0, 1.0, 0.0, 0.0)),
        (("reference",), "reference", (0.0, 0.0, DIAGONAL, DIAGONAL)),
        (("prediction",), "prediction", (0.0, 0.0, DIAGONAL, DIAGONAL)),
    ],
)
def test_empty_masks_get_the_values_of_the_declared_table(labels, absent, kind, scores):
    without = np.where(labels == 2, 0, labels).astype(np.uint8)
    reference = without if "reference" in absent else labels
    prediction = without if "prediction" in absent else labels
    anterior, posterior = _score(reference, prediction)
    assert (anterior.dice, anterior.empty) == (1.0, "")
    assert posterior.empty == kind
    assert tuple(getattr(posterior, metric) for metric in SCORES) == pytest.approx(scores)


def test_a_missing_prediction_is_worst_even_where_the_reference_is_empty(labels):
    without = np.where(labels == 2, 0, labels).astype(np.uint8)
    for each in _score(without, None):
        assert each.empty == "missing"
        found = tuple(getattr(each, metric) for metric in SCORES)
        assert found == pytest.approx((0.0, 0.0, DIAGONAL, DIAGONAL))


def test_an_unknown_class_is_refused_with_its_value(labels):
    foreign = labels.copy()
    foreign[0, 0, 0] = 7
    with pytest.raises(EvaluationError, match=r"prediction holds label values \[7\]"):
        _score(labels, foreign)
    with pytest.raises(EvaluationError, match=r"reference holds label values \[7\]"):
        _score(foreign, labels)


def test_maps_of_different_shape_are_refused(labels):
    with pytest.raises(EvaluationError, match="grid of the source image"):
        _score(labels, labels[:-1])


def test_the_table_has_a_row_per_case_and_class_in_order(
    tmp_path, labels, make_case, make_predictions
):
    shifted = np.roll(labels, 1, axis=2)
    cases = [make_case("b_1", shifted, subject="b"), make_case("001", labels)]
    predictions = make_predictions({"b_1": labels, "001": labels})
    table = _evaluate(cases, predictions, tmp_path / "test.tsv")
    assert tuple(table.columns) == COLUMNS
    assert table["case"].tolist() == ["001", "001", "b_1", "b_1"]
    assert table["subject"].tolist() == ["001", "001", "b", "b"]
    assert set(table["part"]) == {"test"}
    assert table["class"].tolist() == ["anterior", "posterior"] * 2
    assert table["dice"].tolist() == pytest.approx([1.0, 1.0, 0.8, 0.8])
    assert table["hd95_mm"].tolist() == pytest.approx([0.0, 0.0, 2.0, 2.0])
    assert table["empty"].isna().all()


def test_the_table_is_the_same_bytes_whatever_the_order_of_cases(
    tmp_path, labels, make_case, make_predictions
):
    cases = [make_case(name, labels) for name in ("c", "a", "b")]
    predictions = make_predictions({name: np.roll(labels, 1, 0) for name in ("b", "c", "a")})
    _evaluate(cases, predictions, tmp_path / "one.tsv")
    _evaluate(cases[::-1], predictions, tmp_path / "two.tsv")
    assert (tmp_path / "one.tsv").read_bytes() == (tmp_path / "two.tsv").read_bytes()


def test_a_case_without_a_prediction_counts_as_worst_and_is_listed(
    labels, make_case, make_predictions, capsys
):
    cases = [make_case(name, labels) for name in ("a", "b")]
    predictions = make_predictions({"a": labels})
    table = _evaluate(cases, predictions, predictions.with_name("test.tsv"))
    assert table.loc[table["case"] == "b", "dice"].tolist() == [0.0, 0.0]
    assert table.loc[table["case"] == "b", "hd95_mm"].tolist() == pytest.approx([DIAGONAL] * 2)
    assert table["empty"].tolist()[2:] == ["missing", "missing"]
    assert "1 of 2 cases have no prediction and count as worst value: b" in capsys.readouterr().err


def test_all_broken_cases_are_reported_at_once_and_nothing_is_written(
    tmp_path, labels, make_case, make_predictions
):
    foreign = labels.copy()
    foreign[0, 0, 0] = 9
    cases = [make_case(name, labels) for name in ("a", "b", "c")]
    predictions = make_predictions({"a": labels, "b": foreign, "c": labels})
    (predictions.parent / "a.nii.gz").write_bytes(b"changed")
    output = tmp_path / "test.tsv"
    with pytest.raises(EvaluationError, match=r"2 of 3 cases of test") as raised:
        _evaluate(cases, predictions, output)
    assert "a: " in str(raised.value)
    assert "has changed" in str(raised.value)
    assert "b: the prediction holds label values [9]" in str(raised.value)
    assert not output.exists()


def test_a_prediction_that_is_no_image_is_reported_by_case(labels, make_case, make_predictions):
    predictions = make_predictions({"a": labels})
    broken = predictions.with_name("a.nii.gz")
    recorded = sha256_file(broken)
    broken.write_bytes(b"<html>please log in</html>")
    predictions.write_text(predictions.read_text().replace(recorded, sha256_file(broken)))
    with pytest.raises(EvaluationError, match=r"1 of 1 cases of test .*\n  a: .*a.nii.gz"):
        _evaluate([make_case("a", labels)], predictions, predictions.with_name("test.tsv"))

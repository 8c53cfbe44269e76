"""Tests of reading references and predictions."""

from dataclasses import replace

import numpy as np
import pytest

from radflow.errors import EvaluationError
from radflow.evaluation.predictions import read_predicted, read_predictions, read_reference

AFFINE = np.diag([1.0, 1.0, 2.0, 1.0])
SHIFTED = AFFINE.copy()
SHIFTED[0, 3] = 0.5


def _read(case, predictions):
    return read_predicted(
        read_predictions(predictions, [case.case])[case.case], read_reference(case)
    )


def test_a_reference_is_read_with_the_spacing_of_its_affine(labels, make_case):
    reference = read_reference(make_case("a", labels))
    assert reference.labels.dtype == np.uint8
    assert reference.spacing_mm == (1.0, 1.0, 2.0)
    np.testing.assert_array_equal(reference.labels, labels)


def test_a_prediction_on_the_grid_of_its_reference_is_read(labels, make_case, make_predictions):
    found = _read(make_case("a", labels), make_predictions({"a": labels}))
    np.testing.assert_array_equal(found, labels)


def test_an_affine_that_differs_by_the_rounding_of_a_header_is_the_same_grid(
    labels, make_case, make_predictions
):
    affine = AFFINE + 1e-5
    affine[3] = AFFINE[3]
    assert _read(make_case("a", labels), make_predictions({"a": labels}, affine=affine)) is not None


@pytest.mark.parametrize(
    "affine",
    [
        np.diag([-1.0, 1.0, 2.0, 1.0]),
        np.diag([1.0, 1.0, 2.01, 1.0]),
        SHIFTED,
    ],
    ids=["flipped", "spacing", "shifted"],
)
def test_a_prediction_with_another_affine_is_refused(labels, make_case, make_predictions, affine):
    with pytest.raises(EvaluationError, match=r"off by up to .* mm"):
        _read(make_case("a", labels), make_predictions({"a": labels}, affine=affine))


def test_a_prediction_of_another_shape_is_refused(labels, make_case, make_predictions):
    with pytest.raises(EvaluationError, match=r"prediction of \(9, 10, 10\) voxels"):
        _read(make_case("a", labels), make_predictions({"a": labels[:, :, :-1]}))


def test_a_prediction_that_has_changed_is_refused(labels, make_case, make_predictions):
    predictions = make_predictions({"a": labels})
    found = read_predictions(predictions, ["a"])["a"]
    make_predictions({"a": np.zeros_like(labels)})
    with pytest.raises(EvaluationError, match=r"has changed: sha256 is .* predict again"):
        read_predicted(found, read_reference(make_case("a", labels)))


def test_a_prediction_that_is_listed_but_gone_is_refused(labels, make_case, make_predictions):
    predictions = make_predictions({"a": labels})
    (predictions.parent / "a.nii.gz").unlink()
    with pytest.raises(EvaluationError, match="is listed but does not exist"):
        _read(make_case("a", labels), predictions)


def test_a_reference_that_has_changed_is_refused(labels, make_case):
    case = make_case("a", labels)
    make_case("a", np.zeros_like(labels))
    with pytest.raises(EvaluationError, match=r"has changed: .* run intake again"):
        read_reference(case)


def test_a_case_without_a_reference_is_refused(labels, make_case):
    with pytest.raises(EvaluationError, match="no reference standard"):
        read_reference(replace(make_case("a", labels), label=None, label_sha256=None))


@pytest.mark.parametrize("value", [0.5, 300.0, -1.0])
def test_values_that_are_no_labels_are_refused(labels, make_case, make_predictions, value):
    floats = labels.astype(np.float32)
    floats[0, 0, 0] = value
    with pytest.raises(EvaluationError, match="values that are no labels"):
        _read(make_case("a", labels), make_predictions({"a": floats}))


def test_a_case_without_a_prediction_is_left_out(labels, make_case, make_predictions):
    assert set(read_predictions(make_predictions({"a": labels}), ["a", "b"])) == {"a"}
    assert read_predicted(None, read_reference(make_case("b", labels))) is None


def test_a_table_without_any_prediction_is_read(make_predictions):
    assert read_predictions(make_predictions({}), ["a"]) == {}


def test_all_mismatches_of_cases_and_predictions_are_reported_at_once(labels, make_predictions):
    table = make_predictions({"a": labels, "x": labels})
    table.write_text(table.read_text() + table.read_text().splitlines()[1] + "\n")
    with pytest.raises(EvaluationError) as raised:
        read_predictions(table, ["a", "b", "b"])
    assert "case b is listed 2 times in the part" in str(raised.value)
    assert "case a has 2 predictions" in str(raised.value)
    assert "case x is not in the part" in str(raised.value)


def test_a_part_without_cases_and_a_foreign_table_are_refused(tmp_path, labels, make_predictions):
    with pytest.raises(EvaluationError, match="the part is empty"):
        read_predictions(make_predictions({"a": labels}), [])
    foreign = tmp_path / "foreign.tsv"
    foreign.write_text("case\tpath\na\ta.nii.gz\n")
    with pytest.raises(EvaluationError, match="columns"):
        read_predictions(foreign, ["a"])

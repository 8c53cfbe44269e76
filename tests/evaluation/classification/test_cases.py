"""Tests of the table of answers."""

import pandas as pd
import pytest
from selected import make_case
from simulated_answers import SEVERAL, THREE

from radflow.errors import EvaluationError
from radflow.evaluation.classification.cases import evaluate_answers
from radflow.files import read_tsv, write_tsv
from radflow.targets import Target

NAMES = THREE.classes


def _predictions(tmp_path, rows, classes=NAMES):
    columns = ["case", "views", *(f"{p}:{name}" for p in ("p", "raw") for name in classes)]
    path = tmp_path / "predictions.tsv"
    write_tsv(path, pd.DataFrame([(case, 1, *p, *p) for case, p in rows], columns=columns))
    return path


def _evaluate(tmp_path, cases, rows, rules=THREE):
    output = tmp_path / "fold-0.tsv"
    predictions = _predictions(tmp_path, rows, rules.classes)
    evaluate_answers(cases, predictions, output, part="fold-0", target=Target(rules))
    return read_tsv(output, strings=("case", "subject", "part", "reference"))


def test_each_case_has_its_class_beside_its_probabilities(tmp_path):
    cases = [
        make_case("b", subject="s1", target="glioma"),
        make_case("a", subject="s1", target="pituitary"),
    ]
    table = _evaluate(tmp_path, cases, [("a", (0.1, 0.2, 0.7)), ("b", (0.5, 0.25, 0.25))])
    assert list(table.columns) == [
        *("case", "subject", "part", "reference"),
        *("p:meningioma", "p:glioma", "p:pituitary"),
        *("raw:meningioma", "raw:glioma", "raw:pituitary"),
    ]
    assert table.values.tolist() == [
        ["a", "s1", "fold-0", "pituitary", 0.1, 0.2, 0.7, 0.1, 0.2, 0.7],
        ["b", "s1", "fold-0", "glioma", 0.5, 0.25, 0.25, 0.5, 0.25, 0.25],
    ]


def test_a_case_without_a_prediction_keeps_its_row_and_is_listed(tmp_path, capsys):
    cases = [make_case("a", target="glioma"), make_case("b", target="glioma")]
    table = _evaluate(tmp_path, cases, [("a", (0.1, 0.2, 0.7))])
    assert table["case"].tolist() == ["a", "b"]
    assert table.iloc[1, 4:].isna().all()
    shown = "".join(capsys.readouterr())
    assert "1 of 2 cases have no prediction and count as worst value: b" in shown


def test_classes_at_once_are_joined_in_the_order_of_the_study(tmp_path):
    cases = [make_case("a", target="mass; oedema"), make_case("b", target="")]
    rows = [("a", (0.9, 0.8, 0.1)), ("b", (0.1, 0.1, 0.1))]
    table = _evaluate(tmp_path, cases, rows, SEVERAL)
    assert table["reference"].fillna("").tolist() == ["oedema;mass", ""]


def test_all_problems_are_told_at_once_and_nothing_is_written(tmp_path):
    cases = [make_case("a", target="glioma"), make_case("a", target="glioma")]
    cases += [make_case("b", target="glioma"), make_case("c", target="abscess")]
    rows = [("a", (0.5, 0.5, 0.5)), ("b", (0.5, -0.5, 1.0)), ("b", (1, 0, 0)), ("z", (1, 0, 0))]
    with pytest.raises(EvaluationError) as error:
        _evaluate(tmp_path, cases, rows)
    for problem in (
        "case a is listed 2 times in the part",
        "case b has 2 predictions",
        "case z is not in the part",
        "case c has no class of the study",
        "case a has probabilities p:... that sum to 1.5, not 1",
        "case a has probabilities raw:... that sum to 1.5, not 1",
        "case b has probabilities outside 0 to 1: {'p:glioma': -0.5}",
    ):
        assert problem in str(error.value)
    assert not (tmp_path / "fold-0.tsv").exists()


def test_an_empty_part_other_columns_and_words_for_numbers_are_refused(tmp_path):
    with pytest.raises(EvaluationError, match="there are no cases to evaluate"):
        _evaluate(tmp_path, [], [])
    case = make_case("a", target="glioma")
    with pytest.raises(EvaluationError, match="hold cells that are no numbers"):
        _evaluate(tmp_path, [case], [("a", ("high", 0.0, 0.0))])
    path = _predictions(tmp_path, [("a", (1, 0))], classes=NAMES[:2])
    with pytest.raises(EvaluationError, match="predict again"):
        evaluate_answers([case], path, tmp_path / "o.tsv", part="test", target=Target(THREE))

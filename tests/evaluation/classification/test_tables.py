"""Tests of reading tables of answers."""

import numpy as np
import pytest
from simulated_answers import SEVERAL, THREE, Sizes, answer_table

from radflow.errors import EvaluationError, LeakError
from radflow.evaluation.classification.tables import check_paired, read_model
from radflow.files import write_tsv
from radflow.targets import Target

SMALL = Sizes(cases=6, cases_per_subject=2, missing=1)


def _write(tmp_path, table, part="fold-0"):
    path = tmp_path / f"{part}.tsv"
    write_tsv(path, table)
    return path


def _read(tmp_path, table, part="fold-0", rules=THREE):
    return read_model({part: _write(tmp_path, table, part)}, Target(rules))


def test_folds_are_pooled_and_ordered_by_case(tmp_path):
    paths = {
        part: _write(tmp_path, answer_table(THREE, part, sizes=SMALL)[::-1], part)
        for part in ("fold-1", "fold-0", "test")
    }
    found = read_model(paths, Target(THREE))
    tuning = found["tuning"]
    assert (tuning.folds, found["test"].folds) == ((0, 1), ())
    assert list(tuning.cases) == sorted(tuning.cases)
    assert len(tuning.cases) == 12
    assert len(set(tuning.subjects)) == 6
    assert not tuning.independent
    assert tuning.truth.sum(axis=1).tolist() == [1] * 12


def test_a_case_without_a_prediction_has_the_worst_of_each_class(tmp_path):
    part = _read(tmp_path, answer_table(THREE, "fold-0", sizes=SMALL))["tuning"]
    assert part.missing.tolist() == [True, *[False] * 5]
    assert part.calibrated[0].tolist() == (1.0 - part.truth[0]).tolist()
    assert part.raw[0].tolist() == (1.0 - part.truth[0]).tolist()
    assert part.calibrated[1:].sum(axis=1) == pytest.approx(np.ones(5))


def test_classes_at_once_and_none_of_them_are_read(tmp_path):
    table = answer_table(SEVERAL, "test", sizes=Sizes(cases=2))
    table["reference"] = ["oedema;fracture", ""]
    part = _read(tmp_path, table, "test", SEVERAL)["test"]
    assert part.truth.tolist() == [[True, False, True], [False, False, False]]


def test_all_problems_of_a_table_are_told_at_once(tmp_path):
    table = answer_table(THREE, "fold-0", sizes=Sizes(cases=4))
    table.loc[0, "part"] = "fold-7"
    table.loc[1, "case"] = "fold-0-000"
    table.loc[2, "subject"] = ""
    table.loc[3, "reference"] = "abscess"
    table.loc[3, "p:glioma"] = 2.0
    table.loc[2, "raw:glioma"] = np.nan
    with pytest.raises(EvaluationError) as error:
        _read(tmp_path, table)
    for problem in (
        "rows are of the part ['fold-7'], not 'fold-0'",
        "case fold-0-000 has 2 rows",
        "case fold-0-002 has no subject",
        "case fold-0-003 has the reference 'abscess'",
        "case fold-0-003 has probabilities outside 0 to 1: {'p:glioma': 2.0}",
        "case fold-0-002 has probabilities outside 0 to 1: {'raw:glioma': nan}",
    ):
        assert problem in str(error.value)


def test_tables_without_rows_and_of_other_columns_are_refused(tmp_path):
    table = answer_table(THREE, "fold-0", sizes=SMALL)
    with pytest.raises(EvaluationError, match="there are no rows"):
        _read(tmp_path, table[:0])
    with pytest.raises(EvaluationError, match=r"columns .* are not"):
        _read(tmp_path, table.drop(columns="p:glioma"))


def test_a_subject_in_two_parts_is_a_leak(tmp_path):
    table = answer_table(THREE, "fold-0", sizes=SMALL)
    paths = {"fold-0": _write(tmp_path, table)}
    paths["test"] = _write(tmp_path, table.assign(part="test"), "test")
    with pytest.raises(LeakError, match="is in fold-0 and in test"):
        read_model(paths, Target(THREE))


def test_models_of_other_cases_or_another_truth_are_not_paired(tmp_path):
    table = answer_table(THREE, "fold-0", sizes=SMALL)
    ours = _read(tmp_path, table)["tuning"]
    check_paired("unet", ours, "baseline", ours)
    fewer = _read(tmp_path, table[1:])["tuning"]
    with pytest.raises(EvaluationError, match=r"differ in 1 cases, or their reference"):
        check_paired("unet", ours, "baseline", fewer)
    others = {"glioma": "pituitary", "pituitary": "meningioma", "meningioma": "glioma"}
    changed = _read(tmp_path, table.assign(reference=table["reference"].map(others)))["tuning"]
    with pytest.raises(EvaluationError, match="differ in 6 cases"):
        check_paired("unet", ours, "baseline", changed)

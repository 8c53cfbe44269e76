"""The table of answers: one row a case, sorted, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
import squares

from radflow.datasets.cases import read_cases
from radflow.errors import ImageError
from radflow.files import read_tsv
from radflow.inference.classifier import load_classifier
from radflow.inference.classify import classify_part
from radflow.patches.store import ShardSet
from radflow.splits import read_split
from radflow.training.classification import train
from radflow.training.job import Inputs

pytestmark = pytest.mark.filterwarnings("ignore:The .*dataloader.* does not have many workers")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return squares.write_squares(tmp_path_factory.mktemp("classify"), squares.names_of(20))


@pytest.fixture(scope="module")
def folds(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("models")
    made = []
    for name in ("cnn", "majority"):
        network = {**squares.NETWORK, "name": name}
        job = squares.make_job(inputs, folder / name / "fold-0", network=network)
        train(job, code="code", log=lambda _: None)
        made.append(folder / name / "fold-0")
    return made


def test_each_case_of_the_part_has_a_row_in_order(
    inputs: Inputs, folds: list[Path], tmp_path: Path
) -> None:
    split = read_split(inputs.split, inputs.split_record)
    cases = split.tuning_cases(read_cases(inputs.cases), 0)
    table = tmp_path / "predictions.tsv"
    classify_part([folds[0]], inputs.shards, cases=cases[::-1], table=table, precision="float32")
    rows = read_tsv(table, ("case",))
    assert list(rows.columns) == ["case", "views", "p:left", "p:right", "raw:left", "raw:right"]
    assert rows["case"].tolist() == sorted(case.case for case in cases)
    assert (rows["views"] == 1).all()
    for prefix in ("p:", "raw:"):
        sums = rows[f"{prefix}left"] + rows[f"{prefix}right"]
        np.testing.assert_allclose(sums, 1, atol=1e-6)
    model = load_classifier(folds[0], precision="float32")
    shards = ShardSet(inputs.shards)
    answer = model.answer(shards, rows["case"][0], [(8, 8, 0)])
    np.testing.assert_allclose(
        rows.loc[0, ["p:left", "p:right"]].astype(float), answer.calibrated, atol=1e-8
    )
    again = tmp_path / "again.tsv"
    classify_part([folds[0]], inputs.shards, cases=cases, table=again, precision="float32")
    assert again.read_bytes() == table.read_bytes()


def test_the_baseline_answers_every_case_alike(
    inputs: Inputs, folds: list[Path], tmp_path: Path
) -> None:
    split = read_split(inputs.split, inputs.split_record)
    table = tmp_path / "predictions.tsv"
    test = split.test_cases(read_cases(inputs.cases))
    shard = inputs.shards[0].with_name("test-000.shard")
    classify_part([folds[1]], [shard], cases=test, table=table)
    rows = read_tsv(table, ("case",))
    assert len(rows) == len(test) > 0
    assert rows["p:left"].nunique() == 1
    assert (rows["p:left"] == rows["raw:left"]).all()


def test_cases_in_no_shard_are_counted_and_the_first_named(
    inputs: Inputs, folds: list[Path], tmp_path: Path
) -> None:
    split = read_split(inputs.split, inputs.split_record)
    cases = read_cases(inputs.cases)
    test = split.test_cases(cases)
    first = min(case.case for case in test)
    with pytest.raises(ImageError, match=rf"{len(test)} of {len(cases)} cases .*first: {first}\)"):
        classify_part([folds[0]], inputs.shards, cases=cases, table=tmp_path / "p.tsv")
    assert not (tmp_path / "p.tsv").exists()

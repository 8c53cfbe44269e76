"""Tests of the ledger of test accesses."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from radflow.errors import EvaluationError
from radflow.evaluation.ledger import COLUMNS, read_ledger, record_access, record_models
from radflow.files import write_json

ACCESS = {
    "model": "unet",
    "folds": [0, 1],
    "weights_sha256": ["a" * 64, "b" * 64],
    "split_sha256": "c" * 64,
    "settings_sha256": "d" * 64,
}


def test_an_access_is_written_and_read_back(tmp_path):
    path = tmp_path / "results" / "ledger.tsv"
    assert read_ledger(path) == []
    assert record_access(path, **ACCESS) == 1
    (row,) = read_ledger(path)
    assert tuple(row) == COLUMNS
    assert (row["access"], row["model"], row["folds"]) == (1, "unet", "0 1")


def test_the_same_access_adds_no_row_and_changes_no_byte(tmp_path):
    path = tmp_path / "ledger.tsv"
    record_access(path, **ACCESS)
    record_access(path, **ACCESS | {"model": "baseline"})
    before = path.read_bytes()
    turned = {"folds": [1, 0], "weights_sha256": ["b" * 64, "a" * 64]}
    assert record_access(path, **ACCESS | turned) == 1
    assert record_access(path, **ACCESS | {"model": "baseline"}) == 2
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        {"model": "other"},
        {"folds": [0]},
        {"weights_sha256": ["a" * 64]},
        {"split_sha256": "e" * 64},
        {"settings_sha256": "e" * 64},
    ],
)
def test_whatever_changes_is_another_access(tmp_path, change):
    path = tmp_path / "ledger.tsv"
    record_access(path, **ACCESS)
    first = path.read_text()
    assert record_access(path, **ACCESS | change) == 2
    assert path.read_text().startswith(first)


def test_the_records_of_trained_folds_tell_folds_and_weights(tmp_path):
    by_hand, by_records = tmp_path / "ledger.tsv", tmp_path / "again.tsv"
    record_access(by_hand, **ACCESS)
    cards = [tmp_path / f"fold-{fold}.json" for fold in ACCESS["folds"]]
    for card, fold, weights in zip(cards, ACCESS["folds"], ACCESS["weights_sha256"], strict=True):
        write_json(card, {"fold": fold, "weights_sha256": weights, "more": "left out"})
    rest = {name: ACCESS[name] for name in ("model", "split_sha256", "settings_sha256")}
    assert record_models(by_records, cards=cards, **rest) == 1
    assert by_records.read_bytes() == by_hand.read_bytes()


def test_a_single_fold_and_ids_that_look_like_numbers_stay_text(tmp_path):
    path = tmp_path / "ledger.tsv"
    digits = {"model": "007", "folds": [0], "split_sha256": "1" * 64}
    record_access(path, **ACCESS | digits)
    assert record_access(path, **ACCESS | digits) == 1
    (row,) = read_ledger(path)
    assert (row["model"], row["folds"], row["split_sha256"]) == ("007", "0", "1" * 64)


def test_accesses_at_once_all_get_a_row(tmp_path):
    path = tmp_path / "ledger.tsv"

    def access(number):
        return record_access(path, **ACCESS | {"model": f"m{number % 8}"})

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(access, range(32)))
    assert sorted(set(numbers)) == list(range(1, 9))
    assert [row["access"] for row in read_ledger(path)] == list(range(1, 9))
    assert [each.name for each in tmp_path.iterdir()] == ["ledger.tsv"]


@pytest.mark.parametrize(
    "change", [{"weights_sha256": "a" * 64}, {"split_sha256": ""}, {"settings_sha256": "x" * 64}]
)
def test_what_is_no_hash_is_refused(tmp_path, change):
    with pytest.raises(EvaluationError, match="not a SHA-256"):
        record_access(tmp_path / "ledger.tsv", **ACCESS | change)
    assert not (tmp_path / "ledger.tsv").exists()


def test_a_ledger_with_a_row_taken_out_is_refused(tmp_path):
    path = tmp_path / "ledger.tsv"
    record_access(path, **ACCESS)
    record_access(path, **ACCESS | {"model": "baseline"})
    header, _, second = path.read_text().splitlines()
    path.write_text(f"{header}\n{second}\n")
    with pytest.raises(EvaluationError, match=r"counted 1, 2, \.\.\., got \[2\]"):
        read_ledger(path)


def test_a_table_that_is_no_ledger_is_refused(tmp_path):
    path = tmp_path / "ledger.tsv"
    path.write_text("access\tmodel\n1\tunet\n")
    with pytest.raises(EvaluationError, match="are not the ledger's"):
        read_ledger(path)

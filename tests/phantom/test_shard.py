"""A shard holds consecutive subjects, and each is the same whatever cohort it is part of."""

import tarfile
from pathlib import Path

import pytest

from radflow.config.phantom import PhantomRules
from radflow.phantom.shard import shard_numbers, write_shard
from radflow.phantom.texts import COLUMNS

CHANNELS = ("T1w", "FLAIR")


def _rules(**changes: object) -> PhantomRules:
    small = {"subjects": 2, "shards": 2, "spacing_mm": 8.0, "shape": (20, 24, 20)}
    return PhantomRules.model_validate(small | {"diagnoses": {"tumour": 1}} | changes)


def _written(folder: Path, rules: PhantomRules, shard: int) -> dict[str, bytes]:
    """Give the files of the shard's subjects: path and bytes."""
    write_shard(folder / "shard.tar", rules, shard, channels=CHANNELS)
    with tarfile.open(folder / "shard.tar") as tar:
        return {
            member.name: tar.extractfile(member).read()  # pyright: ignore[reportOptionalMemberAccess]
            for member in tar
        }


def _of(files: dict[str, bytes], subject: str) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if f"/{subject}_" in name}


@pytest.mark.parametrize(("subjects", "shards"), [(60, 2), (7, 3), (5, 5), (1, 1), (10_000, 100)])
def test_shards_hold_each_subject_once_in_order_and_nearly_as_many(
    subjects: int, shards: int
) -> None:
    numbers = [shard_numbers(subjects, shards=shards, shard=shard) for shard in range(shards)]
    assert [number for each in numbers for number in each] == list(range(1, subjects + 1))
    assert max(map(len, numbers)) - min(map(len, numbers)) <= 1


def test_a_subject_does_not_depend_on_the_cohort_around_it(tmp_path: Path) -> None:
    pair = _written(tmp_path, _rules(), 1)
    larger = _written(tmp_path, _rules(subjects=3, shards=1), 0)
    mine = _of(pair, "sub-00002")
    assert len(mine) >= len(CHANNELS) + 2
    assert mine == _of(larger, "sub-00002")
    assert b"sub-00001" not in pair["participants.tsv"]


def test_another_seed_gives_another_subject(tmp_path: Path) -> None:
    image = "sub-00002/anat/sub-00002_T1w.nii.gz"
    first, second = (_written(tmp_path, _rules(seed=seed), 1) for seed in (0, 1))
    assert first[image] != second[image]


def test_every_column_of_the_simulated_participants_has_a_meaning(tmp_path: Path) -> None:
    table = _written(tmp_path, _rules(), 1)["participants.tsv"].decode()
    assert set(table.splitlines()[0].split("\t")) <= set(COLUMNS)

import numpy as np
import pandas as pd
import pytest

from radflow.config.preprocess import PatchRules
from radflow.errors import ImageError, RadflowError
from radflow.patches.index import COLUMNS, build_index, read_index, write_index
from radflow.patches.store import ShardSet, write_shard

RULES = PatchRules(per_class=8, seed=3)


def test_each_class_has_as_many_centres_or_all_its_voxels(shards, cases):
    index = build_index(shards, RULES)
    assert tuple(index.columns) == COLUMNS
    counts = index.groupby(["case", "label"]).size()
    for case in cases:
        assert counts[case.case, 0] == counts[case.case, 1] == 8
        assert counts[case.case, 2] == 6


def test_centres_are_different_voxels_of_their_class(shards, cases):
    index = build_index(shards, PatchRules(per_class=200))
    assert not index.duplicated().any()
    labels = {case.case: case.label for case in cases}
    for row in index.itertuples():
        assert labels[row.case][row.i, row.j, row.k] == row.label


def test_every_voxel_of_a_small_class_is_a_centre(shards, cases):
    index = build_index(shards, PatchRules(per_class=10_000))
    for case in cases:
        rows = index[(index["case"] == case.case) & (index["label"] == 1)]
        np.testing.assert_array_equal(rows[["i", "j", "k"]], np.argwhere(case.label == 1))


def test_centres_do_not_depend_on_the_other_cases_or_their_order(tmp_path, shards, cases):
    index = build_index(shards, RULES)
    write_shard(tmp_path / "r.shard", cases[::-1])
    pd.testing.assert_frame_equal(build_index(ShardSet([tmp_path / "r.shard"]), RULES), index)
    write_shard(tmp_path / "one.shard", cases[2:3])
    alone = build_index(ShardSet([tmp_path / "one.shard"]), RULES)
    own = index[index["case"] == cases[2].case].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, own)


def test_another_seed_chooses_other_centres(shards):
    other = build_index(shards, PatchRules(per_class=8, seed=4))
    assert not other.equals(build_index(shards, RULES))


def test_all_voxels_are_as_likely(shards):
    planes = np.zeros(12)
    for seed in range(60):
        index = build_index(shards, PatchRules(per_class=20, seed=seed))
        rows = index[(index["case"] == "001") & (index["label"] == 0)]
        planes += np.bincount(rows["i"], minlength=12)
    assert planes.min() > 0.6 * planes.mean()
    assert planes.max() < 1.4 * planes.mean()


def test_an_index_survives_its_file_to_the_byte(tmp_path, shards):
    index = build_index(shards, RULES)
    for name in ("a", "b"):
        write_index(tmp_path / name / "index.parquet", index)
    read = read_index(tmp_path / "a" / "index.parquet")
    pd.testing.assert_frame_equal(read, index)
    assert (read["case"] == index["case"]).all()
    first, second = (tmp_path / name / "index.parquet" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_no_cases_give_an_empty_index(tmp_path):
    write_shard(tmp_path / "a.shard", [])
    index = build_index(ShardSet([tmp_path / "a.shard"]), RULES)
    write_index(tmp_path / "index.parquet", index)
    assert len(read_index(tmp_path / "index.parquet")) == 0


def test_a_case_without_label_is_named(tmp_path, make):
    write_shard(tmp_path / "a.shard", [make("x", labelled=False)])
    with pytest.raises(ImageError, match="case x has no label"):
        build_index(ShardSet([tmp_path / "a.shard"]), RULES)


def test_a_file_that_is_no_index_is_refused(tmp_path):
    path = tmp_path / "index.parquet"
    path.write_text("<html>")
    with pytest.raises(RadflowError, match=r"can't be read.*run the rule patches again"):
        read_index(path)
    pd.DataFrame({"case": ["a"], "x": [1]}).to_parquet(path)
    with pytest.raises(RadflowError, match=r"has columns .*'x'"):
        read_index(path)

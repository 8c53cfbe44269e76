"""Files appear whole or not at all."""

import hashlib
import math
import os
import stat
from pathlib import Path

import pandas as pd
import pytest

from radflow import files


def test_replacing_moves_the_finished_file_into_its_place(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.nii.gz"
    with files.replacing(path) as temporary:
        temporary.write_text("whole", encoding="utf-8")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.name.endswith("a.nii.gz")
    assert path.read_text(encoding="utf-8") == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_replacing_leaves_the_older_file_and_nothing_else_after_an_error(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("older", encoding="utf-8")

    def write() -> None:
        with files.replacing(path) as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text(encoding="utf-8") == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_cleans_up_where_the_place_is_taken_by_a_folder(tmp_path: Path) -> None:
    place = tmp_path / "a"
    (place / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="a"), files.replacing(place) as temporary:
        temporary.write_text("x", encoding="utf-8")
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    older = os.umask(mask)
    try:
        files.write_text(tmp_path / "a", "x")
        assert os.umask(mask) == mask
    finally:
        os.umask(older)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


def test_text_is_utf8_with_unix_line_ends(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a", "ä\nb\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa4\nb\n"


def test_json_is_sorted_ends_with_a_newline_and_comes_back(tmp_path: Path) -> None:
    record = {"b": [1, None, "x"], "a": {"d": 1.5, "c": True}}
    files.write_json(tmp_path / "a.json", record)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert text.index('"a"') < text.index('"b"')
    assert text.endswith("}\n")
    assert files.read_json(tmp_path / "a.json") == record


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused_and_leave_no_file(
    tmp_path: Path, value: float
) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", {"x": value})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.sha256_record({"x": value})
    assert list(tmp_path.iterdir()) == []


def test_tables_come_back_as_they_were(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "case": ["001", "NA", 'quote"tab\tline\n'],
            "n": [1, 2, 3],
            "x": [0.1, math.nan, 1 / 3],
            "note": ["a", None, "ü"],
        }
    )
    files.write_tsv(tmp_path / "a.tsv", table)
    back = files.read_tsv(tmp_path / "a.tsv", strings=("case", "note"))
    pd.testing.assert_frame_equal(back, table, check_dtype=False, rtol=1e-8)


def test_tables_are_the_same_bytes_each_time_and_empty_means_missing(tmp_path: Path) -> None:
    table = pd.DataFrame({"case": ["a"], "x": [math.nan], "y": [1 / 3]})
    files.write_tsv(tmp_path / "a.tsv", table)
    assert (tmp_path / "a.tsv").read_bytes() == b"case\tx\ty\na\t\t0.333333333\n"


def test_hashes_are_those_of_the_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_BLOCK_BYTES", 2)
    (tmp_path / "a").write_bytes(b"abcde")
    assert files.sha256_file(tmp_path / "a") == hashlib.sha256(b"abcde").hexdigest()
    md5 = hashlib.md5(b"abcde", usedforsecurity=False).hexdigest()
    assert files.hash_file(tmp_path / "a", "md5") == md5


def test_the_hash_of_a_record_does_not_depend_on_the_order_of_its_keys() -> None:
    assert files.sha256_record({"a": 1, "b": 2}) == files.sha256_record({"b": 2, "a": 1})
    assert files.sha256_record({"a": 1}) != files.sha256_record({"a": "1"})

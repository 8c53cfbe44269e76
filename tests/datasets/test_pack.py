import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radflow.config.dataset import ArchiveCaps
from radflow.datasets.archive import unpack
from radflow.datasets.pack import pack, scan_folder, write_tar
from radflow.errors import ArchiveError

CAPS = ArchiveCaps()
ROOT = os.geteuid() == 0


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "data"
    (made / "sub").mkdir(parents=True)
    (made / "sub" / "b.txt").write_bytes(b"b" * 5000)
    (made / "a.txt").write_bytes(b"a")
    return made


def packed(folder: Path, name: str = "out.tar", caps: ArchiveCaps = CAPS) -> Path:
    target = folder.parent / name
    pack(folder, target, caps)
    return target


def test_what_was_packed_unpacks_to_the_same_files(folder, tmp_path):
    unpack(packed(folder), tmp_path / "again", CAPS)
    for name in ("a.txt", "sub/b.txt"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_dates_rights_order_and_place_do_not_change_the_bytes(folder, tmp_path):
    first = packed(folder).read_bytes()
    other = tmp_path / "elsewhere" / "renamed"
    (other / "sub").mkdir(parents=True, mode=0o700)
    (other / "a.txt").write_bytes(b"a")
    (other / "sub" / "b.txt").write_bytes(b"b" * 5000)
    (other / "a.txt").chmod(0o600)
    os.utime(other / "a.txt", (1, 1))
    assert packed(other).read_bytes() == first


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text("abcdeéß日 ';$", min_size=1, max_size=80), st.binary(max_size=600)))
def test_any_harmless_names_and_contents_come_back(tmp_path_factory, contents):
    folder = tmp_path_factory.mktemp("any")
    (folder / "data").mkdir()
    for name, content in contents.items():
        (folder / "data" / name).write_bytes(content)
    scan = scan_folder(folder / "data", CAPS)
    bad = {offender.name for offender in scan.offenders}
    if len(bad) == len(contents):
        return
    write_tar(scan, folder / "out.tar")
    with tarfile.open(folder / "out.tar") as tar:
        back = {name: tar.extractfile(name).read() for name in tar.getnames()}
    assert back == {name: content for name, content in contents.items() if name not in bad}
    assert list(back) == sorted(back)


def test_all_that_must_not_be_packed_is_told_at_once_and_nothing_is_written(folder, tmp_path):
    (folder / "dangling").symlink_to("nowhere")
    (folder / "outward").symlink_to("/etc")
    (folder / "sub" / "inner").symlink_to("b.txt")
    os.mkfifo(folder / "pipe")
    (folder / "new\nline").touch()
    (folder / "back\\slash").touch()
    (folder / "A.txt").touch()
    (folder / "caf\u00e9").touch()
    (folder / "cafe\u0301").touch()
    (folder / os.fsdecode(b"latin-\xe9")).touch()
    with pytest.raises(ArchiveError) as caught:
        packed(folder)
    offenders = caught.value.offenders
    assert len(offenders) == 11
    text = str(caught.value)
    assert "'dangling': a link to 'nowhere', which is not there" in text
    assert "'outward': a link to '/etc'" in text
    assert "'sub/inner': a link to 'b.txt'" in text
    assert "'pipe': neither a file nor a folder" in text
    assert "'new\\nline': control characters" in text
    assert "'A.txt': its name differs from 'a.txt' only in case" in text
    assert "'caf\\xe9': its name differs from" in text
    assert "no UTF-8" in text
    assert "cp -rL" in text
    assert "Rename one" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_twin_folders_are_refused_with_all_they_hold(folder):
    (folder / "SUB").mkdir()
    (folder / "SUB" / "c.txt").touch()
    scan = scan_folder(folder, CAPS)
    assert [offender.name for offender in scan.offenders] == ["SUB", "sub"]
    assert [name for name, _ in scan.files] == ["a.txt"]


@pytest.mark.skipif(ROOT, reason="the administrator may read everything")
def test_files_and_folders_without_the_right_to_read_are_told(folder):
    (folder / "a.txt").chmod(0)
    (folder / "sub").chmod(0)
    try:
        reasons = {each.name: each.reason for each in scan_folder(folder, CAPS).offenders}
    finally:
        (folder / "sub").chmod(0o700)
    assert "Permission denied" in reasons["a.txt"]
    assert "Permission denied" in reasons["sub/"]


def test_a_file_that_can_not_be_opened_is_told(folder, monkeypatch):
    def refuse(path, flags):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("radflow.datasets.pack.os.open", refuse)
    scan = scan_folder(folder, CAPS)
    assert {offender.kind for offender in scan.offenders} == {"unreadable"}
    assert scan.files == ()


@pytest.mark.parametrize("caps", [ArchiveCaps(members=1), ArchiveCaps(gigabytes=1e-6)])
def test_more_than_the_card_allows_is_told_with_the_bounds(folder, caps):
    with pytest.raises(ArchiveError, match=r"more than `members: \d+` and `gigabytes"):
        packed(folder, caps=caps)


def test_an_empty_folder_and_a_missing_one_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveError, match="holds no file"):
        packed(tmp_path / "empty")
    with pytest.raises(ArchiveError, match="is no folder"):
        packed(tmp_path / "nowhere")


def test_a_folder_is_not_packed_into_itself(folder):
    with pytest.raises(ArchiveError, match="its own archive"):
        pack(folder, folder / "sub" / "out.tar", CAPS)


@pytest.mark.parametrize("content", [b"a" * 99, b""])
def test_a_file_that_changes_after_it_was_listed_is_not_packed(folder, content, tmp_path):
    scan = scan_folder(folder, CAPS)
    (folder / "a.txt").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"a\.txt changed while it was packed"):
        write_tar(scan, tmp_path / "out.tar")
    assert not (tmp_path / "out.tar").exists()

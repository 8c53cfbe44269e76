import io
import tarfile
import tracemalloc
import zipfile

import pytest

from radflow.config.dataset import ArchiveCaps
from radflow.datasets import archive as archives
from radflow.datasets.archive import scan, unpack
from radflow.errors import ArchiveError

CAPS = ArchiveCaps()


def member(name, content=b"x", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def tar_of(path, *members, mode="w"):
    with tarfile.open(path, mode) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


def test_files_and_folders_are_unpacked_with_their_bytes(tmp_path):
    folder = member("set", b"", type=tarfile.DIRTYPE, mode=0o755)
    archive = tar_of(tmp_path / "a.tar", folder, member("set/a.txt", b"one"), member("b", b"two"))
    unpack(archive, tmp_path / "out", CAPS)
    assert (tmp_path / "out/set/a.txt").read_bytes() == b"one"
    assert (tmp_path / "out/b").read_bytes() == b"two"


def test_a_gzip_compressed_tar_is_unpacked_whatever_its_name(tmp_path):
    archive = tar_of(tmp_path / "a.tar", member("a", b"one"), mode="w:gz")
    unpack(archive, tmp_path / "out", CAPS)
    assert (tmp_path / "out/a").read_bytes() == b"one"


def test_files_that_macos_adds_are_left_out(tmp_path):
    archive = tar_of(tmp_path / "a.tar", member("set/a"), member("set/._a"))
    unpack(archive, tmp_path / "out", CAPS)
    assert [path.name for path in (tmp_path / "out/set").iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([member("a", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")], "'a': a link"),
        ([member("a", b"", type=tarfile.LNKTYPE, linkname="b")], "'a': a link"),
        ([member("a", b"", type=tarfile.FIFOTYPE)], "'a': a special file"),
        ([member("a", b"", type=tarfile.CHRTYPE)], "'a': a special file"),
        ([member("/a")], "'/a': an absolute path"),
        ([member("C:/a")], "'C:/a': an absolute path"),
        ([member("b/../../a")], "'b/../../a': a path that leaves the folder"),
        ([member("a"), member("./a")], "a duplicate"),
        ([member("set/a"), member("SET/A")], "'SET/A': a duplicate"),
        ([member("\u00fcber"), member("u\u0308ber")], "a duplicate"),
        ([member("a"), member("a/b")], "'a/b': below a file"),
        ([member("a\nb")], r"'a\\nb': control characters"),
        ([member("a\\b")], "backslashes"),
        ([member("n" * 256)], "more than 255 bytes"),
    ],
)
def test_a_member_that_is_not_harmless_is_refused_and_nothing_is_written(tmp_path, members, words):
    archive = tar_of(tmp_path / "a.tar", *members)
    with pytest.raises(ArchiveError, match=words):
        unpack(archive, tmp_path / "out", CAPS)
    assert not (tmp_path / "out").exists()


def test_all_offenders_are_listed_at_once(tmp_path):
    archive = tar_of(tmp_path / "a.tar", member("/a"), member("fine"), member("../b"))
    with pytest.raises(ArchiveError, match=r"2 of 3 members(.|\n)*'/a'(.|\n)*'\.\./b'"):
        scan(archive, CAPS)


def test_too_many_members_are_refused_with_the_bound(tmp_path):
    archive = tar_of(tmp_path / "a.tar", *[member(str(n)) for n in range(4)])
    with pytest.raises(ArchiveError, match=r"more than 3 members.*`archive: members`"):
        scan(archive, ArchiveCaps(members=3))


def test_too_many_bytes_are_refused_with_the_bound(tmp_path):
    archive = tar_of(tmp_path / "a.tar", member("a", bytes(2000)))
    with pytest.raises(ArchiveError, match=r"more than 1e-06 GB unpacked.*`archive: gigabytes`"):
        scan(archive, ArchiveCaps(gigabytes=1e-6))


def test_an_archive_that_grows_over_200_times_is_refused_as_a_bomb(tmp_path):
    archive = tar_of(tmp_path / "a.tar.gz", member("a", bytes(1 << 25)), mode="w:gz")
    with pytest.raises(ArchiveError, match="200 times its size: refused as a bomb"):
        scan(archive, CAPS)


def test_a_header_of_a_gigabyte_is_refused_without_reading_it(tmp_path):
    info = tarfile.TarInfo("header")
    info.type, info.size = tarfile.XHDTYPE, 1 << 30
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(1024))
    tracemalloc.start()
    with pytest.raises(ArchiveError, match="a header of 1073741824 bytes"):
        scan(tmp_path / "a.tar", CAPS)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>" * 100, b"\x1f\x8b broken"])
def test_what_is_no_tar_is_refused(tmp_path, content):
    (tmp_path / "a.tar").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"a\.tar: .*from its source"):
        scan(tmp_path / "a.tar", CAPS)


def test_a_zip_is_called_one(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.tar", "w") as archive:
        archive.writestr("a.nii", bytes(2000))
    with pytest.raises(ArchiveError, match="It is a ZIP: unpack it, and name the folder"):
        scan(tmp_path / "a.tar", CAPS)


def test_a_truncated_archive_is_refused(tmp_path):
    archive = tar_of(tmp_path / "a.tar", member("a", bytes(9000)))
    archive.write_bytes(archive.read_bytes()[:5000])
    with pytest.raises(ArchiveError, match="no whole tar archive"):
        scan(archive, CAPS)


def test_an_empty_archive_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="the archive is empty"):
        scan(tar_of(tmp_path / "a.tar"), CAPS)


def test_nothing_is_unpacked_into_a_folder_that_holds_files(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("precious")
    with pytest.raises(ArchiveError, match="is not empty"):
        unpack(tar_of(tmp_path / "a.tar", member("a")), tmp_path / "out", CAPS)


@pytest.mark.parametrize(
    ("swapped", "words"),
    [
        (member("a", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a link"),
        (member("../a"), "a path that leaves the folder"),
        (member("/elsewhere/a"), "an absolute path"),
    ],
)
def test_an_archive_that_is_exchanged_after_its_scan_is_refused(
    tmp_path, monkeypatch, swapped, words
):
    monkeypatch.setattr(archives, "scan", lambda *_: ["good", "a"])
    archive = tar_of(tmp_path / "a.tar", member("good"), swapped)
    with pytest.raises(ArchiveError, match=f"{words}, and was not when"):
        unpack(archive, tmp_path / "out", CAPS)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tar", "good", "out"]


def test_only_names_and_bytes_of_members_reach_the_disk(tmp_path):
    archive = tar_of(tmp_path / "a.tar", member("a", mode=0o4777, mtime=0, uid=1))
    unpack(archive, tmp_path / "out", CAPS)
    (tmp_path / "plain").write_bytes(b"x")
    found, plain = ((tmp_path / name).stat() for name in ("out/a", "plain"))
    assert (found.st_mode, found.st_uid) == (plain.st_mode, plain.st_uid)
    assert found.st_mtime > 0

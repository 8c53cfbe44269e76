import hashlib
import tarfile

import pytest
from own_data import write_msd

from radflow.errors import ArchiveError, ConfigError
from radflow.new import place as module
from radflow.new.place import opened


@pytest.fixture
def archive(tmp_path):
    write_msd(tmp_path / "own", cases=1)
    path = tmp_path / "mirror" / "own.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tmp_path / "own", "own")
    return path


def source(place):
    return {entry.key: entry.value for entry in place.source}


def test_a_folder_is_looked_at_in_place_and_named_relative_to_the_project(archive, tmp_path):
    with opened(str(tmp_path / "own"), project=tmp_path, mirror=None) as place:
        assert place.root == tmp_path / "own"
        assert source(place) == {"path": "own"}
    with opened(str(tmp_path / "own"), project=tmp_path / "mirror", mirror=None) as place:
        assert source(place) == {"path": str(tmp_path / "own")}


def test_an_archive_is_unpacked_for_as_long_as_it_is_looked_at(archive, tmp_path):
    with opened(str(archive), project=tmp_path, mirror=None) as place:
        assert (place.root / "own" / "dataset.json").is_file()
        assert source(place) == {"path": "mirror/own.tar.gz"}
    assert list((tmp_path / "data").iterdir()) == []


def test_a_name_in_the_mirror_folder_comes_with_its_checksum(archive, tmp_path):
    with opened("own.tar.gz", project=tmp_path, mirror=archive.parent) as place:
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        assert source(place) == {"mirror": "own.tar.gz", "checksum": f"sha256:{digest}"}


@pytest.mark.parametrize("data", ["nowhere", "../own.tar.gz", ""])
def test_what_is_nowhere_is_told_with_where_was_looked(archive, tmp_path, data, monkeypatch):
    monkeypatch.chdir(archive.parent)
    mirror = tmp_path / "none" if data else None
    if data == "":
        data = "x"
    with (
        pytest.raises(ConfigError, match=r"there is no .* correct --data"),
        opened(data, project=tmp_path, mirror=mirror),
    ):
        pass


def test_a_damaged_archive_leaves_nothing_behind(tmp_path):
    (tmp_path / "bad.tar").write_bytes(b"x" * 2000)
    with (
        pytest.raises(ArchiveError),
        opened(str(tmp_path / "bad.tar"), project=tmp_path, mirror=None),
    ):
        pass
    assert list((tmp_path / "data").iterdir()) == []


def test_links_are_told_and_more_files_than_usual_raise_the_bound(archive, tmp_path, monkeypatch):
    (tmp_path / "own" / "link").symlink_to("/etc")
    caps = module.ArchiveCaps(members=2, gigabytes=1e-6)
    monkeypatch.setattr(module, "_CAPS", caps)
    with opened(str(tmp_path / "own"), project=tmp_path, mirror=None) as place:
        assert "1 problems forbid to pack" in place.remarks[0]
        assert {entry.key: entry.value for entry in place.archive} == {"members": 5, "gigabytes": 1}

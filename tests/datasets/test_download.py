import json
import tarfile

import pytest
from downloads import HALF, SIZE, no_leftovers

from radflow.config.dataset import Source
from radflow.errors import ArchiveError, DownloadError


def test_a_file_is_downloaded_verified_and_recorded_without_dates_or_paths(fetch, server, source):
    server.script = [server.serve()]
    fetch(source)
    assert fetch.archive.read_bytes() == server.content
    assert no_leftovers(fetch)
    assert json.loads(fetch.record.read_text()) == {
        "dataset": "toy",
        "archive": "toy.tar",
        "url_or_mirror": server.url,
        "checksum": server.checksum,
        "sha256": server.checksum.removeprefix("sha256:"),
        "bytes": SIZE,
        "licence": "CC0-1.0",
        "citation": "none",
    }


def test_a_server_that_announces_less_than_the_file_is_caught_by_the_checksum(
    fetch, server, source
):
    server.script = [server.serve(announced=HALF)]
    with pytest.raises(DownloadError, match=f"another file.*{HALF} bytes.*the card says"):
        fetch(source)


def test_a_wrong_file_is_removed_and_the_next_source_is_asked(fetch, server, source):
    server.script = [server.serve(b"another file"), server.serve(etag='"v2"')]
    second = Source(url=server.url + "?second", checksum=server.checksum)
    fetch(source, second)
    assert fetch.archive.read_bytes() == server.content
    assert no_leftovers(fetch)
    assert json.loads(fetch.record.read_text())["url_or_mirror"].endswith("?second")


def test_a_file_in_the_mirror_comes_before_any_address_and_needs_no_network(
    fetch, server, source, tmp_path
):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/second.tar").write_bytes(server.content)
    second = Source(mirror="second.tar", checksum=server.checksum)
    fetch(source, second, mirror=tmp_path / "mirror")
    assert server.requests == []
    assert fetch.archive.read_bytes() == server.content
    record = json.loads(fetch.record.read_text())
    assert record["url_or_mirror"] == "second.tar"
    assert str(tmp_path) not in fetch.record.read_text()


def test_a_wrong_file_in_the_mirror_is_passed_over(fetch, server, source, tmp_path):
    (tmp_path / "toy.tar").write_bytes(b"wrong")
    server.script = [server.serve()]
    fetch(Source(mirror="toy.tar", url=source.url, checksum=server.checksum), mirror=tmp_path)
    assert fetch.archive.read_bytes() == server.content


def test_when_no_source_answers_each_is_named_with_its_reason_and_the_way_out(
    fetch, server, tmp_path
):
    server.script = [server.fail(403)]
    sources = (
        Source(url=server.url, mirror="toy.tar", checksum=server.checksum),
        Source(mirror="small.tar", checksum="md5:" + "1" * 32),
        Source(url="ftp://127.0.0.1/toy.tar", checksum=server.checksum),
    )
    with pytest.raises(DownloadError) as caught:
        fetch(*sources, mirror=tmp_path / "nowhere")
    message = str(caught.value)
    assert f"mirror file {tmp_path / 'nowhere/toy.tar'}: its folder does not exist" in message
    assert f"{server.url}: the server answers 403 Forbidden" in message
    assert "ftp://127.0.0.1/toy.tar: only http and https addresses are read" in message
    assert f"small.tar (md5:{'1' * 32})" in message
    assert f"toy.tar ({server.checksum})" in message
    assert "RADFLOW_MIRROR=/folder" in message
    assert "`mirror: /folder` in config/config.yaml" in message
    assert not fetch.archive.exists()
    assert not fetch.record.exists()


def test_a_password_in_an_address_is_never_shown(fetch, server):
    server.script = [server.fail(404)]
    secret = server.url.replace("http://", "http://me:secret@")
    with pytest.raises(DownloadError) as caught:
        fetch(Source(url=secret, checksum=server.checksum))
    assert "secret" not in str(caught.value)


def test_two_downloads_write_the_same_record(fetch, server, source):
    server.script = [server.serve()]
    fetch(source)
    first = fetch.record.read_bytes()
    fetch(source)
    assert fetch.record.read_bytes() == first


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "my data"
    (made / "b").mkdir(parents=True)
    (made / "b" / "two.txt").write_bytes(b"2" * 2000)
    (made / "one.txt").write_bytes(b"1")
    return made


def test_a_folder_of_this_machine_is_packed_and_its_place_is_not_recorded(fetch, folder, tmp_path):
    fetch(Source(path=str(folder)))
    with tarfile.open(fetch.archive) as tar:
        assert tar.getnames() == ["b/two.txt", "one.txt"]
    record = json.loads(fetch.record.read_text())
    assert (record["url_or_mirror"], record["checksum"]) == ("my data", None)
    assert str(tmp_path) not in fetch.record.read_text()
    assert no_leftovers(fetch)


def test_a_relative_path_lies_below_the_projects_folder(fetch, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fetch(Source(path="my data"))
    assert json.loads(fetch.record.read_text())["url_or_mirror"] == "my data"


def test_a_folder_with_another_checksum_is_not_taken(fetch, folder):
    with pytest.raises(DownloadError, match="another file: its md5 is"):
        fetch(Source(path=str(folder), checksum="md5:" + "1" * 32))
    assert not fetch.archive.exists()


def test_an_archive_of_this_machine_is_copied_and_verified(fetch, server, tmp_path):
    (tmp_path / "mine.tar").write_bytes(server.content)
    fetch(Source(path=str(tmp_path / "mine.tar"), checksum=server.checksum))
    assert fetch.archive.read_bytes() == server.content
    assert (tmp_path / "mine.tar").is_file()
    (tmp_path / "mine.tar").write_bytes(b"changed")
    with pytest.raises(DownloadError, match="another file"):
        fetch(Source(path=str(tmp_path / "mine.tar"), checksum=server.checksum))


def test_a_path_that_is_not_there_is_told_with_the_way_out(fetch, tmp_path):
    with pytest.raises(DownloadError, match="no such file") as caught:
        fetch(Source(path=str(tmp_path / "nowhere")))
    assert "Correct `path` in the dataset card" in str(caught.value)
    assert "RADFLOW_MIRROR" not in str(caught.value)


def test_a_folder_that_must_not_be_packed_is_not_passed_over_for_an_address(
    fetch, server, source, folder
):
    server.script = [server.serve()]
    (folder / "link").symlink_to("one.txt")
    with pytest.raises(ArchiveError, match=r"a link to 'one\.txt'"):
        fetch(Source(path=str(folder)), source)
    assert server.requests == []

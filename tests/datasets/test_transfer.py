import errno
import json
import os
import shutil

import pytest
from downloads import HALF, SIZE, no_leftovers

from radflow.errors import DownloadError


def test_a_connection_cut_half_way_is_resumed_by_a_range(fetch, server, source):
    server.script = [server.serve(sent=HALF), server.serve()]
    fetch(source)
    assert fetch.archive.read_bytes() == server.content
    assert "range" not in server.requests[0]
    assert server.requests[1]["range"] == f"bytes={HALF}-"
    assert server.requests[1]["if-range"] == '"v1"'


def test_a_later_run_goes_on_where_an_earlier_one_broke_off(fetch, server, source):
    server.script = [server.serve(sent=HALF)] + [server.fail(503)] * 3
    with pytest.raises(DownloadError):
        fetch(source)
    assert fetch.part.stat().st_size == HALF
    server.script, server.requests = [server.serve()], []
    fetch(source)
    assert [request.get("range") for request in server.requests] == [f"bytes={HALF}-"]
    assert fetch.archive.read_bytes() == server.content
    assert no_leftovers(fetch)


def test_a_server_that_ignores_ranges_starts_from_the_first_byte(fetch, server, source):
    server.script = [server.serve(sent=HALF), server.serve(ranges=False)]
    fetch(source)
    assert server.requests[1]["range"] == f"bytes={HALF}-"
    assert fetch.archive.read_bytes() == server.content


def test_a_file_that_changed_between_two_tries_is_not_joined(fetch, server, source):
    older = bytes(SIZE)
    server.script = [server.serve(older, sent=HALF, etag='"v0"'), server.serve()]
    fetch(source)
    assert fetch.archive.read_bytes() == server.content


def test_without_etag_another_total_size_starts_again(fetch, server, source):
    older = bytes(SIZE + 5)
    server.script = [server.serve(older, sent=HALF, etag=None), server.serve(etag=None)]
    fetch(source)
    assert [request.get("range") for request in server.requests] == [None, f"bytes={HALF}-", None]
    assert fetch.archive.read_bytes() == server.content


def test_a_range_that_was_not_asked_for_starts_again(fetch, server, source):
    def wrong_range(handler):
        size = SIZE
        server.head(
            handler, 206, Content_Range=f"bytes 5-{size - 1}/{size}", Content_Length=size - 5
        )
        handler.wfile.write(server.content[5:])

    server.script = [server.serve(sent=HALF), wrong_range, server.serve()]
    fetch(source)
    assert fetch.archive.read_bytes() == server.content


def test_a_part_that_the_server_finds_too_long_is_thrown_away(fetch, server, source):
    server.script = [server.serve(sent=HALF), server.fail(416), server.serve()]
    fetch(source)
    assert "range" not in server.requests[2]
    assert fetch.archive.read_bytes() == server.content


def test_a_complete_part_is_not_asked_for_again(fetch, server, source):
    server.script = [server.serve()]
    fetch(source)
    fetch.archive.replace(fetch.part)
    state = {"url": server.url, "total": SIZE, "validator": None}
    fetch.part.with_name("toy.tar.part.json").write_text(json.dumps(state))
    server.requests = []
    fetch(source)
    assert server.requests == []
    assert fetch.archive.read_bytes() == server.content


def test_503_is_asked_again_with_doubling_delays(fetch, server, source):
    server.script = [server.fail(503), server.fail(503), server.serve()]
    fetch(source)
    assert fetch.slept == [1, 2]
    assert fetch.archive.read_bytes() == server.content


def test_404_is_not_asked_again(fetch, server, source):
    server.script = [server.fail(404)]
    with pytest.raises(DownloadError, match="the server answers 404"):
        fetch(source)
    assert len(server.requests) == 1
    assert fetch.slept == []


def test_a_server_that_announces_more_than_it_sends_is_given_up(fetch, server, source):
    server.script = [server.serve(announced=SIZE + 100, ranges=False)]
    words = f"announced {SIZE + 100} bytes and sent {SIZE}.*3 attempts"
    with pytest.raises(DownloadError, match=words):
        fetch(source)
    assert not fetch.archive.exists()


def test_nobody_at_the_address_is_said_after_all_attempts(fetch, server, source):
    server.server_close()
    with pytest.raises(DownloadError, match=r"no connection: .*refused.*\(3 attempts"):
        fetch(source)
    assert fetch.slept == [1, 2]


def test_a_full_disk_is_said_and_no_other_source_is_tried(fetch, server, source, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    server.script = [server.serve()]
    with pytest.raises(DownloadError, match=r"the disk is full .*GB are free.*Free space"):
        fetch(source, source)
    assert len(server.requests) == 1
    assert not fetch.archive.exists()


def test_too_little_space_is_said_before_the_first_byte(fetch, server, source, monkeypatch):
    usage = shutil.disk_usage(".")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    server.script = [server.serve()]
    with pytest.raises(DownloadError, match="GB are needed and 1e-06 GB are free"):
        fetch(source)
    assert not fetch.part.exists()


def test_a_stream_of_unknown_length_that_breaks_is_asked_for_again(fetch, server, source):
    def broken_chunks(handler):
        server.head(handler, 200, Transfer_Encoding="chunked")
        handler.wfile.write(b"5\r\n12345\r\nff\r\n123")

    server.script = [broken_chunks, server.serve(ranges=False)]
    fetch(source)
    assert len(server.requests) == 2
    assert fetch.archive.read_bytes() == server.content

"""What is remembered of sources is what reading them would find."""

import hashlib
import json
from pathlib import Path

import pytest

from radflow import source
from radflow.source import Source, read_source, remember_sources

_TEXT = b"import os\nfrom . import near\nx = 1  # one\n"


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".snakemake").mkdir()
    monkeypatch.chdir(tmp_path)
    _forget()
    yield
    _forget()


def _forget() -> None:
    source._memory.cache_clear()


def _read(text: bytes = _TEXT) -> Source:
    return read_source(text, "radflow.sub.deep", is_package=False)


def test_imports_have_full_names_and_wording_does_not_count() -> None:
    assert _read().imports == ("os", "radflow.sub", "radflow.sub.near")
    assert _read(_TEXT.replace(b"# one", b"# 1")).digest == _read().digest
    assert _read(_TEXT.replace(b"x = 1", b"x = 2")).digest != _read().digest


def test_the_next_program_finds_what_this_one_found_without_parsing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = _read()
    remember_sources()
    _forget()
    monkeypatch.setattr(source.ast, "parse", lambda *_, **__: pytest.fail("parsed again"))
    assert _read() == found


def test_another_source_or_another_way_of_hashing_is_read_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _read()
    remember_sources()
    _forget()
    assert _read(_TEXT + b"y = 2\n").digest != _read().digest
    monkeypatch.setattr(source, "_own_digest", lambda: "other")
    monkeypatch.setattr(source, "_spell", lambda _, tokens: tokens.append("other"))
    assert _read().digest == hashlib.sha256(b"other").hexdigest()


@pytest.mark.parametrize("damage", ["", "[1, 2]", "{", '{"a": 3}'])
def test_a_damaged_memory_counts_as_none(damage: str) -> None:
    expected = _read()
    source.MEMORY.write_text(damage, encoding="utf-8")
    _forget()
    assert _read() == expected
    remember_sources()
    assert len(json.loads(source.MEMORY.read_text(encoding="utf-8"))) == 1


def test_nothing_is_written_outside_a_project_or_without_news(tmp_path: Path) -> None:
    _read()
    remember_sources()
    written = source.MEMORY.stat().st_mtime_ns
    _forget()
    _read()
    remember_sources()
    assert source.MEMORY.stat().st_mtime_ns == written
    source.MEMORY.unlink()
    source.MEMORY.parent.rmdir()
    _read(b"z = 3\n")
    remember_sources()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        _read(b"def")

"""The record of simulated archives names and hashes each of them, and says they are simulated."""

from pathlib import Path

from simulated import phantom_card

from radflow.files import read_json, sha256_file
from radflow.phantom.record import record_simulation


def _recorded(folder: Path, contents: list[bytes]) -> dict[str, object]:
    archives = [folder / f"toys/{number:03d}.tar" for number in range(len(contents))]
    for archive, content in zip(archives, contents, strict=True):
        archive.parent.mkdir(parents=True, exist_ok=True)
        archive.write_bytes(content)
    record = folder / "toys.source.json"
    record_simulation(phantom_card(), archives, name="toys", record_path=record)
    return read_json(record)


def test_every_archive_is_recorded_with_its_hash(tmp_path: Path) -> None:
    record = _recorded(tmp_path, [b"one", b"three"])
    assert record["simulated"] is True
    assert (record["dataset"], record["licence"], record["citation"]) == ("toys", "CC0-1.0", "none")
    assert record["archives"] == [
        {
            "archive": f"toys/{number:03d}.tar",
            "sha256": sha256_file(tmp_path / f"toys/{number:03d}.tar"),
            "bytes": size,
        }
        for number, size in ((0, 3), (1, 5))
    ]
    assert record["bytes"] == 8


def test_one_hash_stands_for_all_archives(tmp_path: Path) -> None:
    first = _recorded(tmp_path / "a", [b"one", b"two"])
    again = _recorded(tmp_path / "b", [b"one", b"two"])
    swapped = _recorded(tmp_path / "c", [b"two", b"one"])
    assert first == again
    assert len(str(first["sha256"])) == 64
    assert first["sha256"] != swapped["sha256"]


def test_no_folder_of_this_machine_is_named(tmp_path: Path) -> None:
    _recorded(tmp_path, [b"one"])
    assert str(tmp_path) not in (tmp_path / "toys.source.json").read_text()

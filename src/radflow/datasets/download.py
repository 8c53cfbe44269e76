"""Get a dataset's archive from the first source that has it, and verify it."""

from collections.abc import Iterator
from pathlib import Path

from radflow.config.dataset import DatasetCard, Source
from radflow.datasets.storage import storage_problem
from radflow.datasets.transfer import Retries, TransferError, discard, redacted, transfer
from radflow.errors import DownloadError
from radflow.files import hash_file, replacing, sha256_file, write_json
from radflow.progress import Progress, say

_BLOCK_BYTES = 1 << 20


def download(
    card: DatasetCard,
    *,
    name: str,
    archive_path: Path,
    record_path: Path,
    mirror: Path | None,
    retries: Retries | None = None,
) -> None:
    """Put a verified archive at `archive_path`, and at `record_path` where it came from.

    First the files that the card's sources name in the mirror folder, in order; then the addresses,
    in order. A file takes its final name only when its checksum is right. A download that breaks
    off leaves ``ARCHIVE.part`` and goes on from there when run again. The record holds
    no date and no path of this machine: equal sources give equal records.

    Parameters
    ----------
    card
        Sources with checksums, licence and citation.
    name
        Of the dataset.
    archive_path, record_path
        ``data/raw/DATASET.tar`` and ``data/raw/DATASET.source.json``.
    mirror
        A folder that may hold archives, or None.
    retries
        How patiently addresses are asked.

    Raises
    ------
    DownloadError
        When no source has the archive: it names each with its reason, and how to set a mirror.
        Also when the disk is full.
    """
    part = archive_path.with_name(archive_path.name + ".part")
    reasons: list[str] = []
    try:
        archive_path.parent.mkdir(parents=True, exist_ok=True)
        for source, origin in _attempts(card.sources, mirror):
            try:
                if isinstance(origin, Path):
                    _copy(origin, archive_path, source.checksum)
                    place = origin.name
                else:
                    _fetch(origin, part, archive_path, source=source, retries=retries)
                    place = redacted(origin)
            except TransferError as error:
                reasons.append(f"{_called(origin)}: {error}")
                say(f"{name}: {reasons[-1]}")
                continue
            _record(card, source, place, name=name, archive=archive_path, record=record_path)
            say(f"{name}: {archive_path.stat().st_size} bytes from {place}, verified")
            return
    except OSError as error:
        message = storage_problem(error, archive_path.parent)
        if message is None:
            raise
        raise DownloadError(message) from error
    message = _no_source(card, name, reasons, mirror)
    raise DownloadError(message)


def _attempts(
    sources: tuple[Source, ...], mirror: Path | None
) -> Iterator[tuple[Source, Path | str]]:
    """Give what to try, in order: files of the mirror, then addresses."""
    if mirror is not None:
        for source in sources:
            if source.mirror is not None:
                yield source, mirror / source.mirror
    for source in sources:
        if source.url is not None:
            yield source, source.url


def _called(origin: Path | str) -> str:
    return f"mirror file {origin}" if isinstance(origin, Path) else redacted(origin)


def _copy(file: Path, target: Path, checksum: str | None) -> None:
    if not file.is_file():
        there = "no such file" if file.parent.is_dir() else "the mirror folder does not exist"
        raise TransferError(there)
    with replacing(target) as temporary:
        with (
            file.open("rb") as source,
            temporary.open("wb") as copy,
            Progress(file.stat().st_size, "copy", unit="B") as progress,
        ):
            while block := source.read(_BLOCK_BYTES):
                copy.write(block)
                progress.update(len(block))
        _verify(temporary, checksum)


def _fetch(url: str, part: Path, target: Path, *, source: Source, retries: Retries | None) -> None:
    transfer(url, part, retries=retries or Retries(), title="download")
    try:
        _verify(part, source.checksum)
    except TransferError:
        discard(part)
        raise
    part.replace(target)
    discard(part)


def _verify(path: Path, checksum: str | None) -> None:
    if checksum is None:
        return
    algorithm, expected = checksum.split(":")
    actual = hash_file(path, algorithm)
    if actual != expected:
        message = (
            f"another file: its {algorithm} is {actual} ({path.stat().st_size} bytes), "
            f"the card says {expected}"
        )
        raise TransferError(message)


def _record(
    card: DatasetCard, source: Source, place: str, *, name: str, archive: Path, record: Path
) -> None:
    fields = {
        "dataset": name,
        "archive": archive.relative_to(record.parent).as_posix(),
        "url_or_mirror": place,
        "checksum": source.checksum,
        "sha256": sha256_file(archive),
        "bytes": archive.stat().st_size,
        "licence": card.licence,
        "citation": card.citation,
    }
    write_json(record, fields)


def _no_source(card: DatasetCard, name: str, reasons: list[str], mirror: Path | None) -> str:
    files = [source for source in card.sources if source.mirror is not None]
    tried = [*reasons, *([] if mirror else ["mirror folder: none is set"])]
    lines = [f"{name}: no source has the archive.", "Tried:", *(f"  - {line}" for line in tried)]
    if files:
        lines += [
            "Where the network can't be reached, put one of these files into a folder:",
            *(f"  - {source.mirror} ({source.checksum})" for source in files),
            "and name that folder by the environment variable, RADFLOW_MIRROR=/folder, or by",
            "`mirror: /folder` in config/config.yaml. Then run again.",
        ]
    return "\n".join(lines)

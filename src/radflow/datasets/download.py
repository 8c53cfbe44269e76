"""Get a dataset's archive from the first source that has it, and verify it."""

from collections.abc import Iterator
from pathlib import Path

from radflow.config.dataset import ArchiveCaps, DatasetCard, Source
from radflow.datasets.pack import pack
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

    First the folders and files that the card's sources name on this machine and in the mirror
    folder, in order; then the addresses, in order. A folder is packed. A file takes its final name
    only when its checksum is right. A download that breaks off leaves ``ARCHIVE.part`` and goes on
    from there when run again. The record holds no date and no path of this machine: equal sources
    give equal records.

    Parameters
    ----------
    card
        Sources with checksums, licence, citation, and the bounds of an archive.
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
    ArchiveError
        When a folder holds what must not be packed.
    """
    part = archive_path.with_name(archive_path.name + ".part")
    reasons: list[str] = []
    try:
        archive_path.parent.mkdir(parents=True, exist_ok=True)
        for source, origin in _attempts(card.sources, mirror):
            try:
                if isinstance(origin, Path):
                    _take(origin, archive_path, checksum=source.checksum, caps=card.archive)
                    place = origin.resolve().name
                else:
                    _fetch(origin, part, archive_path, source=source, retries=retries)
                    place = redacted(origin)
            except TransferError as error:
                reasons.append(f"{_called(source, origin)}: {error}")
                say(f"{name}: {reasons[-1]}")
                continue
            _record(card, source, place, name=name, archive=archive_path, record=record_path)
            verified = ", verified" if source.checksum else ""
            say(f"{name}: {archive_path.stat().st_size} bytes from {place}{verified}")
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
    """Give what to try, in order: what lies on this machine, then addresses."""
    for source in sources:
        if source.path is not None:
            yield source, local_path(source.path)
        if source.mirror is not None and mirror is not None:
            yield source, mirror / source.mirror
    for source in sources:
        if source.url is not None:
            yield source, source.url


def local_path(path: str) -> Path:
    """Give the place of a source's `path`; a relative one lies below the project's folder."""
    return Path(path).expanduser()


def _called(source: Source, origin: Path | str) -> str:
    if isinstance(origin, str):
        return redacted(origin)
    local = source.path is not None and origin == local_path(source.path)
    return f"{'path' if local else 'mirror file'} {origin}"


def _take(origin: Path, target: Path, *, checksum: str | None, caps: ArchiveCaps) -> None:
    """Pack a folder, or copy a file."""
    if not origin.is_dir():
        _copy(origin, target, checksum)
        return
    pack(origin, target, caps)
    try:
        verify(target, checksum)
    except TransferError:
        target.unlink()
        raise


def _copy(file: Path, target: Path, checksum: str | None) -> None:
    if not file.is_file():
        there = "no such file" if file.parent.is_dir() else "its folder does not exist"
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
        verify(temporary, checksum)


def _fetch(url: str, part: Path, target: Path, *, source: Source, retries: Retries | None) -> None:
    transfer(url, part, retries=retries or Retries(), title="download")
    try:
        verify(part, source.checksum)
    except TransferError:
        discard(part)
        raise
    part.replace(target)
    discard(part)


def verify(path: Path, checksum: str | None) -> None:
    """Compare a file with the checksum of its source, where it has one.

    Raises
    ------
    TransferError
        When it is another file.
    """
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
    unset = ["mirror folder: none is set"] if files and mirror is None else []
    tried = [*reasons, *unset]
    lines = [f"{name}: no source has the archive.", "Tried:", *(f"  - {line}" for line in tried)]
    if any(source.path is not None for source in card.sources):
        lines.append("Correct `path` in the dataset card, or put the data there. Then run again.")
    if files:
        lines += [
            "Where the network can't be reached, put one of these files into a folder:",
            *(f"  - {source.mirror} ({source.checksum})" for source in files),
            "and name that folder by the environment variable, RADFLOW_MIRROR=/folder, or by",
            "`mirror: /folder` in config/config.yaml. Then run again.",
        ]
    return "\n".join(lines)

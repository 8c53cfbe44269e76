"""Unpack a tar that may be hostile: scanned as a whole before one byte of it is written.

Only names and bytes of members reach the disk, no link, owner, mode or time. Python's
``filter="data"`` is not used: it was bypassed more than once (CVE-2025-4517, CVE-2025-4138), and
Python 3.11 has it only from 3.11.4 on.
"""

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from radflow.config.dataset import ArchiveCaps
from radflow.datasets.names import folded, name_problems
from radflow.errors import ArchiveError
from radflow.progress import track

_GZIP_MAGIC = b"\x1f\x8b"
_MOST_RATIO = 200
_RATIO_COUNTS_FROM_BYTES = 1 << 24
_MOST_READ_BYTES = 1 << 24  # what tarfile holds in memory at once, e.g. an extended header
_SHOWN = 50


def unpack(archive: Path, folder: Path, caps: ArchiveCaps) -> None:
    """Scan a tar or tar.gz, then unpack its regular files into a new folder.

    Files that macOS adds (``._*``) are left out.

    Parameters
    ----------
    archive
        The tar.
    folder
        Must not exist, or be empty.
    caps
        Bounds on count and unpacked size.

    Raises
    ------
    ArchiveError
        When the archive is damaged or any member is no plain file or folder within `folder`; it
        lists all of them, and nothing was written.
    """
    names = scan(archive, caps)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        message = f"{folder} is not empty: archives are unpacked into new folders only"
        raise ArchiveError(message)
    with _members(archive) as (tar, members):
        for member in track(members, "unpack", total=len(names), unit="file"):
            if not _is_apple_double(member.name):
                _write(tar, member, folder)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    if reasons := list(_reasons(member)):
        message = (
            f"{member.name!a}: {', '.join(reasons)}, and was not when the archive was scanned. "
            "Let nothing write to it while it is unpacked"
        )
        raise ArchiveError(message)
    target = folder / member.name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with cast("IO[bytes]", tar.extractfile(member)) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file)


def scan(archive: Path, caps: ArchiveCaps) -> list[str]:
    """Read the whole table of contents and refuse it if any member is not harmless.

    Returns
    -------
    list of str
        Names of all members.

    Raises
    ------
    ArchiveError
        As for `unpack`.
    """
    offenders: list[str] = []
    seen: dict[str, bool] = {}
    names: list[str] = []
    size = 0
    with _members(archive) as (_, members):
        for member in members:
            names.append(member.name)
            size += member.size
            _check_caps(archive, len(names), size, caps=caps)
            reasons = [*_reasons(member), *_clashes(member, seen)]
            offenders += [f"{member.name!a}: {', '.join(reasons)}"] if reasons else []
    if not names:
        message = f"{archive}: the archive is empty. Get it again from its source"
        raise ArchiveError(message)
    if offenders:
        more = [f"... and {len(offenders) - _SHOWN} more"] if len(offenders) > _SHOWN else []
        lines = "\n".join(f"  {line}" for line in [*offenders[:_SHOWN], *more])
        message = (
            f"{archive}: {len(offenders)} of {len(names)} members must not be unpacked:\n{lines}\n"
            "Only plain files and folders below the archive's top are. Repack it without the others"
        )
        raise ArchiveError(message, offenders=offenders)
    return names


def _check_caps(archive: Path, count: int, size: int, *, caps: ArchiveCaps) -> None:
    most_bytes = caps.gigabytes * 1e9
    packed = archive.stat().st_size
    if count > caps.members:
        problem, cap = f"more than {caps.members} members", "archive: members"
    elif size > most_bytes:
        problem, cap = f"more than {caps.gigabytes:g} GB unpacked", "archive: gigabytes"
    elif size > max(_RATIO_COUNTS_FROM_BYTES, _MOST_RATIO * packed):
        message = f"{archive}: unpacks to over {_MOST_RATIO} times its size: refused as a bomb"
        raise ArchiveError(message)
    else:
        return
    message = f"{archive}: {problem}. If the dataset is that large, raise `{cap}` in its card"
    raise ArchiveError(message)


def _reasons(member: tarfile.TarInfo) -> Iterator[str]:
    """Say what is wrong with one member by itself."""
    if not (member.isreg() or member.isdir()) or member.issparse():
        kind = "link" if member.issym() or member.islnk() else "special file"
        yield f"a {kind}"
    path = PurePosixPath(member.name)
    if path.is_absolute() or (len(member.name) > 1 and member.name[1] == ":"):
        yield "an absolute path"
    if ".." in path.parts:
        yield "a path that leaves the folder"
    yield from name_problems(member.name)


def _clashes(member: tarfile.TarInfo, seen: dict[str, bool]) -> Iterator[str]:
    """Say whether a member takes another's place; `seen` maps a path to "is a file"."""
    path = PurePosixPath(folded(member.name))
    key = str(path)
    if key in seen and (seen[key] or not member.isdir()):
        yield "a duplicate (also where upper and lower case are one)"
    if any(seen.get(str(parent), False) for parent in path.parents):
        yield "below a file"
    seen[key] = seen.get(key, False) or not member.isdir()


def _is_apple_double(name: str) -> bool:
    return PurePosixPath(name).name.startswith("._")


@contextmanager
def _members(
    archive: Path,
) -> Generator[tuple[tarfile.TarFile, Iterator[tarfile.TarInfo]]]:
    """Open a tar, compressed or not, and give its members one after the other."""
    try:
        with archive.open("rb") as stream:
            compressed = stream.read(2) == _GZIP_MAGIC
            stream.seek(0)
            inner = gzip.GzipFile(fileobj=stream) if compressed else stream
            guarded = cast("IO[bytes]", _Guarded(cast("IO[bytes]", inner)))
            with tarfile.open(fileobj=guarded, mode="r:") as tar:
                yield tar, iter(tar)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        remedy = "Get it again from its source"
        if zipfile.is_zipfile(archive):
            remedy = "It is a ZIP: unpack it, and name the folder"
        message = f"{archive}: no whole tar archive: {error}. {remedy}"
        raise ArchiveError(message) from error


class _Guarded:
    """A readable file that refuses to be read in huge pieces, as a bomb of headers would need."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        if not 0 <= size <= _MOST_READ_BYTES:
            message = f"a header of {size} bytes"
            raise tarfile.ReadError(message)
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a byte."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Give the position in bytes."""
        return self._stream.tell()

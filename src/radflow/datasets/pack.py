"""Pack a folder of this machine into a tar: the same files always give the same bytes."""

import os
import stat
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, cast

from radflow.config.dataset import ArchiveCaps
from radflow.datasets.names import folded, name_problems
from radflow.errors import ArchiveError
from radflow.files import replacing
from radflow.progress import Progress

_SHOWN = 50
_MODE = 0o644


class _Kind(NamedTuple):
    fault: int
    remedy: str


KINDS = {
    "link": _Kind(12, "Replace links by their files: `cp -rL FOLDER COPY` makes such a copy"),
    "unreadable": _Kind(12, "Give yourself the right to read: `chmod -R u+rX FOLDER`"),
    "special-file": _Kind(12, "Move it out of the folder: only plain files are packed"),
    "file-name": _Kind(13, "Rename it"),
    "twin-names": _Kind(13, "Rename one: some systems take them for one file"),
    "too-much": _Kind(9, "Name a smaller folder, or raise the bound in the section `archive`"),
}
"""What can be wrong in a folder: the row of the catalogue of faults, and what to do."""


class Offender(NamedTuple):
    """Something in a folder that must not be packed; `kind` is a key of `KINDS`."""

    name: str
    kind: str
    reason: str


@dataclass(frozen=True)
class FolderScan:
    """What a folder holds.

    Attributes
    ----------
    folder
        The folder.
    files
        Relative path and size in bytes of each harmless file, sorted by path.
    offenders
        Everything else but folders, sorted.
    """

    folder: Path
    files: tuple[tuple[str, int], ...]
    offenders: tuple[Offender, ...]

    @property
    def size(self) -> int:
        """Bytes of all harmless files."""
        return sum(size for _, size in self.files)


def scan_folder(folder: Path, caps: ArchiveCaps) -> FolderScan:
    """Look at every name below a folder; links are not followed, files are opened but not read.

    Raises
    ------
    ArchiveError
        When the folder itself can't be read.
    """
    if not folder.is_dir():
        message = f"{folder} is no folder. Correct the path"
        raise ArchiveError(message)
    files: list[tuple[str, int]] = []
    offenders: list[Offender] = []
    size = 0
    for found in _walk(folder):
        if isinstance(found, Offender):
            offenders.append(found)
            continue
        files.append(found)
        size += found[1]
        if len(files) > caps.members or size > caps.gigabytes * 1e9:
            bounds = f"`members: {caps.members}` and `gigabytes: {caps.gigabytes:g}`"
            offenders.append(Offender("", "too-much", f"the folder holds more than {bounds}"))
            break
    refused = {offender.name for offender in offenders}
    kept = (file for file in files if not _below(file[0], refused))
    return FolderScan(folder, tuple(sorted(kept)), tuple(sorted(offenders)))


def pack(folder: Path, target: Path, caps: ArchiveCaps) -> None:
    """Write all files of a folder as a tar: sorted, without owners, dates or rights.

    Parameters
    ----------
    folder
        Nothing in it is changed. Its own name and place do not enter the archive.
    target
        The tar; it appears when it is complete.
    caps
        Bounds on count and size.

    Raises
    ------
    ArchiveError
        When anything in the folder is no plain, readable, plainly named file; it lists all of them,
        and nothing is written. Also when a file changes while it is read.
    """
    if target.resolve().is_relative_to(folder.resolve()):
        message = f"{folder} holds {target}, its own archive. Move the data to a folder of its own"
        raise ArchiveError(message)
    scan = scan_folder(folder, caps)
    if scan.offenders:
        raise _refusal(scan)
    write_tar(scan, target)


def write_tar(scan: FolderScan, target: Path) -> None:
    """Write the harmless files of a folder as a tar.

    Raises
    ------
    ArchiveError
        When there is none, or a file changes while it is read.
    """
    if not scan.files:
        message = f"{scan.folder} holds no file that can be packed. Correct the path"
        raise ArchiveError(message)
    with (
        replacing(target) as temporary,
        tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar,
        Progress(scan.size, "pack", unit="B") as progress,
    ):
        for name, size in scan.files:
            _add(tar, scan.folder / name, name, size=size, progress=progress)


def _walk(folder: Path) -> Iterator[tuple[str, int] | Offender]:
    """Give each file with its size, and everything that is wrong, folder by folder."""
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        try:
            with os.scandir(folder / prefix) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Offender(prefix, "unreadable", f"the folder can't be read: {error.strerror}")
            continue
        yield from _twins(prefix, [entry.name for entry in listed])
        for entry in listed:
            name = prefix + entry.name
            for reason in name_problems(entry.name):
                yield Offender(name, "file-name", reason)
            if entry.is_dir(follow_symlinks=False):
                waiting.append(f"{name}/")
            else:
                yield _file(entry, name)


def _file(entry: os.DirEntry[str], name: str) -> tuple[str, int] | Offender:
    status = entry.stat(follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        link = Path(entry.path)
        dangling = "" if link.exists() else ", which is not there"
        return Offender(name, "link", f"a link to {str(link.readlink())!a}{dangling}")
    if not stat.S_ISREG(status.st_mode):
        return Offender(name, "special-file", "neither a file nor a folder")
    try:
        with _opened(Path(entry.path)):
            return name, status.st_size
    except OSError as error:
        return Offender(name, "unreadable", f"it can't be read: {error.strerror}")


def _twins(prefix: str, names: list[str]) -> Iterator[Offender]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[folded(name)].append(name)
    for group in groups.values():
        for name in group if len(group) > 1 else ():
            others = ", ".join(ascii(other) for other in group if other != name)
            reason = f"its name differs from {others} only in case or composed letters"
            yield Offender(prefix + name, "twin-names", reason)


def _below(name: str, refused: set[str]) -> bool:
    """Say whether a file, or a folder above it, was refused by name."""
    parts = name.split("/")
    return any("/".join(parts[:end]) in refused for end in range(1, len(parts) + 1))


def _refusal(scan: FolderScan) -> ArchiveError:
    listed = [f"{each.name!a}: {each.reason}" for each in scan.offenders]
    more = [f"... and {len(listed) - _SHOWN} more"] if len(listed) > _SHOWN else []
    lines = "\n".join(f"  {line}" for line in [*listed[:_SHOWN], *more])
    remedies = dict.fromkeys(KINDS[each.kind].remedy for each in scan.offenders)
    message = (
        f"{scan.folder}: {len(listed)} problems forbid to pack it:\n{lines}\n{'. '.join(remedies)}"
    )
    return ArchiveError(message, offenders=listed)


def _add(tar: tarfile.TarFile, path: Path, name: str, *, size: int, progress: Progress) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, _MODE
    with _opened(path) as stream:
        before = os.fstat(stream.fileno())
        try:
            tar.addfile(info, cast("IO[bytes]", _Counted(stream, progress)))
        except OSError as error:
            if error.errno is not None:  # tarfile's own, for a file that is too short, has none
                raise
        after = os.fstat(stream.fileno())
        same = (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    if not same or after.st_size != size:
        message = f"{path} changed while it was packed. Run again once nothing writes to the folder"
        raise ArchiveError(message)


def _opened(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")


class _Counted:
    """A readable file that counts what is read."""

    def __init__(self, stream: IO[bytes], progress: Progress) -> None:
        self._stream, self._progress = stream, progress

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        block = self._stream.read(size)
        self._progress.update(len(block))
        return block

"""The data a user names: a folder, an archive, or an archive of the mirror folder."""

import math
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from radflow.config.dataset import ArchiveCaps
from radflow.datasets.archive import unpack
from radflow.datasets.pack import scan_folder
from radflow.errors import ConfigError
from radflow.files import sha256_file
from radflow.new.files import files_below
from radflow.new.found import Entry

_CAPS = ArchiveCaps()
_WIDE_CAPS = ArchiveCaps(members=5_000_000, gigabytes=5000)
_ROOM = 1.5  # a dataset may grow by half before its card must be changed
_SHOWN = 2


@dataclass(frozen=True)
class Place:
    """Data as they can be looked at.

    Attributes
    ----------
    root
        Folder with the files.
    source
        What the card says of where they come from.
    archive
        Bounds that the card must raise; empty where the defaults do.
    remarks
        What is wrong with the folder.
    """

    root: Path
    source: tuple[Entry, ...]
    archive: tuple[Entry, ...] = ()
    remarks: tuple[str, ...] = field(default=())


@contextmanager
def opened(data: str, *, project: Path, mirror: Path | None) -> Generator[Place]:
    """Give the data as a folder; an archive is unpacked beside the project's data for as long.

    Parameters
    ----------
    data
        What the user typed.
    project
        The project's folder; what lies below it is named relative to it.
    mirror
        Folder of archives, or None.

    Raises
    ------
    ConfigError
        When there is nothing of that name.
    ArchiveError
        When an archive must not be unpacked.
    """
    path = Path(data).expanduser()
    if path.is_dir():
        yield _folder(path, project)
        return
    source = _source(path, project) if path.is_file() else _mirrored(data, mirror)
    archive = path if path.is_file() else Path(str(mirror), data)
    (project / "data").mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".tmp-new-", dir=project / "data"))
    try:
        unpack(archive, scratch / "data", _WIDE_CAPS)
        files = files_below(scratch / "data")
        size = sum(file.stat().st_size for file in files)
        yield Place(scratch / "data", source, _raised(len(files), size))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _folder(path: Path, project: Path) -> Place:
    scan = scan_folder(path, _WIDE_CAPS)
    named = [f"{each.name!a}: {each.reason}" for each in scan.offenders]
    remarks = []
    if named:
        more = "; ... (`radflow check` lists them all)" if len(named) > _SHOWN else ""
        listed = "; ".join(named[:_SHOWN]) + more
        remarks = [f"{len(named)} problems forbid to pack the folder: {listed}"]
    return Place(path, _source(path, project), _raised(len(scan.files), scan.size), tuple(remarks))


def _source(path: Path, project: Path) -> tuple[Entry, ...]:
    whole, root = path.resolve(), project.resolve()
    inside = whole.is_relative_to(root) and whole != root
    named = whole.relative_to(root).as_posix() if inside else whole.as_posix()
    where = "relative to this project" if inside else "on this machine"
    what = "a folder is packed, and no file of it changed" if path.is_dir() else "an archive"
    return (Entry("path", named, f"{where}; {what}"),)


def _mirrored(data: str, mirror: Path | None) -> tuple[Entry, ...]:
    if mirror is not None and Path(data).name == data and (mirror / data).is_file():
        checksum = f"sha256:{sha256_file(mirror / data)}"
        return (
            Entry("mirror", data, "in the folder that RADFLOW_MIRROR or config.yaml names"),
            Entry("checksum", checksum),
        )
    folder = f"in {mirror}" if mirror else "in a mirror folder (none is set: RADFLOW_MIRROR)"
    message = (
        f"there is no {data!r}, neither as a folder or archive (seen from {Path.cwd()}) nor "
        f"{folder}: correct --data"
    )
    raise ConfigError(message)


def _raised(count: int, size: int) -> tuple[Entry, ...]:
    """Raise the bounds of the archive where the data need it."""
    entries: list[Entry] = []
    if count > _CAPS.members / _ROOM:
        entries.append(Entry("members", math.ceil(count * _ROOM), f"{count} files were there"))
    if size > _CAPS.gigabytes * 1e9 / _ROOM:
        gigabytes = math.ceil(size * _ROOM / 1e9)
        entries.append(Entry("gigabytes", gigabytes, f"{size / 1e9:.3g} GB were there"))
    return tuple(entries)

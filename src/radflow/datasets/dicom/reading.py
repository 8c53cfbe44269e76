"""The only place that opens DICOM files: bounded in bytes, and with one kind of error.

pydicom trusts lengths that a file declares and raises whatever happens to go wrong first. Here no
read goes beyond the file, a deflated file may not swell without bound, and each failure becomes an
`UnreadableDicomError` that carries pydicom's own message.
"""

import os
import warnings
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import IO, Any, BinaryIO, cast

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset, read_preamble
from pydicom.uid import DeflatedExplicitVRLittleEndian

from radflow.errors import ImageError

_MOST_HEADER_BYTES = 1 << 26
"""Elements before the voxels; a thousand frames describe themselves in about 2 MiB."""
_MOST_INFLATED_RATIO = 200
_RATIO_COUNTS_FROM_BYTES = 1 << 24
_MOST_LETTERS = 200
_FILE_META_GROUP = 0x0002


class UnreadableDicomError(ImageError):
    """Raised when a file is no whole DICOM instance; `rule` is the short name of the fault."""

    def __init__(self, *, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class _Bounded:
    """A file that never gives more bytes than it has, or than may be read of it."""

    def __init__(self, stream: IO[bytes], most_bytes: int | None) -> None:
        self._stream = stream
        self._size = os.fstat(stream.fileno()).st_size
        self._most = self._size if most_bytes is None else most_bytes

    def read(self, count: int | None = -1) -> bytes:
        here = self._stream.tell()
        left = max(0, self._size - here)
        wanted = left if count is None or count < 0 else min(count, left)
        if here + wanted > self._most:
            message = f"more than {self._most} bytes stand before the voxels"
            raise UnreadableDicomError(rule="dicom-header-bytes", message=message)
        return self._stream.read(wanted)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def read_instance(path: Path, *, pixels: bool = False) -> Dataset:
    """Read one DICOM file, its voxels only where asked; nothing is decoded.

    Parameters
    ----------
    path
        The file.
    pixels
        Whether to read the voxels; without them at most 64 MiB are read.

    Raises
    ------
    UnreadableDicomError
        When the file is missing, empty, not DICOM, damaged, or swells when inflated.
    """
    try:
        with path.open("rb") as stream:
            bounded = _Bounded(stream, None if pixels else _MOST_HEADER_BYTES)
            _check_size(stream)
            stream.seek(0)
            return dcmread(cast("IO[bytes]", bounded), stop_before_pixels=not pixels)
    except UnreadableDicomError:
        raise
    except FileNotFoundError as error:
        message = f"{path.name} is not there"
        raise UnreadableDicomError(rule="missing-file", message=message) from error
    except OSError as error:
        message = f"{path.name} can't be read: {error.strerror}"
        raise UnreadableDicomError(rule="unreadable", message=message) from error
    except InvalidDicomError as error:
        raise UnreadableDicomError(rule="dicom-preamble", message=told(error)) from error
    except Exception as error:  # a damaged header makes pydicom raise almost anything
        raise UnreadableDicomError(rule="dicom-damaged", message=told(error)) from error


def told(error: Exception) -> str:
    """Give the first line of an error of pydicom, short and in printable ASCII."""
    first = next(iter(str(error).splitlines()), "no message")
    shown = " ".join(first.split()).encode("ascii", "backslashreplace").decode()[:_MOST_LETTERS]
    return f"{type(error).__name__}: {shown}"


@contextmanager
def quiet() -> Generator[None]:
    """Keep pydicom's warnings from the terminal: they repeat values of headers, names included.

    Threads may nest it: the filters of warnings are the whole program's, so the first to come
    saves them and the last to go puts them back.
    """
    with _quiet.lock:
        if _quiet.depth == 0:
            _quiet.saved = warnings.catch_warnings()
            _quiet.saved.__enter__()
            warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")
        _quiet.depth += 1
    try:
        yield
    finally:
        with _quiet.lock:
            _quiet.depth -= 1
            if _quiet.depth == 0:
                _quiet.saved.__exit__(None, None, None)


class _Quiet:
    """How many blocks are `quiet` now, and the filters from before the first of them."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.depth = 0
        self.saved: warnings.catch_warnings[Any] = warnings.catch_warnings()


_quiet = _Quiet()


def _check_size(stream: IO[bytes]) -> None:
    """Refuse an empty file; inflate a deflated one by way of trial, as pydicom has no bound."""
    if not stream.read(1):
        raise UnreadableDicomError(rule="empty-file", message="0 bytes")
    stream.seek(0)
    bounded = cast("BinaryIO", _Bounded(stream, _MOST_HEADER_BYTES))
    read_preamble(bounded, False)
    meta = read_dataset(bounded, False, True, stop_when=_behind_file_meta)
    if str(meta.get("TransferSyntaxUID", "")) != DeflatedExplicitVRLittleEndian:
        return
    size = os.fstat(stream.fileno()).st_size
    bound = max(_RATIO_COUNTS_FROM_BYTES, _MOST_INFLATED_RATIO * size)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = len(inflater.decompress(stream.read(), bound))
    if inflater.unconsumed_tail:
        message = f"{size} deflated bytes hold more than {bound}, the bound, {inflated} were seen"
        raise UnreadableDicomError(rule="dicom-bomb", message=message)


def _behind_file_meta(tag: int, _vr: str | None, _length: int) -> bool:
    return tag >> 16 != _FILE_META_GROUP

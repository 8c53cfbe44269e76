"""The bytes of a shard: arrays one after the other, then an index, then a fixed trailer.

====================  ==========================================================================
``MAGIC``             8 bytes
arrays                image float16 ``(c, i, j, k)``, then label uint8 ``(i, j, k)``, of each case;
                      little-endian, C order, each starting at a multiple of 64 bytes
index                 canonical JSON: version, cases, where their arrays lie and what they hash to
trailer               offset and length of the index (uint64), its SHA-256, ``MAGIC``
====================  ==========================================================================

The index holds the SHA-256 of every case's bytes, so the hash of the index names the content of
the whole file. The index comes last, so that a writer holds one case at a time.
"""

import hashlib
import json
import struct
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from radflow.errors import ImageError
from radflow.imaging.geometry import PreprocessedCase

Shape = tuple[int, int, int]

MAGIC = b"RADSHRD\x01"
ALIGNMENT = 64
IMAGE_TYPE = np.dtype("<f2")
LABEL_TYPE = np.dtype("u1")
VERSION = 1
_TRAILER = struct.Struct("<QQ32s8s")


@dataclass(frozen=True)
class Entry:
    """What the index keeps of a case.

    Attributes
    ----------
    shape
        Voxels of the volume, RAS axes.
    channels
        Of the image.
    image_at, label_at, end
        Bytes from the start of the file: image, label (None: no label), and the end of both.
    sha256
        Of the bytes from `image_at` to `end`.
    geometry
        Record of a `radflow.imaging.geometry.Geometry`.
    """

    shape: Shape
    channels: int
    image_at: int
    label_at: int | None
    end: int
    sha256: str
    geometry: dict[str, Any]

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Entry":
        """Read an entry's JSON record."""
        i, j, k = record.pop("shape")
        return cls(shape=(i, j, k), **record)


def write_case(stream: BinaryIO, record: PreprocessedCase) -> Entry:
    """Append a case's arrays to a shard; return its entry for the index."""
    digest = hashlib.sha256()
    image = np.ascontiguousarray(record.image, IMAGE_TYPE)
    image_at = _align(stream)
    pieces = [image.tobytes()]
    label_at = None
    if record.label is not None:
        gap = -len(pieces[0]) % ALIGNMENT
        label_at = image_at + len(pieces[0]) + gap
        pieces += [bytes(gap), np.ascontiguousarray(record.label, LABEL_TYPE).tobytes()]
    for piece in pieces:
        stream.write(piece)
        digest.update(piece)
    return Entry(
        shape=record.geometry.grid_shape,
        channels=len(image),
        image_at=image_at,
        label_at=label_at,
        end=stream.tell(),
        sha256=digest.hexdigest(),
        geometry=record.geometry.to_dict(),
    )


def write_index(stream: BinaryIO, cases: dict[str, Entry]) -> None:
    """End a shard, whose arrays have been written to `stream`, with its index and trailer."""
    record = {
        "version": VERSION,
        "cases": {case: asdict(entry) for case, entry in cases.items()},
    }
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    offset = stream.tell()
    stream.write(text)
    stream.write(_TRAILER.pack(offset, len(text), hashlib.sha256(text).digest(), MAGIC))


def read_index(path: Path) -> tuple[dict[str, Entry], str]:
    """Read the index of a shard, and its SHA-256 in hexadecimal.

    Raises
    ------
    ImageError
        If the file is missing, no shard, cut short, has bytes added, or its index is altered.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(len(MAGIC))
            if head != MAGIC:
                raise _broken(path, "is no shard, or of another version")
            stream.seek(max(size - _TRAILER.size, 0))
            tail = stream.read()
            if len(tail) != _TRAILER.size or not tail.endswith(MAGIC):
                raise _broken(path, f"is cut short, or has bytes added ({size} bytes)")
            offset, length, digest, _ = _TRAILER.unpack(tail)
            if offset + length + _TRAILER.size != size:
                raise _broken(path, f"has {size} bytes, not {offset + length + _TRAILER.size}")
            stream.seek(offset)
            text = stream.read(length)
    except OSError as error:
        message = f"shard {path} can't be read: {error}; run preprocess again"
        raise ImageError(message) from error
    if hashlib.sha256(text).digest() != digest:
        raise _broken(path, "has an index that does not match its checksum")
    cases = json.loads(text)["cases"]
    return {case: Entry.from_dict(record) for case, record in cases.items()}, digest.hex()


def _align(stream: BinaryIO) -> int:
    stream.write(bytes(-stream.tell() % ALIGNMENT))
    return stream.tell()


def _broken(path: Path, what: str) -> ImageError:
    return ImageError(f"shard {path} {what}; delete it and run preprocess again")

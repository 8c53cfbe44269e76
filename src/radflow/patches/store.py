"""Preprocessed volumes in shards: one file of many cases, read at random through a memory map.

``benchmarks/store.md`` says why a plain memory map and not zarr or blosc2. Images are kept as
float16: within 2 standard deviations a z-scored voxel is off by 0.0005 of them at most, up to 16
by 0.004, which noise exceeds by far; HU up to 2,048 are exact.
"""

import hashlib
import mmap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from radflow.errors import ImageError, LeakError
from radflow.files import replacing
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.patches.shard_format import (
    IMAGE_TYPE,
    LABEL_TYPE,
    MAGIC,
    Entry,
    Shape,
    read_index,
    write_case,
    write_index,
)

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]


def write_shard(path: Path, records: Iterable[PreprocessedCase]) -> None:
    """Write cases into one file; the same cases in the same order give the same bytes.

    Holds one case in memory at a time.

    Parameters
    ----------
    path
        File to write, or to replace once the new one is complete.
    records
        Cases with an equal number of channels.

    Raises
    ------
    ImageError
        If two cases have one id, channels differ in number, an image does not fit its label or
        geometry, or a value is beyond float16.
    """
    cases: dict[str, Entry] = {}
    channels: int | None = None
    with replacing(path) as temporary, temporary.open("wb") as stream:
        stream.write(MAGIC)
        for record in records:
            channels = channels or len(record.image)
            _check(record, channels, taken=record.case in cases)
            cases[record.case] = write_case(stream, record)
        write_index(stream, cases)


class ShardReader:
    """The cases of one shard.

    Only the index is read at once; the rest is mapped into memory at the first read, in each
    process anew. Safe to use from several threads, to fork, and to pickle. A copy in another
    process refuses a file that has been replaced since.

    Attributes
    ----------
    path
        The file.
    sha256
        Of the index, and so of all the file's content.
    cases
        Ids, in the order of the file.

    Raises
    ------
    ImageError
        If the file is no shard, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        index, self.sha256 = read_index(path)
        self._entries = index
        self.cases = tuple(sorted(index, key=lambda case: index[case].image_at))
        self._map: mmap.mmap | None = None

    def image(
        self, case: str, start: Sequence[int] | None = None, size: Sequence[int] | None = None
    ) -> Floats:
        """Read an image, or a box of it.

        Parameters
        ----------
        case
            Id.
        start, size
            First voxel and extent of the box, in voxels ``(i, j, k)``; None reads the whole.

        Returns
        -------
        ndarray
            ``(c, i, j, k)`` float32, a copy.

        Raises
        ------
        ImageError
            If the case is not in the shard, or the box is not inside the volume.
        """
        entry = self._entry(case)
        whole = np.ndarray(
            (entry.channels, *entry.shape), IMAGE_TYPE, self._mapped(), entry.image_at
        )
        box = _box(case, entry.shape, start, size)
        return whole[(slice(None), *box)].astype(np.float32)

    def label(
        self, case: str, start: Sequence[int] | None = None, size: Sequence[int] | None = None
    ) -> Labels:
        """Read a label map, or a box of it, ``(i, j, k)`` uint8; see `image`; refused if none."""
        entry = self._entry(case)
        if entry.label_at is None:
            message = f"case {case} has no label in {self.path}; leave it out of this step"
            raise ImageError(message)
        whole = np.ndarray(entry.shape, LABEL_TYPE, self._mapped(), entry.label_at)
        return whole[_box(case, entry.shape, start, size)].copy()

    def labelled(self, case: str) -> bool:
        """Whether the case has a label map."""
        return self._entry(case).label_at is not None

    def shape(self, case: str) -> Shape:
        """Voxels of the preprocessed volume along the RAS axes."""
        return self._entry(case).shape

    def channels(self, case: str) -> int:
        """Channels of the image."""
        return self._entry(case).channels

    def geometry(self, case: str) -> Geometry:
        """Give the way back to the source's grid."""
        return Geometry.from_dict(self._entry(case).geometry)

    def verify(self) -> None:
        """Hash every case against the index; `ImageError` names those that were altered."""
        view = memoryview(self._mapped())
        altered = [
            case
            for case, entry in self._entries.items()
            if hashlib.sha256(view[entry.image_at : entry.end]).hexdigest() != entry.sha256
        ]
        if altered:
            message = (
                f"shard {self.path}: the bytes of {len(altered)} cases have changed since they "
                f"were written ({', '.join(sorted(altered)[:5])}); run preprocess again"
            )
            raise ImageError(message)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_map": None}

    def _entry(self, case: str) -> Entry:
        if case not in self._entries:
            message = f"case {case} is not in shard {self.path} of {len(self.cases)} cases"
            raise ImageError(message)
        return self._entries[case]

    def _mapped(self) -> mmap.mmap:
        if self._map is None:
            if read_index(self.path)[1] != self.sha256:
                message = f"shard {self.path} has been replaced since it was opened; start again"
                raise ImageError(message)
            with self.path.open("rb") as stream:
                self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        return self._map


class ShardSet:
    """The cases of several shards as one; methods as those of `ShardReader`.

    Raises
    ------
    LeakError
        If a case is in two shards.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.readers = tuple(ShardReader(path) for path in paths)
        self._homes: dict[str, ShardReader] = {}
        for reader in self.readers:
            for case in reader.cases:
                if case in self._homes:
                    message = (
                        f"case {case} is in two shards, {self._homes[case].path} and "
                        f"{reader.path}; delete both and run preprocess again"
                    )
                    raise LeakError(message)
                self._homes[case] = reader
        self.cases = tuple(self._homes)

    def image(
        self, case: str, start: Sequence[int] | None = None, size: Sequence[int] | None = None
    ) -> Floats:
        """Read an image ``(c, i, j, k)`` float32, or a box of it (voxels); see `ShardReader`."""
        return self._home(case).image(case, start, size)

    def label(
        self, case: str, start: Sequence[int] | None = None, size: Sequence[int] | None = None
    ) -> Labels:
        """Read a label map ``(i, j, k)`` uint8, or a box of it (voxels); see `ShardReader`."""
        return self._home(case).label(case, start, size)

    def labelled(self, case: str) -> bool:
        """Whether the case has a label map."""
        return self._home(case).labelled(case)

    def shape(self, case: str) -> Shape:
        """Voxels of the preprocessed volume along the RAS axes."""
        return self._home(case).shape(case)

    def channels(self, case: str) -> int:
        """Channels of the image."""
        return self._home(case).channels(case)

    def geometry(self, case: str) -> Geometry:
        """Give the way back to the source's grid."""
        return self._home(case).geometry(case)

    def verify(self) -> None:
        """Hash every case's bytes and hold them against the indices; see `ShardReader`."""
        for reader in self.readers:
            reader.verify()

    def require(self, cases: Iterable[str]) -> None:
        """Refuse cases of which some are in no shard: `ImageError` with number and first one."""
        wanted = set(cases)
        if missing := sorted(wanted - self._homes.keys()):
            message = (
                f"{len(missing)} of {len(wanted)} cases are in none of the {len(self.readers)} "
                f"shards (first: {missing[0]}); run the rule preprocess again"
            )
            raise ImageError(message)

    def _home(self, case: str) -> ShardReader:
        if case not in self._homes:
            message = f"case {case} is in none of {len(self.readers)} shards; run preprocess again"
            raise ImageError(message)
        return self._homes[case]


def _check(record: PreprocessedCase, channels: int, *, taken: bool) -> None:
    shape = record.image.shape
    problems = {
        "is given twice": taken,
        f"has {shape[0]} channels where others have {channels}": shape[0] != channels,
        f"has an image of {shape[1:]} voxels on a grid of {record.geometry.grid_shape}": (
            shape[1:] != record.geometry.grid_shape
        ),
        f"has a label of another shape than its image, {shape[1:]}": (
            record.label is not None and record.label.shape != shape[1:]
        ),
        "has an empty image": record.image.size == 0,
    }
    for problem, found in problems.items():
        if found:
            message = f"case {record.case} {problem}; it can't be written into a shard"
            raise ImageError(message)
    largest = float(np.abs(record.image).max())
    if not largest <= float(np.finfo(np.float16).max):
        message = (
            f"case {record.case}: intensity {largest:g} is beyond the 65504 that a shard keeps; "
            "normalise the image (zscore), or repair it"
        )
        raise ImageError(message)


def _box(
    case: str, shape: Shape, start: Sequence[int] | None, size: Sequence[int] | None
) -> tuple[slice, slice, slice]:
    first = (0, 0, 0) if start is None else start
    extent = [n - at for n, at in zip(shape, first, strict=True)] if size is None else size
    inside = all(
        at >= 0 and n > 0 and at + n <= whole
        for at, n, whole in zip(first, extent, shape, strict=True)
    )
    if not inside:
        message = f"case {case}: box from {first} of {extent} voxels is not inside {shape}"
        raise ImageError(message)
    i, j, k = (slice(int(at), int(at + n)) for at, n in zip(first, extent, strict=True))
    return i, j, k

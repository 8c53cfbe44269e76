"""The stores that `benchmarks/store.py` compares, each one file, one thread, float16 and uint8."""
# ruff: noqa: D102  (the protocol says what the methods do)

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import blosc2
import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BloscCodec

from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.patches.store import ShardReader, write_shard

Floats = npt.NDArray[np.float32]
Half = npt.NDArray[np.float16]
Bytes = npt.NDArray[np.uint8]
Box = tuple[slice, slice, slice]
Shape = tuple[int, int, int]


class Store(Protocol):
    """What a candidate does: write all volumes into one file, then read boxes out of it."""

    def write(self, path: Path, volumes: list[tuple[Half, Bytes]]) -> None:
        """Write image and label of all volumes."""
        ...

    def open(self, path: Path) -> None:
        """Prepare for reading."""
        ...

    def read(self, volume: int, box: Box) -> tuple[Floats, Bytes]:
        """Read a box of a volume, as training wants it."""
        ...


def as_case(number: int, volume: tuple[npt.NDArray[Any], Bytes]) -> PreprocessedCase:
    """Dress a volume as a preprocessed case of 1 mm voxels."""
    image, label = volume
    geometry = Geometry(label.shape, np.eye(4), (1.0, 1.0, 1.0))
    return PreprocessedCase(f"{number:03}", image[None], label, geometry)


@dataclass
class MemoryMap(Store):
    """The project's own shards: uncompressed arrays, read through a memory map."""

    def write(self, path: Path, volumes: list[tuple[Half, Bytes]]) -> None:
        write_shard(path, map(as_case, range(len(volumes)), volumes))

    def open(self, path: Path) -> None:
        self.reader = ShardReader(path)

    def read(self, volume: int, box: Box) -> tuple[Floats, Bytes]:
        name = f"{volume:03}"
        start = [part.start for part in box]
        size = [part.stop - part.start for part in box]
        return self.reader.image(name, start, size)[0], self.reader.label(name, start, size)


@dataclass
class Blosc2(Store):
    """Contiguous frames one after the other, each opened once at its offset."""

    codec: Any
    patch: Shape
    index: list[tuple[int, int]] = field(default_factory=list)

    def write(self, path: Path, volumes: list[tuple[Half, Bytes]]) -> None:
        with path.open("wb") as stream:
            for image, label in volumes:
                places = []
                for array in (image, label):
                    places.append(stream.tell())
                    stream.write(self._pack(array))
                self.index.append((places[0], places[1]))

    def _pack(self, array: npt.NDArray[Any]) -> bytes:
        chunks = tuple(map(min, self.patch, array.shape))
        blocks = tuple(max(size // 2, 1) for size in chunks)
        cparams = blosc2.CParams(codec=self.codec, filters=[blosc2.Filter.BITSHUFFLE], nthreads=1)
        return blosc2.asarray(array, chunks=chunks, blocks=blocks, cparams=cparams).to_cframe()

    def open(self, path: Path) -> None:
        dparams = blosc2.DParams(nthreads=1)
        self.arrays = [
            tuple(
                blosc2.open(str(path), mode="r", offset=at, mmap_mode="r", dparams=dparams)
                for at in places
            )
            for places in self.index
        ]

    def read(self, volume: int, box: Box) -> tuple[Floats, Bytes]:
        image, label = self.arrays[volume]
        return image[box].astype(np.float32), label[box]


@dataclass
class Zarr(Store):
    """A zarr 3 group in one zip file, chunks as large as the patch."""

    patch: Shape

    def write(self, path: Path, volumes: list[tuple[Half, Bytes]]) -> None:
        with zarr.storage.ZipStore(path, mode="w", compression=zipfile.ZIP_STORED) as store:
            group = zarr.create_group(store)
            for number, (image, label) in enumerate(volumes):
                for name, array in (("image", image), ("label", label)):
                    chunks = tuple(map(min, self.patch, array.shape))
                    codec = BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle")
                    group.create_array(
                        f"{number}/{name}", data=array, chunks=chunks, compressors=codec
                    )

    def open(self, path: Path) -> None:
        group = zarr.open_group(zarr.storage.ZipStore(path, mode="r"), mode="r")
        numbers = sorted(map(int, group.group_keys()))
        self.arrays = [(group[f"{n}/image"], group[f"{n}/label"]) for n in numbers]

    def read(self, volume: int, box: Box) -> tuple[Floats, Bytes]:
        image, label = self.arrays[volume]
        return np.asarray(image[box]).astype(np.float32), np.asarray(label[box])


def candidates(patch: Shape) -> dict[str, Store]:
    """Make fresh stores, by name; the memory map comes first."""
    return {
        "memory map": MemoryMap(),
        "blosc2 lz4": Blosc2(blosc2.Codec.LZ4, patch),
        "blosc2 zstd": Blosc2(blosc2.Codec.ZSTD, patch),
        "zarr 3 lz4": Zarr(patch),
    }

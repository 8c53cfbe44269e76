"""Measure the stores that could hold preprocessed volumes: patch reads, bytes, time to write.

    python benchmarks/store.py --mirror FOLDER

Every candidate (`store_candidates.py`) holds float16 images and uint8 labels in one file, in one
process with one thread. They take turns, in another order each round; the table shows medians over
rounds, and reads also as a share of the memory map's in the same round. `store.md` keeps the
result and the choice.
"""

import argparse
import gzip
import statistics
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import blosc2
import nibabel as nib
import numpy as np
import zarr
from nibabel.spatialimages import SpatialImage
from store_candidates import Box, Bytes, Floats, Half, Shape, Store, as_case, candidates

from radflow.config.preprocess import PatchRules
from radflow.patches.index import build_index
from radflow.patches.sampler import PatchSampler
from radflow.patches.store import ShardSet, write_shard


def members(archive: Path) -> Iterator[tuple[str, SpatialImage]]:
    """Yield every NIfTI file of an archive, by its path in it."""
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda member: member.name):
            stream = tar.extractfile(member) if member.name.endswith(".nii.gz") else None
            if stream and "/._" not in member.name:
                yield member.name, nib.Nifti1Image.from_bytes(gzip.decompress(stream.read()))


def zscored(image: SpatialImage) -> Floats:
    """Normalise, C order."""
    array = image.get_fdata()
    return np.ascontiguousarray((array - array.mean()) / array.std(), np.float32)


def labels(image: SpatialImage) -> Bytes:
    """Read a label map, C order."""
    return np.ascontiguousarray(image.dataobj, np.uint8)


def hippocampus(mirror: Path) -> list[tuple[Floats, Bytes]]:
    """All cases of Task04: volumes of about 35x50x35."""
    found = {
        name: image
        for name, image in members(mirror / "Task04_Hippocampus_220.tar")
        if "/imagesTs/" not in name
    }
    return [
        (zscored(image), labels(found[name.replace("imagesTr", "labelsTr")]))
        for name, image in found.items()
        if "/imagesTr/" in name
    ]


def multiple_sclerosis(mirror: Path) -> list[tuple[Floats, Bytes]]:
    """Three patients with FLAIR, T1 and T2 as nine volumes of 182x218x182."""
    volumes: list[tuple[Floats, Bytes]] = []
    images: list[Floats] = []
    label = None
    for name, image in members(mirror / "open-ms-data.tar"):
        if "/mni/" not in name:
            continue
        if "GOLD_STANDARD" in name:
            label = labels(image)
        else:
            images.append(zscored(image))
        if len(images) == 3 and label is not None:
            volumes += [(array, label) for array in images]
            images, label = [], None
    return volumes


def boxes(shapes: list[Shape], patch: Shape, number: int) -> list[tuple[int, Box]]:
    """Draw the reads, the same for every candidate."""
    rng = np.random.default_rng(0)
    drawn = []
    for volume in rng.integers(len(shapes), size=number):
        sizes = [min(p, s) for p, s in zip(patch, shapes[volume], strict=True)]
        starts = [int(rng.integers(s - n + 1)) for s, n in zip(shapes[volume], sizes, strict=True)]
        i, j, k = (slice(at, at + n) for at, n in zip(starts, sizes, strict=True))
        drawn.append((int(volume), (i, j, k)))
    return drawn


def measure(
    volumes: list[tuple[Floats, Bytes]], patch: Shape, *, reads: int, rounds: int
) -> dict[str, dict[str, float]]:
    """Write and read with every candidate, in another order each round; medians over rounds."""
    halves = [(image.astype(np.float16), label) for image, label in volumes]
    drawn = boxes([image.shape for image, _ in volumes], patch, reads)
    voxels = sum(image.size for image, _ in volumes)
    rows: dict[str, list[tuple[float, ...]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds):
            stores = list(candidates(patch).items())
            start = turn % len(stores)
            measured: dict[str, tuple[float, ...]] = {}
            for name, store in stores[start:] + stores[:start]:
                path = Path(folder) / f"{turn}-{name.replace(' ', '-')}"
                clock = time.perf_counter()
                store.write(path, halves)
                written = time.perf_counter() - clock
                store.open(path)
                check(store, drawn, halves)
                clock = time.perf_counter()
                for volume, box in drawn:
                    store.read(volume, box)
                rate = reads / (time.perf_counter() - clock)
                measured[name] = (rate, path.stat().st_size / voxels, written)
                path.unlink()
            best = measured["memory map"][0]
            for name, (rate, size, written) in measured.items():
                rows.setdefault(name, []).append((rate, rate / best, size, written))
    columns = ("rate", "share", "size", "write")
    return {
        name: dict(zip(columns, map(statistics.median, zip(*row, strict=True)), strict=True))
        for name, row in rows.items()
    }


def check(store: Store, drawn: list[tuple[int, Box]], halves: list[tuple[Half, Bytes]]) -> None:
    """Read everything once: it must be right, and it fills the caches."""
    for volume, box in drawn:
        image, label = store.read(volume, box)
        np.testing.assert_array_equal(image, halves[volume][0][box])
        np.testing.assert_array_equal(label, halves[volume][1][box])


def time_sampler(volumes: list[tuple[Floats, Bytes]], patch: Shape, *, draws: int) -> float:
    """Median time of a balanced draw from the project's own shards, ms."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.shard"
        write_shard(path, map(as_case, range(len(volumes)), volumes))
        shards = ShardSet([path])
        index = build_index(shards, PatchRules())
        sampler = PatchSampler(
            index, shards, shards.cases, patch_size=patch, target_share=0.5, seed=0
        )
        times: list[float] = []
        for sample in range(draws):
            start = time.perf_counter()
            sampler.draw(sample)
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirror", type=Path, required=True, help="folder with the archives")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    blosc2.set_nthreads(1)
    zarr.config.set({"threading.max_workers": 1, "async.concurrency": 1})
    small, large = hippocampus(arguments.mirror), multiple_sclerosis(arguments.mirror)
    settings = [
        (f"{len(small)} hippocampi", small, (40, 56, 40), 400),
        (f"{len(large)} brains", large, (64, 64, 64), 60),
        (f"{len(large)} brains", large, (96, 96, 96), 30),
    ]
    for title, volumes, patch, reads in settings:
        near = max(float(np.abs(i - i.astype(np.float16))[np.abs(i) < 2].max()) for i, _ in volumes)
        error = max(float(np.abs(i - i.astype(np.float16)).max()) for i, _ in volumes)
        largest = max(float(np.abs(i).max()) for i, _ in volumes)
        print(f"\n{title}, patch {'x'.join(map(str, patch))}; float16:")
        print(
            f"largest error {error:.1e} SD ({near:.1e} within 2 SD), largest value {largest:.1f} SD"
        )
        print("store | reads/s | of memory map | bytes/voxel | write s")
        table = measure(volumes, patch, reads=reads, rounds=arguments.rounds)
        for name, row in table.items():
            print(
                f"{name} | {row['rate']:.0f} | {row['share']:.2f} | "
                f"{row['size']:.2f} | {row['write']:.2f}"
            )
    drawn = time_sampler(small, (40, 56, 40), draws=2000)
    print(f"\nPatchSampler.draw, hippocampi, patch 40x56x40: median {drawn:.2f} ms")


if __name__ == "__main__":
    main()

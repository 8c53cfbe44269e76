import numpy as np
import pytest

from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.patches.store import ShardSet, write_shard

SHAPES = {"001": (12, 14, 10), "1": (20, 9, 16), "b": (13, 13, 13), "c": (24, 22, 20)}


def make_case(name, shape=(12, 14, 10), *, channels=1, labelled=True):
    """A case whose image tells where each voxel comes from: channel 0 is the flat index."""
    rng = np.random.default_rng(len(name) + sum(shape))
    image = rng.normal(size=(channels, *shape)).astype(np.float32)
    label = np.zeros(shape, np.uint8)
    i, j, k = (size // 3 for size in shape)
    label[i : i + 3, j : j + 3, k : k + 3] = 1
    label[i + 3 : i + 5, j : j + 3, k] = 2
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    geometry = Geometry(shape, affine, (1.0, 1.0, 1.0))
    return PreprocessedCase(name, image, label if labelled else None, geometry)


@pytest.fixture(scope="session")
def make():
    return make_case


@pytest.fixture(scope="session")
def cases():
    return [make_case(name, shape) for name, shape in SHAPES.items()]


@pytest.fixture
def shard(tmp_path, cases):
    path = tmp_path / "a.shard"
    write_shard(path, iter(cases))
    return path


@pytest.fixture
def shards(tmp_path, cases):
    """Two shards of two cases each."""
    paths = [tmp_path / "0.shard", tmp_path / "1.shard"]
    write_shard(paths[0], cases[:2])
    write_shard(paths[1], cases[2:])
    return ShardSet(paths)

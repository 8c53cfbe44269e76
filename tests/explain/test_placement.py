import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_material import write_image

from radflow.config.classification import InputRules
from radflow.explain.placement import Canvas, maximum, to_source, write_map
from radflow.imaging.geometry import Geometry
from radflow.imaging.preparation import Preparation
from radflow.imaging.preprocess import preprocess_image
from radflow.patches.store import ShardSet, write_shard
from radflow.patches.views import ViewReader

OBLIQUE = np.array([[0, -1.5, 0, 40], [-0.9, 0, 0.1, 30], [0.1, 0, 3.0, -20], [0, 0, 0, 1.0]])


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    root = tmp_path_factory.mktemp("placement")
    image = np.random.default_rng(0).random((18, 20, 9)).astype(np.float32)
    write_image(root / "a.nii.gz", image, OBLIQUE)
    plan = Preparation(spacing_mm=(1.2, 1.2, 1.2), normalisation="zscore")
    case = preprocess_image([root / "a.nii.gz"], plan=plan, case="a")
    write_shard(root / "a.shard", [case])
    return ShardSet([root / "a.shard"])


VIEWS = {
    "whole": (InputRules(view="whole"), (24, 16, 22)),
    "slices": (InputRules(view="slices", axis=1), (24, 1, 22)),
    "neighbours": (InputRules(view="neighbours", axis=0, beside=2), (5, 12, 40)),
    "planes": (InputRules(view="planes"), (16, 16, 16)),
}


@pytest.mark.parametrize("name", VIEWS)
@given(shift=st.tuples(*[st.integers(-4, 4)] * 3))
def test_a_view_laid_back_is_the_image_it_was_read_from(shards, name, shift):
    rules, size = VIEWS[name]
    shape = shards.shape("a")
    centre = [n // 2 + by for n, by in zip(shape, shift, strict=True)]
    view = ViewReader(shards, rules, size).read("a", centre)
    # A map of one slice: of the neighbours the middle one is where the view is.
    maps = view[len(view) // 2][None] if name == "neighbours" else view
    canvas = Canvas(rules, size, shape)
    canvas.add(maps, centre)
    assert canvas.seen.any()
    image = shards.image("a")[0]
    np.testing.assert_array_equal(canvas.map[canvas.seen], image[canvas.seen])
    assert not canvas.map[~canvas.seen].any()


def test_slices_fill_the_voxels_up_to_the_next_view():
    rules = InputRules(view="slices", axis=2, every=3)
    canvas = Canvas(rules, (4, 4, 1), (4, 4, 9))
    for at in (1, 4, 7):
        canvas.add(np.full((1, 4, 4), at, np.float32), (2, 2, at))
    assert canvas.map[0, 0].tolist() == [1, 1, 1, 4, 4, 4, 7, 7, 7]


def test_one_map_lies_in_all_three_planes():
    canvas = Canvas(InputRules(view="planes"), (4, 4, 4), (4, 4, 4))
    canvas.add(np.ones((1, 4, 4), np.float32), (2, 2, 2))
    assert canvas.seen.sum() == 64 - 27
    assert canvas.map.max() == 1


def test_a_point_comes_back_to_where_the_source_has_it():
    geometry = Geometry((18, 20, 9), OBLIQUE, (1.2, 1.2, 1.2))
    i, j, k = np.indices(geometry.grid_shape)
    voxel = np.array([7, 12, 13])
    bump = np.exp(-((i - voxel[0]) ** 2 + (j - voxel[1]) ** 2 + (k - voxel[2]) ** 2) / 18)
    found = to_source(bump.astype(np.float32), geometry)
    assert found.shape == geometry.shape
    mm = geometry.grid_affine @ [*voxel, 1]
    expected = np.linalg.inv(OBLIQUE) @ mm
    at = maximum(found, np.ones(found.shape, bool))
    assert np.abs(np.array(at) - expected[:3]).max() <= 0.75


def test_an_unchanged_grid_is_only_turned():
    affine = np.diag([-1.0, 1.0, 1.0, 1.0])
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    found = to_source(values, Geometry((2, 3, 4), affine, (1.0, 1.0, 1.0)))
    np.testing.assert_array_equal(found, values[::-1])


def test_maps_are_written_with_the_affine_of_the_source(tmp_path):
    geometry = Geometry((18, 20, 9), OBLIQUE, (1.2, 1.2, 1.2))
    values = np.random.default_rng(0).random((18, 20, 9)).astype(np.float32)
    write_map(tmp_path / "a.nii.gz", values, geometry)
    image = nib.load(tmp_path / "a.nii.gz")
    assert image.get_data_dtype() == np.float32
    np.testing.assert_array_equal(np.asarray(image.dataobj), values)
    np.testing.assert_allclose(image.affine, OBLIQUE, atol=1e-5)


def test_of_a_plateau_the_middle_is_the_maximum():
    values = np.zeros((9, 9, 1), np.float32)
    values[2:7, 3:6] = 1
    assert maximum(values, np.ones(values.shape, bool)) == (4, 4, 0)
    seen = np.zeros(values.shape, bool)
    seen[:4] = True
    assert maximum(values, seen)[0] in {2, 3}


def test_a_map_that_is_the_same_everywhere_has_no_maximum():
    assert maximum(np.zeros((3, 3, 3), np.float32), np.ones((3, 3, 3), bool)) is None
    assert maximum(np.zeros((3, 3, 3), np.float32), np.zeros((3, 3, 3), bool)) is None

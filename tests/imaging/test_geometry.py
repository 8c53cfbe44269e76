import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radflow.imaging.geometry import Geometry, grid_distance_mm, voxel_size

shapes = st.tuples(*[st.integers(1, 40)] * 3)
spacings = st.tuples(*[st.floats(0.5, 4.0)] * 3)


@given(data=st.data(), shape=shapes, spacing=spacings)
def test_a_geometry_survives_its_record(data, oblique, shape, spacing):
    geometry = Geometry(shape, data.draw(oblique), spacing)
    read = Geometry.from_dict(json.loads(json.dumps(geometry.to_dict())))
    assert read == geometry
    assert hash(read) == hash(geometry)
    assert read.grid_shape == geometry.grid_shape
    np.testing.assert_array_equal(read.grid_affine, geometry.grid_affine)
    assert pickle.loads(pickle.dumps(geometry)) == geometry  # noqa: S301


@given(data=st.data(), shape=shapes, spacing=spacings)
def test_both_grids_have_the_same_centre_in_mm(data, oblique, shape, spacing):
    geometry = Geometry(shape, data.draw(oblique), spacing)
    source = geometry.affine @ [*((n - 1) / 2 for n in shape), 1]
    grid = geometry.grid_affine @ [*((n - 1) / 2 for n in geometry.grid_shape), 1]
    np.testing.assert_allclose(grid, source, atol=1e-6)
    np.testing.assert_allclose(voxel_size(geometry.grid_affine), spacing, rtol=2e-4)


def test_geometries_that_differ_are_not_equal():
    geometry = Geometry((3, 4, 5), np.eye(4), (1.0, 1.0, 1.0))
    assert geometry != Geometry((3, 4, 5), np.eye(4), (1.0, 1.0, 2.0))
    assert geometry != Geometry((3, 4, 5), np.diag([1.0, 1, 2, 1]), (1.0, 1.0, 1.0))
    assert geometry != "geometry"


def test_distance_of_grids_is_that_of_the_worst_corner():
    moved = np.eye(4)
    moved[0, 3] = 0.5
    moved[0, 0] = 1.1
    assert grid_distance_mm(np.eye(4), moved, (11, 1, 1)) == pytest.approx(1.5)
    assert grid_distance_mm(moved, moved, (11, 1, 1)) == 0

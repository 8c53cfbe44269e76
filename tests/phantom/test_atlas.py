"""The average head: shares, distances, and where its parts lie."""

import numpy as np

from radflow.phantom.atlas import load_atlas


def test_the_shares_of_tissues_fill_the_brain_and_nothing_else() -> None:
    atlas = load_atlas()
    total = atlas.csf + atlas.grey + atlas.white
    assert set(np.unique(total.round(4))) == {0.0, 1.0}


def test_the_brain_has_about_the_volumes_of_the_average_brain() -> None:
    atlas = load_atlas()
    grey, white, ventricles = (
        float(share.sum()) / 1000 for share in (atlas.grey, atlas.white, atlas.ventricles)
    )
    assert 900 < grey < 1300
    assert 500 < white < 800
    assert 10 < ventricles < 30


def test_depth_is_negative_in_the_brain_and_grows_outwards_by_millimetres() -> None:
    atlas = load_atlas()
    i, j, k = (round(-start) for start in atlas.origin)
    ray = atlas.depth[i + 20, j - 20, k:]
    surface = int(np.argmax(ray > 0))
    assert ray[0] < -20
    np.testing.assert_allclose(np.diff(ray[surface : surface + 12]), 1, atol=0.2)


def test_the_ventricles_hold_fluid_and_the_hippocampi_grey_matter() -> None:
    atlas = load_atlas()
    assert atlas.csf[atlas.ventricles > 0.9].mean() > 0.9
    inside = atlas.hippocampi > 0.5
    assert atlas.grey[inside].mean() > 0.5
    assert atlas.white[inside].mean() < 0.4


def test_points_are_read_in_mni_millimetres() -> None:
    atlas = load_atlas()
    voxel = np.array([100, 110, 90])
    points = (voxel + atlas.origin).astype(np.float32).reshape(3, 1)
    assert atlas.sample(atlas.grey, points, outside=0)[0] == np.float32(atlas.grey[100, 110, 90])
    assert atlas.sample(atlas.depth, points + 1000, outside=7)[0] == 7

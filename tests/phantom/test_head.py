"""A head is a mixture that fills every voxel, with the skull outside the brain."""

import numpy as np
import pytest

from radflow.phantom.deform import Shape, atlas_points
from radflow.phantom.head import Head, Skull, build_head
from radflow.phantom.subject import grid_of
from radflow.randomness import keyed_generator

from .conftest import rules_of

_SKULL = Skull(fluid=2, bone=7, fat=4, skin=3)


def _head(cortex_loss: float = 0.0) -> Head:
    grid = grid_of(rules_of("control"))
    shape = Shape((1, 1, 1), (0, 0, 0), (0, 0, 0), 0, 0, 0)
    points = atlas_points(shape, grid, keyed_generator(1))
    return build_head(points, grid, _SKULL, cortex_loss=cortex_loss)


@pytest.fixture(scope="module")
def head() -> Head:
    return _head()


def test_shares_fill_every_voxel_and_are_never_negative(head: Head) -> None:
    total = np.sum(list(head.shares.values()), axis=0)
    np.testing.assert_allclose(total, 1, atol=1e-4)
    assert min(share.min() for share in head.shares.values()) > -1e-4


def test_going_outwards_one_meets_brain_bone_fat_skin_and_air(head: Head) -> None:
    i, j, k = (size // 2 for size in head.shares["csf"].shape)
    ray = {name: share[i + 6, j - 6, k:] for name, share in head.shares.items()}
    order = ["white", "grey", "bone", "fat", "scalp", "air"]
    last = [int(np.flatnonzero(ray[name] > 0.2).max()) for name in order]
    assert last[1:] == sorted(last[1:])
    assert last[0] < last[2]
    assert ray["air"][-1] == pytest.approx(1, abs=1e-4)


def test_loss_of_cortex_turns_grey_matter_into_fluid_alone(head: Head) -> None:
    thin = _head(cortex_loss=0.4)
    lost = head.share("grey").sum() - thin.share("grey").sum()
    gained = thin.share("csf").sum() - head.share("csf").sum()
    assert lost > 0.05 * head.share("grey").sum()
    assert gained == pytest.approx(lost, rel=0.05)
    np.testing.assert_allclose(thin.share("white"), head.share("white"), atol=1e-5)


def test_paint_takes_its_share_evenly_from_what_was_there() -> None:
    head = _head()
    before = {name: share.copy() for name, share in head.shares.items()}
    head.paint("necrosis", np.full(before["csf"].shape, 0.25, np.float32))
    np.testing.assert_allclose(head.shares["grey"], 0.75 * before["grey"], atol=1e-6)
    np.testing.assert_allclose(head.shares["necrosis"], 0.25, atol=1e-6)


def test_labels_name_the_group_with_the_largest_share(head: Head) -> None:
    labels = head.labels([["csf"], ["grey", "white"]])
    brain = head.share("grey", "white")
    assert (labels[brain > 0.51] == 2).all()
    assert (labels[head.share("air", "bone") > 0.51] == 0).all()


def test_the_voxel_of_a_point_is_the_nearest_one(head: Head) -> None:
    i, j, k = head.voxel_of(np.array([20.0, -30.0, 25.0]))
    away = np.linalg.norm(head.points[:, i, j, k] - [20, -30, 25])
    assert away < head.spacing_mm

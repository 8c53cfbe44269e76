import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from radflow.config.explain import OcclusionRules
from radflow.explain.occlusion import boxes, occlusion_map


def test_the_loss_is_where_the_answer_looks():
    image = torch.zeros(1, 20, 20)
    image[0, 12, 5] = 10
    rules = OcclusionRules(box=0.15, stride=0.05, fill="lowest")
    found = occlusion_map(lambda x: x[:, 0, 12, 5], image, rules)[0]
    assert found.argmax() == 12 * 20 + 5
    # Boxes of 3 voxels: only voxels less than 3 away share a box with it.
    rows, columns = np.nonzero(found.numpy())
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 14, 3, 7)
    assert found[12, 5] == 10


def test_a_linear_answer_loses_the_sum_of_what_is_hidden():
    generator = torch.Generator().manual_seed(1)
    image, weights = (torch.rand(1, 6, 6, 6, generator=generator) for _ in range(2))
    rules = OcclusionRules(box=0.5, stride=0.5, fill="mean")
    found = occlusion_map(lambda x: (x * weights[None]).flatten(1).sum(1), image, rules)[0]
    expected = ((image - image.mean()) * weights)[0, :3, :3, :3].sum()
    assert found.shape == (6, 6, 6)
    torch.testing.assert_close(found[:3, :3, :3], expected.expand(3, 3, 3))


def test_what_speaks_against_the_class_is_below_0():
    image = torch.zeros(1, 10, 10)
    image[0, 2, 2] = 1
    found = occlusion_map(lambda x: -x.flatten(1).sum(1), image, OcclusionRules(fill="lowest"))
    assert found.min() < 0
    assert found.max() == 0


def test_groups_of_inputs_are_hidden_one_after_the_other():
    image = torch.ones(3, 8, 8)
    image[:, 0, 0] = 0
    found = occlusion_map(lambda x: x[:, 1, 4, 4], image, OcclusionRules(fill="lowest"), groups=3)
    assert found.shape == (3, 8, 8)
    assert found[1].max() == 1
    assert not found[0].any()
    assert not found[2].any()


@given(
    grid=st.lists(st.integers(1, 40), min_size=2, max_size=3),
    box=st.floats(0.01, 1),
    stride=st.floats(0.01, 1),
)
def test_boxes_cover_every_voxel(grid, box, stride):
    covered = np.zeros(grid, bool)
    for each in boxes(grid, OcclusionRules(box=box, stride=stride)):
        assert all(part.stop <= n for part, n in zip(each, grid, strict=True))
        covered[each] = True
    assert covered.all()


@pytest.mark.parametrize("share", [0, 1.1])
def test_shares_of_the_grid_are_above_0_and_at_most_1(share):
    with pytest.raises(ValueError, match="box"):
        OcclusionRules(box=share)

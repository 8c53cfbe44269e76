"""Drawn parameters: keyed, within their ranges, off where switched off."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from radflow.augment.params import draw
from radflow.config.training import AugmentationRules

_SHAPE = (16, 24, 8)
OFF = AugmentationRules(
    mirror_axes=(), spatial=0, gamma=0, brightness=0, noise=0, blur=0, low_resolution=0
)


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_a_sample_draws_the_same_in_any_batch(sample: int, seed: int) -> None:
    alone = draw(AugmentationRules(), [sample], _SHAPE, seed=seed)
    among = draw(AugmentationRules(), [sample + 1, sample, sample + 2], _SHAPE, seed=seed)
    assert torch.equal(alone.matrix[0], among.matrix[1])
    assert torch.equal(alone.elastic[0], among.elastic[1])
    assert alone.noise_seed[0] == among.noise_seed[1]


def test_seeds_and_samples_differ() -> None:
    drawn = draw(AugmentationRules(), [1, 2], _SHAPE, seed=0)
    other = draw(AugmentationRules(), [1, 2], _SHAPE, seed=1)
    assert not torch.equal(drawn.matrix[0], drawn.matrix[1])
    assert not torch.equal(drawn.matrix, other.matrix)


def test_what_is_switched_off_stays_neutral() -> None:
    drawn = draw(OFF, range(200), _SHAPE, seed=0)
    assert not drawn.mirror.any()
    assert not drawn.spatial.any()
    assert (drawn.gamma == 1).all()
    assert (drawn.brightness == 1).all()
    assert (drawn.noise_sd == 0).all()
    assert (drawn.blur_sigma == 0).all()
    assert (drawn.zoom == 1).all()


def test_frequencies_and_ranges_follow_the_rules() -> None:
    rules = AugmentationRules(mirror_axes=(0, 2), spatial=0.25, gamma=1, gamma_range=(0.5, 2))
    drawn = draw(rules, range(2000), _SHAPE, seed=0)
    assert 0.2 < drawn.spatial.float().mean() < 0.3
    assert not drawn.mirror[:, 1].any()
    assert 0.45 < drawn.mirror[:, 0].float().mean() < 0.55
    assert drawn.gamma.min() >= 0.5
    assert drawn.gamma.max() <= 2
    assert 0.45 < (drawn.gamma < 1).float().mean() < 0.55


def test_the_matrix_keeps_volume_within_the_scale() -> None:
    rules = AugmentationRules(scale=(0.5, 2.0))
    volumes = torch.linalg.det(draw(rules, range(500), _SHAPE, seed=0).matrix)
    assert (volumes > 0).all()
    assert volumes.min() > 0.5**3 - 1e-3
    assert volumes.max() < 2**3 + 1e-3


def test_parameters_of_volumes_are_those_they_always_were() -> None:
    """Numbers of a release before slices and cut-out were known: trainings must not change."""
    drawn = draw(AugmentationRules(), range(50), (12, 16, 8), seed=3)
    assert float((drawn.matrix.double() ** 2).sum()) == pytest.approx(154.4237783068237, rel=1e-9)
    assert float(drawn.elastic.double().sum()) == pytest.approx(19.941294956952333, rel=1e-9)
    assert float(drawn.zoom.double().sum()) == pytest.approx(49.01605969667435, rel=1e-9)
    assert sum(drawn.noise_seed) == 54911322230


def test_slices_have_parameters_of_two_axes_and_one_rotation() -> None:
    rules = AugmentationRules(mirror_axes=(1,), rotation_degrees=30, shear=0, scale=(1, 1))
    drawn = draw(rules, range(300), (16, 24), seed=0)
    assert drawn.matrix.shape == (300, 2, 2)
    assert drawn.elastic.shape[:2] == (300, 2)
    assert drawn.box.shape == (300, 2, 2)
    assert not drawn.mirror[:, 0].any()
    assert drawn.mirror[:, 1].any()
    product = drawn.matrix @ drawn.matrix.transpose(1, 2)
    torch.testing.assert_close(product, torch.eye(2).expand(300, 2, 2), atol=1e-6, rtol=0)
    angles = torch.atan2(drawn.matrix[:, 1, 0], drawn.matrix[:, 0, 0]).rad2deg()
    assert 25 < float(angles.abs().max()) <= 30


@given(st.floats(0, 1), st.integers(0, 1000))
def test_a_box_lies_in_the_image_and_covers_its_share_of_each_axis(share: float, seed: int) -> None:
    rules = AugmentationRules(cutout=0.5, cutout_share=share)
    first, last = draw(rules, range(20), _SHAPE, seed=seed).box.unbind(-1)
    assert float(first.min()) >= 0
    assert float(last.max()) <= 1 + 1e-6
    applies = (last > 0).any(1) if share else torch.zeros(20, dtype=torch.bool)
    np.testing.assert_allclose((last - first)[applies], share, atol=1e-6)
    assert not first[~applies].any() or share == 0


def test_boxes_are_as_frequent_as_the_rules_say() -> None:
    drawn = draw(AugmentationRules(cutout=0.25), range(2000), _SHAPE, seed=0)
    assert 0.2 < (drawn.box[:, 0, 1] > 0).float().mean() < 0.3
    assert not draw(AugmentationRules(), range(50), _SHAPE, seed=0).box.any()

import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radflow.config.preprocess import PatchRules
from radflow.errors import LeakError, RadflowError
from radflow.imaging.normalise import Intensity
from radflow.patches.index import build_index
from radflow.patches.sampler import PatchSampler
from radflow.patches.store import ShardSet, write_shard

SIZE = (8, 10, 8)
TRAINING = ["001", "1", "c"]


@pytest.fixture
def index(shards):
    return build_index(shards, PatchRules(per_class=16))


@pytest.fixture
def sampler(index, shards):
    return PatchSampler(index, shards, TRAINING, patch_size=SIZE, target_share=0.5, seed=1)


def same(one, other):
    return (
        one[2:] == other[2:]
        and np.array_equal(one.image, other.image)
        and np.array_equal(one.label, other.label)
    )


def test_a_patch_has_its_shape_and_types(sampler):
    patch = sampler.draw(0)
    assert patch.image.shape == (1, *SIZE)
    assert patch.image.dtype == np.float32
    assert patch.label.shape == SIZE
    assert patch.label.dtype == np.uint8


def test_a_patch_depends_on_seed_and_number_alone(index, shards, sampler):
    forward = [sampler.draw(n) for n in range(20)]
    backward = [sampler.draw(n) for n in reversed(range(20))][::-1]
    shuffled = PatchSampler(
        index.sample(frac=1, random_state=0),
        shards,
        TRAINING[::-1],
        patch_size=SIZE,
        target_share=0.5,
        seed=1,
    )
    copied = pickle.loads(pickle.dumps(sampler))  # noqa: S301
    for number, patch in enumerate(forward):
        assert same(patch, backward[number])
        assert same(patch, shuffled.draw(number))
        assert same(patch, copied.draw(number))
    other = PatchSampler(index, shards, TRAINING, patch_size=SIZE, target_share=0.5, seed=2)
    assert not all(same(patch, other.draw(n)) for n, patch in enumerate(forward))


def test_a_patch_is_that_part_of_the_volume_and_0_beyond_it(sampler, shards):
    for number in range(60):
        patch = sampler.draw(number)
        image, label = shards.image(patch.case), shards.label(patch.case)
        margin = 10
        image = np.pad(image, [(0, 0)] + [(margin, margin)] * 3)
        label = np.pad(label, margin)
        box = tuple(
            slice(at + margin, at + margin + n) for at, n in zip(patch.start, SIZE, strict=True)
        )
        np.testing.assert_array_equal(patch.image, image[(slice(None), *box)])
        np.testing.assert_array_equal(patch.label, label[box])


def test_no_case_but_those_of_training_is_ever_drawn(sampler):
    drawn = {sampler.draw(number).case for number in range(300)}
    assert drawn == set(TRAINING)


def test_reading_another_case_is_a_leak(sampler):
    with pytest.raises(LeakError, match="case b is not one of the 3 training cases"):
        sampler.read("b", (5, 5, 5))


@pytest.mark.parametrize("lacking", ["index", "shards"])
def test_a_training_case_that_was_not_preprocessed_is_a_leak(index, shards, lacking):
    stranger = "zz"
    if lacking == "shards":
        index = pd.concat([index, index.tail(1).assign(case=stranger)])
    with pytest.raises(LeakError, match=r"1 of 4 training cases .*first: zz"):
        PatchSampler(
            index, shards, [*TRAINING, stranger], patch_size=SIZE, target_share=0.5, seed=1
        )


def test_classes_and_cases_are_drawn_as_often_as_stated(index, shards):
    index = index[(index["case"] != "1") | (index["label"] != 2)]
    sampler = PatchSampler(index, shards, TRAINING, patch_size=(1, 1, 1), target_share=0.6, seed=1)
    draws = 4000
    found = Counter()
    for number in range(draws):
        patch = sampler.draw(number)
        found[int(patch.label[0, 0, 0]), patch.case] += 1
    expected = {(0, case): 0.4 / 3 for case in TRAINING}
    expected |= {(1, case): 0.3 / 3 for case in TRAINING}
    expected |= {(2, case): 0.3 / 2 for case in ("001", "c")}
    assert set(found) == set(expected)
    for key, share in expected.items():
        assert found[key] / draws == pytest.approx(share, abs=0.02)


@given(
    centre=st.tuples(st.integers(0, 23), st.integers(0, 21), st.integers(0, 19)),
    size=st.tuples(*[st.integers(1, 30)] * 3),
)
def test_a_patch_lies_inside_a_larger_volume_and_around_a_smaller_one(placing, centre, size):
    index, shards = placing
    sampler = PatchSampler(index, shards, ["c"], patch_size=size, target_share=0.5, seed=0)
    patch = sampler.read("c", centre)
    shape = shards.shape("c")
    for at, start, n, whole in zip(centre, patch.start, size, shape, strict=True):
        assert start <= at < start + n
        if whole >= n:
            assert 0 <= start <= whole - n
        else:
            before, after = -start, start + n - whole
            assert 0 <= after - before <= 1


@pytest.fixture(scope="module")
def placing(tmp_path_factory, make):
    path = tmp_path_factory.mktemp("placing") / "c.shard"
    write_shard(path, [make("c", (24, 22, 20))])
    shards = ShardSet([path])
    return build_index(shards, PatchRules(per_class=4)), shards


def test_ct_is_normalised_before_padding(index, shards):
    intensity = Intensity(low=-1, high=1, mean=0.5, sd=2)
    options = {"patch_size": (30, 10, 8), "target_share": 0.5, "seed": 1}
    plain = PatchSampler(index, shards, TRAINING, **options).draw(3)
    fitted = PatchSampler(index, shards, TRAINING, **options, intensity=intensity).draw(3)
    inside = plain.image != 0
    np.testing.assert_allclose(
        fitted.image[inside], (plain.image[inside].clip(-1, 1) - 0.5) / 2, atol=1e-6
    )
    beyond = slice(0, -fitted.start[0])
    assert fitted.start[0] < 0
    assert (fitted.image[:, beyond] == 0).all()


@pytest.mark.parametrize(
    ("kept", "share", "missing"), [([0], 0.5, "a target class"), ([1, 2], 0.9, "background")]
)
def test_a_class_that_no_training_case_has_can_not_be_drawn(placing, kept, share, missing):
    index, shards = placing
    rest = index[index["label"].isin(kept)]
    with pytest.raises(RadflowError, match=f"has a voxel of {missing}"):
        PatchSampler(rest, shards, ["c"], patch_size=SIZE, target_share=share, seed=1)


def test_a_class_that_is_never_drawn_may_be_missing(index, shards):
    rest = index[index["label"] != 0]
    sampler = PatchSampler(rest, shards, TRAINING, patch_size=SIZE, target_share=1.0, seed=1)
    assert sampler.draw(0).label.any()

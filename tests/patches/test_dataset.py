import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from radflow.config.preprocess import PatchRules
from radflow.patches.dataset import PatchDataset
from radflow.patches.index import build_index
from radflow.patches.sampler import PatchSampler


@pytest.fixture
def sampler(shards):
    index = build_index(shards, PatchRules(per_class=16))
    return PatchSampler(index, shards, ["001", "b"], patch_size=(8, 8, 8), target_share=0.5, seed=1)


def test_an_item_is_the_patch_of_its_sample(sampler):
    image, label, sample = PatchDataset(sampler, first=10, last=20)[3]
    patch = sampler.draw(13)
    assert (image.dtype, label.dtype, sample.dtype) == (torch.float32, torch.uint8, torch.int64)
    assert sample == 13
    np.testing.assert_array_equal(image, patch.image)
    np.testing.assert_array_equal(label, patch.label)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing(sampler, workers):
    dataset = PatchDataset(sampler, last=10)
    alone = list(DataLoader(dataset, batch_size=4))
    spread = list(DataLoader(dataset, batch_size=4, num_workers=workers))
    assert len(spread) == len(alone) == 3
    for one, other in zip(alone, spread, strict=True):
        for first, second in zip(one, other, strict=True):
            assert torch.equal(first, second)


def test_a_dataset_ends_where_it_says(sampler):
    dataset = PatchDataset(sampler, first=4, last=6)
    assert len(dataset) == 2
    for number in (-1, 2):
        with pytest.raises(IndexError, match="samples run from 4 to before 6"):
            dataset[number]


def test_an_endless_dataset_has_no_length_and_takes_any_number(sampler):
    dataset = PatchDataset(sampler)
    assert dataset[10**9][2] == 10**9
    with pytest.raises(TypeError, match="never end"):
        len(dataset)

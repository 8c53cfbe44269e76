"""Which of the inputs of a view stands for it in small pictures."""

from pathlib import Path

import numpy as np
import pytest
import torch
from toy_classifier import toy_record, write_classifier

from radflow.explain.case_views import FoldNetwork
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.inference.classifier import load_classifier
from radflow.networks.image_classifier import ImageClassifier
from radflow.patches.store import ShardSet, write_shard
from radflow.patches.views import ViewReader

CENTRE = (4, 5, 4)


@pytest.mark.parametrize(
    ("view", "patch", "shown"),
    [
        ({"view": "whole"}, [8, 8, 8], lambda image: image[0, :8, 1:9, :]),
        ({"view": "slices"}, [8, 8, 1], lambda image: image[0, :8, 1:9, 4]),
        ({"view": "neighbours"}, [8, 8, 3], lambda image: image[0, :8, 1:9, 4]),
        ({"view": "planes"}, [6, 6, 6], lambda image: image[0, 1:7, 5, 1:7]),
    ],
    ids=["whole", "slices", "neighbours", "planes"],
)
def test_the_middle_of_the_first_window_stands_for_a_view(tmp_path: Path, view, patch, shown):
    image = np.random.default_rng(0).random((2, 9, 11, 8)).astype(np.float32)
    grid = Geometry((9, 11, 8), np.eye(4), (1.0, 1.0, 1.0))
    write_shard(tmp_path / "a.shard", [PreprocessedCase("a", image, None, grid)])
    shards = ShardSet([tmp_path / "a.shard"])
    record = toy_record(modality="CT", channels=["CT"], view=view)
    record["plan"] |= {"patch_size": patch, "normalisation": "ct"}
    record["plan"] |= {"windows_hu": [[0, 80], [80, 600]]}
    model = load_classifier(write_classifier(tmp_path / "ct", record, folds=1))
    network = model.networks[0]
    assert isinstance(network, ImageClassifier)
    reader = ViewReader(shards, model.card.view, patch)
    own = FoldNetwork(model.card, network, shards, reader, torch.device("cpu"))
    expected = shown(shards.image("a"))
    np.testing.assert_array_equal(own.shown(reader.read("a", CENTRE)), expected)

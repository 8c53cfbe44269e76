from pathlib import Path

import numpy as np
import pytest
from toy_classifier import SHAPE, flat_record, toy_record, write_classifier

from radflow.errors import ImageError, ModelError
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.inference.classifier import load_classifier
from radflow.inference.one_case import answer_case, require_usable, sees_flat_images
from radflow.patches.store import ShardSet, write_shard


def case_of(*shape: int, channels: int = 1) -> PreprocessedCase:
    image = np.random.default_rng(0).standard_normal((channels, *shape)).astype(np.float32)
    i, j, k = shape
    return PreprocessedCase("new", image, None, Geometry((i, j, k), np.eye(4), (1.0, 1.0, 1.0)))


def test_a_new_case_is_answered_as_a_case_of_the_study(tmp_path: Path) -> None:
    model = load_classifier(write_classifier(tmp_path / "cnn", toy_record()))
    case = case_of(13, 15, 9)
    write_shard(tmp_path / "test-000.shard", [case])
    centre = (13 // 2, 15 // 2, 9 // 2)
    expected = model.answer(ShardSet([tmp_path / "test-000.shard"]), "new", [centre])
    found = answer_case(model, case)
    np.testing.assert_array_equal(found.calibrated, expected.calibrated)
    np.testing.assert_array_equal(found.raw, expected.raw)
    assert found.views == 1
    assert found.calibrated.sum() == pytest.approx(1, abs=1e-6)


def test_slices_are_counted_as_views(tmp_path: Path) -> None:
    plan = {**toy_record()["plan"], "patch_size": [12, 14, 1]}
    record = toy_record(plan=plan, view={"view": "slices", "axis": 2, "every": 2})
    model = load_classifier(write_classifier(tmp_path / "cnn", record))
    assert answer_case(model, case_of(*SHAPE)).views == 5


def test_other_channels_than_the_models_are_refused(tmp_path: Path) -> None:
    model = load_classifier(write_classifier(tmp_path / "cnn", toy_record()))
    with pytest.raises(ModelError, match=r"takes 1 channels \(T1\), new has 2"):
        answer_case(model, case_of(*SHAPE, channels=2))


def test_a_volume_is_not_shown_to_a_model_of_2d_images(tmp_path: Path) -> None:
    model = load_classifier(write_classifier(tmp_path / "cnn", flat_record()))
    assert sees_flat_images(model.card)
    with pytest.raises(ImageError, match=r"new has 10 slices.*give it the slice"):
        answer_case(model, case_of(*SHAPE))


def test_a_model_that_needs_marks_is_not_for_single_images(tmp_path: Path) -> None:
    record = toy_record(view={"view": "whole", "region": "lesion"})
    model = load_classifier(write_classifier(tmp_path / "cnn", record))
    with pytest.raises(ModelError, match="sees the region about a marked lesion"):
        require_usable(model.card)

"""Answers of a classifier: means over views, mirror images and folds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from radflow.errors import ModelError
from radflow.files import sha256_file
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.inference.card import ClassifierCard, read_card
from radflow.inference.classifier import case_logits, load_classifier, load_classifier_folds
from radflow.inference.folds import read_weights
from radflow.networks.classifiers import build_classifier
from radflow.patches.store import ShardSet, write_shard
from radflow.patches.views import Voxel

CLASSES = ("a", "b", "c")
CNN: dict[str, Any] = {
    **{"name": "cnn", "channels": [4, 4], "depth": None, "dropout": 0.0, "pooling": "mean"},
    **{"inputs": 1, "outputs": 3, "dimensions": 2, "grid": [8, 8]},
}
PLAN = {"spacing_mm": [1, 1, 1], "patch_size": [8, 8, 1], "normalisation": "zscore"}
SHAPE = (10, 9, 5)
VIEWS: list[Voxel] = [(5, 4, 1), (5, 4, 3)]
SOFT = torch.nn.functional.softmax


def write_classifier(folder: Path, fold: int, **changes: Any) -> Path:
    """Write fold-K of a classifier of slices, with weights drawn from its number."""
    target = folder / f"fold-{fold}"
    target.mkdir(parents=True)
    generator = torch.Generator().manual_seed(fold)
    network = build_classifier(changes.get("network", CNN))
    weights = {
        name: torch.rand(value.shape, generator=generator) - 0.2
        if value.is_floating_point()
        else value
        for name, value in network.state_dict().items()
    }
    weights |= {name: value.abs() + 0.1 for name, value in weights.items() if "var" in name}
    save_file(weights, target / "weights.safetensors")
    record = {
        **{"format": 1, "study": "toy", "model": folder.name, "fold": fold, "dataset": "toys"},
        **{"task": "classification", "channels": ["T1"], "modality": "MR", "network": CNN},
        "plan": PLAN,
        "target": {"kind": "multi-class", "classes": CLASSES},
        "view": {"view": "slices"},
        "mirror_axes": [],
        "temperature": 1.5 + fold,
        "weights_sha256": sha256_file(target / "weights.safetensors"),
        **changes,
    }
    (target / "model.json").write_text(json.dumps(record))
    return target


@pytest.fixture
def shards(tmp_path: Path) -> ShardSet:
    rng = np.random.default_rng(0)
    image = rng.normal(size=(1, *SHAPE)).astype(np.float16).astype(np.float32)
    case = PreprocessedCase("x", image, None, Geometry(SHAPE, np.eye(4), (1.0, 1.0, 1.0)))
    write_shard(tmp_path / "a.shard", [case])
    return ShardSet([tmp_path / "a.shard"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for fold in (0, 1):
        write_classifier(tmp_path / "cnn", fold)
    return tmp_path / "cnn"


def own_logits(fold: Path, shards: ShardSet, flips: list[tuple[int, ...]]) -> torch.Tensor:
    """Answer the slices 1 and 3 by hand, averaged over mirror images."""
    card = read_card(fold / "model.json", ClassifierCard)
    network = build_classifier(card.network).eval()
    network.load_state_dict(read_weights(fold / "weights.safetensors", card.weights_sha256))
    slices = [torch.from_numpy(shards.image("x")[0, 1:9, :8, k])[None, None] for k in (1, 3)]
    with torch.inference_mode():
        return torch.cat(
            [torch.stack([network(each.flip(f)) for f in flips]).mean(0) for each in slices]
        )


def test_an_answer_is_the_mean_over_views_and_folds(folder: Path, shards: ShardSet) -> None:
    model = load_classifier(folder, precision="float32")
    answer = model.answer(shards, "x", VIEWS)
    logits = [own_logits(folder / f"fold-{fold}", shards, [()]).double() for fold in (0, 1)]
    raw = [SOFT(each, 1).mean(0) for each in logits]
    calibrated = [SOFT(each / (1.5 + fold), 1).mean(0) for fold, each in enumerate(logits)]
    np.testing.assert_allclose(answer.raw, torch.stack(raw).mean(0), rtol=1e-5)
    np.testing.assert_allclose(answer.calibrated, torch.stack(calibrated).mean(0), rtol=1e-5)
    assert answer.views == 2
    assert answer.raw.sum() == pytest.approx(1, abs=1e-6)
    assert model.target.classes == CLASSES
    one = load_classifier_folds([folder / "fold-1"], precision="float32")
    np.testing.assert_allclose(one.answer(shards, "x", VIEWS).raw, raw[1], rtol=1e-5)


@pytest.mark.parametrize(
    ("axes", "flips"),
    [([0], [(), (2,)]), ([1], [(), (3,)]), ([0, 1], [(), (2,), (3,), (2, 3)])],
)
def test_logits_are_averaged_over_all_combinations_of_mirrored_axes(
    tmp_path: Path, shards: ShardSet, axes: list[int], flips: list[tuple[int, ...]]
) -> None:
    fold = write_classifier(tmp_path / "cnn", 0, mirror_axes=axes)
    answer = load_classifier(fold, precision="float32").answer(shards, "x", VIEWS)
    expected = SOFT(own_logits(fold, shards, flips), 1).mean(0)
    np.testing.assert_allclose(answer.raw, expected, rtol=1e-5)


def test_many_views_are_answered_like_one_by_one() -> None:
    network = build_classifier(CNN).eval()
    generator = torch.Generator().manual_seed(0)
    views = [torch.randn(1, 8, 8, generator=generator) for _ in range(70)]

    def answer(some: list[torch.Tensor]) -> torch.Tensor:
        return case_logits(network, some, mirror_axes=[0], device=torch.device("cpu"), dtype=None)

    together, alone = answer(views), torch.cat([answer([view]) for view in views])
    assert together.shape == (70, 3)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_answers_in_bfloat16_are_near_those_in_float32(folder: Path, shards: ShardSet) -> None:
    exact = load_classifier(folder, precision="float32").answer(shards, "x", VIEWS)
    fast = load_classifier(folder, precision="bf16").answer(shards, "x", VIEWS)
    np.testing.assert_allclose(fast.calibrated, exact.calibrated, atol=0.05)


def test_each_fold_reads_ct_with_the_intensities_it_was_fitted_to(
    tmp_path: Path, shards: ShardSet
) -> None:
    """Images in SDs of 1 about 0, read as HU with mean 0.5 and SD 2: other answers."""
    intensity = {"low": -100.0, "high": 100.0, "mean": 0.5, "sd": 2.0}
    plain = write_classifier(tmp_path / "plain", 0)
    ct = write_classifier(
        tmp_path / "ct", 0, plan={**PLAN, "normalisation": "ct"}, intensity=intensity
    )
    answers = [load_classifier(fold).answer(shards, "x", VIEWS).raw for fold in (plain, ct)]
    assert not np.allclose(answers[0], answers[1])
    image = (shards.image("x") - 0.5) / 2
    case = PreprocessedCase("x", image, None, Geometry(SHAPE, np.eye(4), (1.0, 1.0, 1.0)))
    write_shard(tmp_path / "b.shard", [case])
    scaled = ShardSet([tmp_path / "b.shard"])
    expected = load_classifier(plain).answer(scaled, "x", VIEWS).raw
    np.testing.assert_allclose(answers[1], expected, atol=2e-3)


def test_an_answer_that_is_no_number_is_refused(folder: Path, tmp_path: Path) -> None:
    image = np.full((1, *SHAPE), 6e4, np.float32)
    case = PreprocessedCase("x", image, None, Geometry(SHAPE, np.eye(4), (1.0, 1.0, 1.0)))
    write_shard(tmp_path / "huge.shard", [case])
    model = load_classifier(folder)
    with torch.no_grad():
        model.networks[0].head.weight.fill_(torch.inf)  # type: ignore[union-attr]
    with pytest.raises(ModelError, match="toy/cnn answers x with NaN"):
        model.answer(ShardSet([tmp_path / "huge.shard"]), "x", VIEWS)


def test_folds_may_differ_in_temperature_but_not_in_classes(folder: Path) -> None:
    path = folder / "fold-1" / "model.json"
    record = json.loads(path.read_text())
    record["target"]["classes"] = ["a", "c", "b"]
    path.write_text(json.dumps(record))
    with pytest.raises(ModelError, match="they differ in target"):
        load_classifier(folder)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"task": "segmentation"}, "task: Input should be 'classification'"),
        ({"temperature": 0}, "temperature: Input should be greater than 0"),
        ({"mirror_axes": [3]}, "mirror_axes.0"),
        ({"target": {"classes": ["a"]}}, "at least 2 classes"),
    ],
)
def test_a_card_that_does_not_describe_a_classifier_is_refused(
    folder: Path, change: dict[str, Any], problem: str
) -> None:
    path = folder / "fold-0" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError, match=problem):
        load_classifier(folder)


def test_a_segmentation_is_no_classifier(model_folder: Path) -> None:
    with pytest.raises(ModelError, match="task: Input should be 'classification'"):
        load_classifier(model_folder)

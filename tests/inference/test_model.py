import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from radflow.errors import ModelError
from radflow.files import sha256_file
from radflow.inference.model import load_folds, load_model
from radflow.inference.window import WindowRules, window_probabilities


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((1, *shape)).astype(np.float32)


def change_card(fold: Path, **changes: Any) -> None:
    path = fold / "model.json"
    record = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in record.items() if value is not None}))


def change_weights(fold: Path, change: dict[str, torch.Tensor | None]) -> None:
    """Rewrite the weights, and the card's hash with them."""
    path = fold / "weights.safetensors"
    weights = {**load_file(path), **change}
    save_file({key: value for key, value in weights.items() if value is not None}, path)
    change_card(fold, weights_sha256=sha256_file(path))


def test_a_model_folder_gives_all_its_folds(model_folder: Path) -> None:
    model = load_model(model_folder)
    assert model.folds == (0, 1)
    assert model.card.name == "toy/unet"
    assert model.card.classes == {0: "background", 1: "anterior", 2: "posterior"}


def test_a_fold_folder_gives_that_fold(model_folder: Path) -> None:
    assert load_model(model_folder / "fold-1").folds == (1,)


def test_chosen_folds_are_loaded_alone(model_folder: Path) -> None:
    assert load_model(model_folder, folds=[1]).folds == (1,)


def test_predictions_are_the_mean_over_folds_in_the_network_s_windows(model_folder: Path) -> None:
    model = load_model(model_folder, precision="float32")
    volume = image(9, 11, 7)
    rules = WindowRules((8, 8, 8), overlap=0.5, mirror_axes=(0,), divisor=2)
    alone = [window_probabilities(each, torch.from_numpy(volume), rules) for each in model.networks]
    result = model.probabilities(volume)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, torch.stack(alone).mean(0).numpy(), atol=1e-6)


def test_the_mean_shape_answers_for_the_whole_volume_unpadded(baseline_folder: Path) -> None:
    model = load_model(baseline_folder)
    result = model.probabilities(image(15, 9, 21))
    expected = np.mean(
        [network(torch.zeros(1, 1, 15, 9, 21)).softmax(1)[0].numpy() for network in model.networks],
        axis=0,
    )
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_a_folder_without_folds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no trained fold.*results/STUDY/models"):
        load_model(tmp_path)
    with pytest.raises(ModelError, match="at least one fold"):
        load_folds([])


def test_a_missing_fold_is_named(model_folder: Path) -> None:
    with pytest.raises(ModelError, match=r"no fold-2, fold-4 .*it has fold-0, fold-1"):
        load_model(model_folder, folds=[0, 2, 4])


def test_a_fold_without_a_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json is missing"):
        load_folds([tmp_path])


def test_missing_weights_are_refused_with_a_remedy(model_folder: Path) -> None:
    (model_folder / "fold-0" / "weights.safetensors").unlink()
    with pytest.raises(ModelError, match="missing: run `dvc pull`"):
        load_model(model_folder)


def test_one_flipped_byte_of_the_weights_is_refused(model_folder: Path) -> None:
    path = model_folder / "fold-1" / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"fold-1.*damaged or from another training"):
        load_model(model_folder)


def test_a_pickle_in_place_of_the_weights_is_refused(model_folder: Path) -> None:
    path = model_folder / "fold-0" / "weights.safetensors"
    torch.save({"weight": torch.zeros(1)}, path)
    change_card(path.parent, weights_sha256=sha256_file(path))
    with pytest.raises(ModelError, match="no safetensors file"):
        load_model(model_folder)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"foreign.weight": torch.zeros(2)}, "unexpected: foreign.weight"),
        ({"heads.0.bias": None}, "missing: heads.0.bias"),
        ({"heads.0.bias": torch.zeros(7)}, "of another shape: heads.0.bias"),
        ({"heads.0.bias": torch.full((3,), torch.nan)}, "not finite: heads.0.bias"),
        ({f"foreign.{n}": torch.zeros(1) for n in range(7)}, "and 2 more"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    model_folder: Path, change: dict[str, torch.Tensor | None], problem: str
) -> None:
    change_weights(model_folder / "fold-0", change)
    with pytest.raises(ModelError, match=problem):
        load_model(model_folder)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": 2}, "format: Input should be 1"),
        ({"classes": None}, "classes: Field required"),
        ({"task": "detection"}, "task: Input should be 'segmentation'"),
        ({"weights_sha256": "../x"}, "weights_sha256"),
        ({"network": {"name": "oracle"}}, "unknown network 'oracle'"),
    ],
)
def test_a_card_that_does_not_describe_a_model_is_refused(
    model_folder: Path, change: dict[str, Any], problem: str
) -> None:
    change_card(model_folder / "fold-0", **change)
    with pytest.raises(ModelError, match=problem):
        load_model(model_folder / "fold-0")


def test_a_card_that_is_no_json_is_refused(model_folder: Path) -> None:
    (model_folder / "fold-0" / "model.json").write_text("<html>")
    with pytest.raises(ModelError, match="Invalid JSON"):
        load_model(model_folder)


def test_a_plan_with_a_key_of_another_version_is_refused(model_folder: Path) -> None:
    plan = {"spacing_mm": [1.0, 1.0, 1.0], "patch_size": [8, 8, 8], "normalisation": "ct"}
    change_card(model_folder / "fold-1", plan={**plan, "clip_hu": [0, 80]})
    with pytest.raises(ModelError, match=r"plan\.clip_hu: Extra inputs .* train it again"):
        load_model(model_folder)


@pytest.mark.parametrize(
    "scheme", [{"normalisation": "zscore"}, {"normalisation": "ct", "windows_hu": [[0, 80]]}]
)
def test_a_card_with_two_schemes_of_intensities_is_refused(
    model_folder: Path, scheme: dict[str, Any]
) -> None:
    plan = {"spacing_mm": [1.0, 1.0, 1.0], "patch_size": [8, 8, 8], **scheme}
    fitted = {"low": -20.0, "high": 80.0, "mean": 30.0, "sd": 15.0}
    change_card(model_folder / "fold-0", intensity=fitted, plan=plan)
    with pytest.raises(ModelError, match="fitted to CT without windows alone"):
        load_model(model_folder / "fold-0")


def test_folds_of_different_plans_do_not_mix(model_folder: Path) -> None:
    plan = {"spacing_mm": [2.0, 1.0, 1.0], "patch_size": [8, 8, 8], "normalisation": "zscore"}
    change_card(model_folder / "fold-1", plan=plan)
    with pytest.raises(ModelError, match="not folds of one model: they differ in plan"):
        load_model(model_folder)


def test_a_copied_fold_is_not_counted_twice(model_folder: Path) -> None:
    shutil.copytree(model_folder / "fold-0", model_folder / "fold-2")
    with pytest.raises(ModelError, match=r"fold-2.*describes fold 0"):
        load_model(model_folder)


def test_the_same_fold_given_twice_is_refused(model_folder: Path) -> None:
    with pytest.raises(ModelError, match="describes fold 0, as"):
        load_folds([model_folder / "fold-0", model_folder / "fold-0"])


def test_an_image_with_other_channels_is_refused(model_folder: Path) -> None:
    with pytest.raises(
        ModelError, match=r"1 channels \(T1\), got an array of shape \(2, 8, 8, 8\)"
    ):
        load_model(model_folder).probabilities(np.zeros((2, 8, 8, 8), np.float32))


def test_an_image_that_is_not_finite_is_refused(model_folder: Path) -> None:
    volume = image(8, 8, 8)
    volume[0, 0, 0, 0] = np.inf
    with pytest.raises(ModelError, match="NaN or infinity"):
        load_model(model_folder).probabilities(volume)


def test_each_fold_reads_ct_with_the_intensities_it_was_fitted_to(model_folder: Path) -> None:
    fitted = [
        {"low": -20.0, "high": 80.0, "mean": 30.0, "sd": 15.0},
        {"low": -10.0, "high": 90.0, "mean": 40.0, "sd": 20.0},
    ]
    standardised = image(8, 8, 8)
    hu = standardised * 15 + 30
    alone = load_model(model_folder, folds=[0]).probabilities(standardised)
    plan = {"spacing_mm": [1.0, 1.0, 1.0], "patch_size": [8, 8, 8], "normalisation": "ct"}
    for fold, intensity in enumerate(fitted):
        change_card(model_folder / f"fold-{fold}", intensity=intensity, plan=plan)
    within = load_model(model_folder, folds=[0]).probabilities(hu)
    np.testing.assert_allclose(within, alone, atol=0.02)
    both = load_model(model_folder)
    second = load_model(model_folder, folds=[1]).probabilities(hu)
    np.testing.assert_allclose(both.probabilities(hu), (within + second) / 2, atol=1e-6)

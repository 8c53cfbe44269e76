import copy
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from toy_network import TOY_UNET

from radflow.errors import ImageError, ModelError
from radflow.imaging.normalise import windowed, zscore
from radflow.inference.model import load_model

if TYPE_CHECKING:
    from radflow.serving import ServedModel


@pytest.fixture(scope="module")
def unloaded() -> "ServedModel":
    with warnings.catch_warnings():
        # MLflow warns of the type hints of its own classes.
        warnings.simplefilter("ignore", UserWarning)
        from radflow.serving import ServedModel  # noqa: PLC0415
    return ServedModel()


@pytest.fixture
def served(unloaded: "ServedModel", model_folder: Path) -> "ServedModel":
    model = copy.copy(unloaded)
    model.load_context(SimpleNamespace(artifacts={"model": str(model_folder)}))
    return model


def raw(count: int = 2) -> np.ndarray:
    return np.random.default_rng(5).uniform(0, 900, (count, 9, 11, 7)).astype(np.float32)


def test_raw_intensities_are_normalised_and_labelled(
    served: "ServedModel", model_folder: Path
) -> None:
    volumes = raw()
    labels = served.predict(None, volumes)
    assert labels.dtype == np.uint8
    assert labels.shape == volumes.shape
    model = load_model(model_folder)
    for volume, label in zip(volumes, labels, strict=True):
        expected = model.probabilities(zscore(volume[None], case="x")).argmax(0)
        np.testing.assert_array_equal(label, expected)


def test_windows_are_made_of_raw_hounsfield_units(
    unloaded: "ServedModel", fold_writer: Callable[..., Path], tmp_path: Path
) -> None:
    plan = {"spacing_mm": [1, 1, 1], "patch_size": [8, 8, 8], "normalisation": "ct"}
    plan |= {"windows_hu": [[0, 80], [80, 600]]}
    network = {**TOY_UNET, "inputs": 2}
    fold_writer(tmp_path / "ct", 0, network=network, channels=["CT"], modality="CT", plan=plan)
    served = copy.copy(unloaded)
    served.load_context(SimpleNamespace(artifacts={"model": str(tmp_path / "ct")}))
    model = load_model(tmp_path / "ct")
    for volume, label in zip(raw(), served.predict(None, raw()), strict=True):
        seen = windowed(volume[None], [(0, 80), (80, 600)])
        np.testing.assert_array_equal(label, model.probabilities(seen).argmax(0))
    wanted = r"with 2 channels \(CT 0..80 HU, CT 80..600 HU\), got an array of shape \(1, 9"
    with pytest.raises(ModelError, match=wanted):
        model.probabilities(raw(1))


def test_no_volume_gives_no_labels(served: "ServedModel") -> None:
    assert served.predict(None, raw(0)).shape == (0, 9, 11, 7)


def test_an_array_with_other_axes_is_refused(served: "ServedModel") -> None:
    with pytest.raises(ModelError, match=r"expected raw intensities \(n, i, j, k\)"):
        served.predict(None, raw()[0])


def test_a_constant_volume_is_refused(served: "ServedModel") -> None:
    with pytest.raises(ImageError, match="every voxel"):
        served.predict(None, np.ones((1, 8, 8, 8), np.float32))


def test_a_model_that_was_not_loaded_says_so(unloaded: "ServedModel") -> None:
    with pytest.raises(ModelError, match="not loaded"):
        unloaded.predict(None, raw())

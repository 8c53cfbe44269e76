import copy
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from radflow.errors import ImageError, ModelError
from radflow.imaging.normalise import zscore
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

import copy
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from toy_classifier import toy_record, write_classifier

from radflow.errors import ImageError, ModelError
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.imaging.normalise import windowed, zscore
from radflow.inference.classifier import load_classifier
from radflow.inference.one_case import answer_case

if TYPE_CHECKING:
    from radflow.serving_classifier import ServedClassifier


@pytest.fixture(scope="module")
def unloaded() -> "ServedClassifier":
    with warnings.catch_warnings():
        # MLflow warns of the type hints of its own classes.
        warnings.simplefilter("ignore", UserWarning)
        from radflow.serving_classifier import ServedClassifier  # noqa: PLC0415
    return ServedClassifier()


def load(unloaded: "ServedClassifier", folder: Path, **changes: Any) -> "ServedClassifier":
    model = copy.copy(unloaded)
    write_classifier(folder, toy_record(channels=["T1", "T2"], **changes))
    model.load_context(SimpleNamespace(artifacts={"model": str(folder)}))
    return model


@pytest.fixture
def served(unloaded: "ServedClassifier", tmp_path: Path) -> "ServedClassifier":
    return load(unloaded, tmp_path / "cnn")


def raw(count: int = 2, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(5).uniform(0, 900, (count, channels, 9, 11, 7)).astype(np.float32)


def test_raw_intensities_are_normalised_and_answered(
    served: "ServedClassifier", tmp_path: Path
) -> None:
    answers = served.predict(None, raw())
    assert answers.dtype == np.float64
    np.testing.assert_allclose(answers.sum(1), 1, atol=1e-6)
    model, grid = load_classifier(tmp_path / "cnn"), Geometry((9, 11, 7), np.eye(4), (1, 1, 1))
    for image, answer in zip(raw(), answers, strict=True):
        case = PreprocessedCase("x", zscore(image, case="x"), None, grid)
        np.testing.assert_array_equal(answer, answer_case(model, case).calibrated)


def test_hounsfield_units_are_left_to_the_folds(
    unloaded: "ServedClassifier", tmp_path: Path
) -> None:
    plan = {**toy_record()["plan"], "normalisation": "ct"}
    intensity = {"low": -100.0, "high": 300.0, "mean": 40.0, "sd": 60.0}
    served = load(unloaded, tmp_path / "ct", plan=plan, intensity=intensity, modality="CT")
    bright = raw()
    np.testing.assert_array_equal(
        served.predict(None, bright), served.predict(None, bright.clip(-100, 300))
    )
    assert (served.predict(None, bright) != served.predict(None, bright.clip(0, 100))).any()


def test_windows_are_made_of_raw_hounsfield_units(
    unloaded: "ServedClassifier", tmp_path: Path
) -> None:
    windows = [[0, 80], [80, 600]]
    plan = {**toy_record()["plan"], "normalisation": "ct", "windows_hu": windows}
    served = load(unloaded, tmp_path / "ct", plan=plan, modality="CT")
    model, grid = load_classifier(tmp_path / "ct"), Geometry((9, 11, 7), np.eye(4), (1, 1, 1))
    for image, answer in zip(raw(), served.predict(None, raw()), strict=True):
        case = PreprocessedCase("x", windowed(image, [(0, 80), (80, 600)]), None, grid)
        np.testing.assert_array_equal(answer, answer_case(model, case).calibrated)
    with pytest.raises(ModelError, match=r"takes 2 channels \(T1, T2\), volume 0 has 4"):
        served.predict(None, raw(channels=4))


def test_no_volume_gives_no_answer(served: "ServedClassifier") -> None:
    assert served.predict(None, raw(0)).shape == (0, 3)


def test_arrays_that_do_not_fit_are_refused(served: "ServedClassifier") -> None:
    with pytest.raises(ModelError, match=r"expected raw intensities \(n, c, i, j, k\)"):
        served.predict(None, raw()[0])
    with pytest.raises(ModelError, match=r"takes 2 channels \(T1, T2\), volume 0 has 3"):
        served.predict(None, raw(channels=3))
    with pytest.raises(ImageError, match="every voxel"):
        served.predict(None, np.ones((1, 2, 8, 8, 8), np.float32))


def test_a_model_that_needs_marks_says_so(unloaded: "ServedClassifier", tmp_path: Path) -> None:
    served = load(unloaded, tmp_path / "marked", view={"view": "whole", "region": "lesion"})
    with pytest.raises(ModelError, match="marked lesion"):
        served.predict(None, raw())


def test_a_model_that_was_not_loaded_says_so(unloaded: "ServedClassifier") -> None:
    with pytest.raises(ModelError, match="not loaded"):
        unloaded.predict(None, raw())

"""What a model may start from, and which learning curves can be drawn."""

from typing import Any

import pytest
from minimal_study import minimal_study
from pydantic import ValidationError

from radflow.config.transfer import CurveRules, StartRules

HASH = "0" * 64
CLASSES = {"task": "classification", "target": {"kind": "binary", "classes": ["a", "b"]}}


@pytest.mark.parametrize(
    "given",
    [
        {"study": "x", "model": "m"},
        {"file": "x.safetensors", "sha256": HASH},
        {"torchvision": "x.pth", "sha256": HASH, "freeze": ["stem"], "thaw_at": 0.5},
    ],
)
def test_a_start_names_one_source(given: dict[str, Any]) -> None:
    assert StartRules.model_validate(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "exactly one source.*got none"),
        ({"study": "x"}, "study with model"),
        ({"model": "m", "file": "x", "sha256": HASH}, "study with model"),
        ({"study": "x", "model": "m", "file": "y"}, r"got \['study', 'file'\]"),
        ({"file": "x"}, "give sha256, of the bytes of file"),
        ({"torchvision": "x"}, "give sha256, of the bytes of torchvision"),
        ({"study": "x", "model": "m", "sha256": HASH}, "remove sha256"),
        ({"study": "x", "model": "m", "thaw_at": 0.5}, "thaw_at 0.5 thaws nothing"),
        ({"study": "x", "model": "m", "freeze": "last"}, "freeze"),
    ],
)
def test_a_start_that_says_too_little_or_too_much_is_refused(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        StartRules.model_validate(given)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": [40, 20]}, r"sizes \[40, 20\] must rise"),
        ({"compare_at": 30}, r"compare_at 30 must be one of the sizes \[20, 40, 80\]"),
        ({"models": ["a", "a"]}, "name each once"),
        ({"seeds": 1}, "seeds"),
    ],
)
def test_a_curve_that_cannot_be_drawn_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CurveRules.model_validate({"models": ["a", "b"], **changes})


def test_a_curve_names_models_of_a_classification() -> None:
    models = {"scratch": {"network": {"name": "cnn"}}}
    minimal_study(**CLASSES, models=models, curve={"models": ["scratch"]})
    with pytest.raises(ValidationError, match=r"\['other'\] are no models of the study"):
        minimal_study(**CLASSES, models=models, curve={"models": ["other"]})
    with pytest.raises(ValidationError, match="not 'segmentation': remove it"):
        minimal_study(curve={"models": ["unet"]})

"""Studies that start from each other: found, chained, and refused where they would leak."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from minimal_study import minimal_study

from radflow.config.load import load_studies
from radflow.config.origins import (
    Origin,
    ancestors,
    apart_datasets,
    check_origins,
    start_fold,
)
from radflow.config.study import Study
from radflow.errors import ConfigError

CLASSES = {"task": "classification", "target": {"kind": "binary", "classes": ["a", "b"]}}
FOLDS = {"key": "k", "folds": 3}


def study(dataset: str, start: str | None = None, **changes: Any) -> Study:
    """A classification with one model, `cnn`, that starts from another study's."""
    rules: dict[str, Any] = {"network": changes.pop("network", {"name": "cnn"})}
    if start is not None:
        rules["start_from"] = {"study": start, "model": changes.pop("model", "cnn")}
    record = {"dataset": dataset, "split": FOLDS, "models": {"cnn": rules}, "folds": "all"}
    return minimal_study(**{**CLASSES, **record, **changes})


def refused(studies: dict[str, Study], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_origins("y", studies)


def test_fold_k_starts_from_fold_k_on_one_dataset_and_from_the_first_on_another() -> None:
    assert start_fold(study("d"), study("d"), 2) == 2
    assert start_fold(study("d"), study("e"), 2) == 0


def test_all_that_is_behind_a_model_is_found() -> None:
    studies = {"y": study("d", "x"), "x": study("e", "w"), "w": study("f")}
    assert ancestors("y", "cnn", 1, studies) == [Origin("x", "cnn", 0), Origin("w", "cnn", 0)]
    assert apart_datasets("y", studies) == ("e", "f")
    check_origins("y", studies)


def test_datasets_of_apart_from_come_first_and_none_twice() -> None:
    split = FOLDS | {"apart_from": ["g", "e"]}
    studies = {"y": study("d", "x", split=split), "x": study("e")}
    assert apart_datasets("y", studies) == ("g", "e")


def test_one_dataset_with_one_split_is_fine() -> None:
    studies = {"y": study("d", "x"), "x": study("d")}
    check_origins("y", studies)
    assert apart_datasets("y", studies) == ()


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({"key": "other"}, r"key: 'k' here, 'other' there"),
        ({"folds": 4}, "folds: 3 here, 4 there"),
        ({"test_share": 0.3}, "test_share: 0.15 here, 0.3 there"),
        ({"column": "fold"}, "column: None here, 'fold' there"),
    ],
)
def test_one_dataset_with_another_split_is_a_leak(changes: dict[str, Any], differing: str) -> None:
    studies = {"y": study("d", "x"), "x": study("d", split=FOLDS | changes)}
    refused(studies, rf"x is on the same dataset d with another split \({differing}\)")


def test_a_fold_that_the_other_study_does_not_train_is_refused() -> None:
    studies = {"y": study("d", "x"), "x": study("d", folds="one")}
    refused(studies, "x does not train fold 1, which alone has the same training cases")


def test_a_curve_cannot_leave_out_cases_that_a_model_has_seen_before() -> None:
    curve = {"models": ["cnn"]}
    studies = {"y": study("d", "x", curve=curve), "x": study("d")}
    refused(
        studies, "cnn starts from x on the same dataset, which has seen the cases that the curve"
    )
    check_origins("y", {"y": study("d", "x", curve=curve), "x": study("e")})


def test_the_own_dataset_behind_another_one_is_a_leak() -> None:
    studies = {"y": study("d", "x"), "x": study("e", "w"), "w": study("d")}
    refused(studies, "fold 1 would start, through another dataset, from fold 0 of w")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (minimal_study(), "a classification can't start from the segmentation x: their networks"),
        (study("e", models={"big": {"network": {"name": "cnn"}}}), "no model 'cnn'; it has big"),
    ],
)
def test_what_a_model_cannot_start_from_is_refused(other: Study, message: str) -> None:
    refused({"y": study("d", "x"), "x": other}, message)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            {"name": "cnn"},
            "torchvision weights for resnet 18, 34, 50 and densenet 121, not for cnn",
        ),
        ({"name": "resnet", "depth": 10, "channels": [64]}, "not for resnet 10"),
        ({"name": "resnet", "channels": [16]}, r"channels: \[64, 128, 256, 512\], not \[16\]"),
        (
            {"name": "resnet", "channels": [64], "shortcut": "pooled"},
            "network.shortcut: strided, not pooled",
        ),
        ({"name": "logistic"}, "'logistic' has no layers to start from"),
    ],
)
def test_a_network_that_torchvision_has_not_is_refused(
    network: dict[str, Any], message: str
) -> None:
    start = {"torchvision": "r.pth", "sha256": "0" * 64}
    refused({"y": study("d", models={"m": {"network": network, "start_from": start}})}, message)


def test_torchvisions_own_networks_are_accepted() -> None:
    start = {"torchvision": "r.pth", "sha256": "0" * 64}
    for network in ({"name": "resnet", "channels": [64]}, {"name": "densenet"}):
        models = {"m": {"network": network, "start_from": start}}
        check_origins("y", {"y": study("d", models=models)})


def test_a_study_has_place_for_two_studies() -> None:
    models = {
        name: {"network": {"name": "cnn"}, "start_from": {"study": name, "model": "cnn"}}
        for name in ("a", "b", "c")
    }
    studies = {"y": study("d", models=models), **{name: study("e") for name in "abc"}}
    refused(studies, r"models start from 3 studies \(a, b, c\)")


def written(folder: Path, studies: dict[str, Study]) -> Path:
    for name, each in studies.items():
        text = yaml.safe_dump(each.model_dump(mode="json", exclude_defaults=True))
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_studies_are_read_with_those_behind_them(tmp_path: Path) -> None:
    folder = written(tmp_path, {"y": study("d", "x"), "x": study("e", "w"), "w": study("f")})
    assert list(load_studies(folder, ["y"])) == ["y", "x", "w"]


def test_a_circle_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, {"y": study("d", "x"), "x": study("e", "y")})
    with pytest.raises(ConfigError, match="in a circle: y -> x -> y"):
        check_origins("y", load_studies(folder, ["y"]))

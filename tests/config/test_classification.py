"""What a study of classes may ask, and what can't be answered."""

from typing import Any

import pytest
from cards import toy_card
from minimal_study import minimal_study
from pydantic import ValidationError

from radflow.config.check import check_study
from radflow.config.dataset import DatasetCard
from radflow.config.study import Study
from radflow.errors import ConfigError


def card() -> DatasetCard:
    sources = [{"mirror": "a.tar", "checksum": "md5:" + "0" * 32, "cases": 200}]
    return toy_card(classes={}, targets=["yes", "no"], sources=sources)


def study(**changes: Any) -> Study:
    record = {
        "task": "classification",
        "target": {"kind": "binary", "classes": ["no", "yes"]},
        "models": {"m": {"network": {"name": "resnet"}}},
    }
    return minimal_study(**(record | changes))


def test_a_study_of_classes_passes_and_stands_beside_the_majority() -> None:
    check_study(study(), card())
    assert study().all_models["baseline"].network.name == "majority"
    assert minimal_study().all_models["baseline"].network.name == "mean_shape"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": None}, "`target` and the task 'classification' go together"),
        ({"task": "segmentation"}, "`target` and the task 'classification' go together"),
        ({"models": {"m": {"network": {"name": "unet"}}}}, "no networks of the task .*'m': 'unet'"),
        ({"models": {"m": {}}}, "no networks of the task 'classification'"),
    ],
)
def test_tasks_targets_and_networks_go_together(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        study(**changes)


@pytest.mark.parametrize("training", [{}, {"keep": "last", "patience": 3}])
def test_a_control_whose_epoch_true_labels_would_choose_is_refused(
    training: dict[str, Any],
) -> None:
    network = {"name": "cnn"}
    control = {"network": network, "training": {"shuffled_labels": True, **training}}
    with pytest.raises(ValidationError, match="control: `shuffled_labels` goes with `keep: last`"):
        study(models={"control": control})


def test_a_control_without_epochs_keeps_nothing_and_passes() -> None:
    check_study(
        study(models={"m": {"network": {"name": "forest"}, "training": {"shuffled_labels": True}}}),
        card(),
    )


def test_more_labels_at_once_than_an_index_has_bits_are_refused() -> None:
    classes = [f"f{number}" for number in range(32)]
    with pytest.raises(ValidationError, match=r"multi-label takes at most 31 classes .* got 32"):
        study(target={"kind": "multi-label", "classes": classes})


def test_a_classifier_segments_nothing() -> None:
    with pytest.raises(ValidationError, match="no networks of the task 'segmentation'"):
        minimal_study(models={"m": {"network": {"name": "resnet"}}})


def test_classes_that_the_card_does_not_have_are_refused() -> None:
    target = {"kind": "multi-class", "classes": ["yes", "perhaps"]}
    with pytest.raises(ConfigError, match=r"\['perhaps'\] are not among the dataset's `targets`"):
        check_study(study(target=target), card())
    with pytest.raises(ConfigError, match="'grade' is not among the covariates"):
        check_study(study(target=target | {"column": "grade"}), card())


@pytest.mark.parametrize(
    ("view", "patch", "message"),
    [
        ({}, (64, 1, 1), "must have 2 axes or 3 with more than one voxel"),
        ({"view": "slices"}, (64, 64, 3), "must be 1 voxel deep along axis 2 for single slices"),
        ({"view": "slices", "axis": 0}, (64, 64, 1), "must be 1 voxel deep along axis 0"),
        ({"view": "slices"}, (64, 1, 1), "must have 2 axes with more than one voxel beside 2"),
        ({"view": "neighbours"}, (64, 64, 1), r"must be 3 deep along axis 2 \(input.beside\)"),
        ({"view": "neighbours", "beside": 2}, (64, 64, 3), "must be 5 deep along axis 2"),
        ({"view": "planes"}, (64, 64, 32), "must be a cube"),
        ({}, (0, 64, 64), "must be above 0 voxels"),
    ],
)
def test_patches_that_do_not_fit_the_view_are_refused(
    view: dict[str, Any], patch: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_study(study(input=view, plan={"patch_size": patch}), card())


@pytest.mark.parametrize(
    ("view", "patch"),
    [
        ({}, (63, 65, 1)),
        ({}, (64, 64, 64)),
        ({"view": "slices", "axis": 1}, (64, 1, 64)),
        ({"view": "neighbours", "beside": 2}, (64, 64, 5)),
        ({"view": "planes"}, (48, 48, 48)),
    ],
)
def test_patches_that_fit_the_view_pass(view: dict[str, Any], patch: tuple[int, ...]) -> None:
    check_study(study(input=view, plan={"patch_size": patch}), card())


@pytest.mark.parametrize(
    ("view", "plan", "axes", "fits"),
    [
        ({"view": "slices"}, {}, (0, 1), True),
        ({"view": "slices"}, {}, (0, 2), False),
        ({"view": "planes"}, {}, (2,), False),
        ({}, {"patch_size": (64, 64, 1)}, (2,), False),
        ({}, {"patch_size": (64, 64, 64)}, (2,), True),
        ({}, {}, (2,), True),  # the plan will tell how many axes there are
        ({}, {"patch_size": (64, 64, 1)}, (), True),
    ],
)
def test_mirrored_axes_are_those_of_the_view(
    view: dict[str, Any], plan: dict[str, Any], axes: tuple[int, ...], fits: bool
) -> None:
    model = {"network": {"name": "cnn"}, "augmentation": {"mirror_axes": axes}}
    asked = study(input=view, plan=plan, models={"m": model})
    if fits:
        check_study(asked, card())
        return
    with pytest.raises(ConfigError, match=r"models.m.augmentation.mirror_axes: .* 0 to 1"):
        check_study(asked, card())


def test_a_fixed_split_needs_test_values_where_the_test_part_is_open() -> None:
    split = {"key": "k", "column": "fold"}
    with pytest.raises(ConfigError, match="no test_values, so there is no test part"):
        check_study(study(split=split, evaluation={"test": "open"}), card())
    with pytest.raises(ConfigError, match=r"they are values of split.column, which is not given"):
        check_study(study(split={"key": "k", "test_values": ["9"]}), card())

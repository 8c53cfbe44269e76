"""A study that can't run on its dataset stops before data are read."""

from pathlib import Path
from typing import Any

import pytest
from minimal_study import minimal_study
from simulated import phantom_card

from radflow.config.check import check_study
from radflow.config.dataset import DatasetCard
from radflow.config.load import load_card, load_study
from radflow.config.study import Study
from radflow.errors import ConfigError

ROOT = Path(__file__).parents[2]
STUDIES = sorted(path.stem for path in (ROOT / "config/studies").glob("*.yaml"))


def _card(**changes: Any) -> DatasetCard:
    record = {
        "title": "T",
        "licence": "L",
        "citation": "C",
        "layout": "msd",
        "channels": ["T1"],
        "modality": "MR",
        "classes": {0: "background", 1: "organ"},
        "sources": [{"mirror": "a.tar", "checksum": "md5:" + "0" * 32, "cases": 20}],
    }
    return DatasetCard.model_validate(record | changes)


@pytest.mark.parametrize("name", STUDIES)
def test_the_shipped_studies_pass(name: str) -> None:
    study = load_study(ROOT / "config/studies", name)
    check_study(study, load_card(ROOT / "config/datasets", study.dataset))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (
            {"patch_size": (40, 50, 40), "levels": 4},
            r"\[40, 50, 40\] is not divisible by 8 \(2\^\(levels - 1\) with levels 4\); "
            r"\[40, 56, 40\] is",
        ),
        ({"patch_size": (41, 50, 40)}, r"not divisible by 2 .*\[42, 50, 40\] is"),
        ({"patch_size": (8, 8, 8), "levels": 4}, "fewer than 2 voxels at the coarsest of 4 levels"),
        ({"patch_size": (-8, 8, 8)}, "above 0 voxels"),
        ({"patch_size": (192, 192, 192)}, "7.08 megavoxels, above plan.memory_megavoxels 4.2"),
        ({"patch_size": (128, 128, 128), "batch_size": 3}, "x batch 3 is 6.29 megavoxels"),
        ({"spacing_mm": (1.0, 0.0, 1.0)}, r"plan.spacing_mm: \[1.0, 0.0, 1.0\] must be above 0 mm"),
        ({"batch_size": 16}, "plan.batch_size: 16 is above the 13 training cases"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(plan: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_study(minimal_study(plan=plan), _card())


@pytest.mark.parametrize(
    "plan",
    [
        {"patch_size": (40, 56, 40), "levels": 4, "batch_size": 2},
        {"patch_size": (40, 56, 40)},
        {"levels": 7},
        {"batch_size": 13},
    ],
)
def test_sizes_that_fit_pass(plan: dict[str, Any]) -> None:
    check_study(minimal_study(plan=plan), _card())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": {0: "background", 1: "a", 2: "a"}}, "dataset classes: a stands twice"),
        ({"classes": {0: "background", 1: "mean"}}, "'mean' can't name a class"),
        ({"channels": ["T1", "T1"]}, "dataset channels: T1 stands twice"),
        ({"intake": {"field_of_view_mm": (100, 10)}}, "must rise from 0 or more"),
    ],
)
def test_cards_that_contradict_themselves_are_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_study(minimal_study(), _card(**changes))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            {"network": {"channels": (16, 400)}},
            "models.m.network.channels: 400 is above most_channels",
        ),
        ({"augmentation": {"scale": (1.2, 0.8)}}, "models.m.augmentation.scale"),
        ({"augmentation": {"gamma_range": (0, 1)}}, "gamma_range: .* above 0, the lower first"),
        ({"augmentation": {"mirror_axes": (0, 0)}}, "names an axis twice"),
        ({"augmentation": {"low_resolution_zoom": (0.5, 2)}}, "is above 1, all of it"),
    ],
)
def test_models_that_contradict_themselves_are_refused(model: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_study(minimal_study(models={"m": model}), _card())


@pytest.mark.parametrize(
    ("prevalence", "message"),
    [
        ({"a": 0.1, "c": 0.2}, r"prevalence: \['c'\] are not among the classes \['a', 'b'\]"),
        ({"a": 0.6, "b": 0.5}, r"prevalence: .* sum to 1.1, above 1"),
    ],
)
def test_prevalences_that_can_not_be_are_refused(
    prevalence: dict[str, float], message: str
) -> None:
    study = minimal_study(
        task="classification",
        models={"m": {"network": {"name": "resnet"}}},
        target={"column": "diagnosis", "classes": ["a", "b"]},
        evaluation={"answers": {"prevalence": prevalence}},
    )
    with pytest.raises(ConfigError, match=message):
        check_study(study, _card())


def test_a_segmentation_has_no_prevalence() -> None:
    study = minimal_study(evaluation={"answers": {"prevalence": {"a": 0.5}}})
    with pytest.raises(ConfigError, match="it is of a classification alone; remove it"):
        check_study(study, _card())


def test_more_folds_than_cases_are_refused() -> None:
    with pytest.raises(ConfigError, match="20 folds and a test part need more than 20 cases"):
        check_study(minimal_study(split={"key": "k", "folds": 20}), _card())


def test_sizes_are_held_against_the_number_of_simulated_subjects() -> None:
    card = phantom_card(phantom={"subjects": 20, "diagnoses": {"tumour": 1}})
    check_study(minimal_study(plan={"batch_size": 13}), card)
    with pytest.raises(ConfigError, match=r"14 is above the 13 training cases .* fold of 20 cases"):
        check_study(minimal_study(plan={"batch_size": 14}), card)


def test_sizes_are_not_compared_where_a_source_does_not_state_its_cases() -> None:
    source = {"mirror": "a.tar", "checksum": "md5:" + "0" * 32}
    check_study(minimal_study(plan={"batch_size": 500}), _card(sources=[source]))


def test_all_problems_come_at_once() -> None:
    study = minimal_study(plan={"spacing_mm": (0, 1, 1), "batch_size": 99})
    with pytest.raises(ConfigError, match="the study 'T' on d has 3 problems"):
        check_study(study, _card(channels=["a", "a"]))


@pytest.mark.parametrize(
    ("apart", "message"),
    [
        (["organs"], "split.apart_from: organs is the study's own dataset; name others"),
        (["a", "b", "a"], "split.apart_from: a stands twice; name each dataset once"),
    ],
)
def test_datasets_to_stay_apart_from_are_others_and_named_once(
    apart: list[str], message: str
) -> None:
    split = {"key": "k", "folds": 3, "apart_from": apart}
    with pytest.raises(ConfigError, match=message):
        check_study(minimal_study(dataset="organs", split=split), _card())


def _classifying(**changes: Any) -> Study:
    record = {
        "title": "T",
        "question": "Q",
        "dataset": "d",
        "task": "classification",
        "target": {"classes": ["a", "b"]},
        "split": {"key": "k"},
        "models": {"cnn": {"network": {"name": "cnn"}}},
    }
    return Study.model_validate(record | changes)


def _sheet(**changes: Any) -> DatasetCard:
    table = {"file": "a.csv", "images": ["file"], "target": "kind", "covariates": ["fold", "sex"]}
    card = {"layout": "table", "classes": {}, "targets": ["a", "b"], "table": table | changes}
    return _card(**card)


@pytest.mark.parametrize("size", [{}, {"patch_size": (64, 64, 1)}])
def test_a_classifier_has_no_levels_whether_or_not_its_view_is_given(size: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"plan\.levels: only a U-Net has it"):
        check_study(_classifying(plan={"levels": 3, **size}), _sheet())


@pytest.mark.parametrize(
    ("modality", "windows", "message"),
    [
        ("MR", [(0, 80)], r"plan\.windows_hu: only CT is in HU, the dataset is MR; remove it"),
        ("CT", [], r"plan\.windows_hu: an empty list .* name a window, .*, or remove it"),
        ("CT", [(0, 9), (80, 0)], r"plan\.windows_hu: \[80, 0\] must be the lower bound, then the"),
        ("CT", [(0, 80), (0, 80)], r"plan\.windows_hu: \[0, 80\] stands twice; name each window"),
    ],
)
def test_windows_are_for_ct_and_each_has_two_bounds(
    modality: str, windows: list[tuple[int, int]], message: str
) -> None:
    card = _sheet().model_copy(update={"modality": modality})
    with pytest.raises(ConfigError, match=message):
        check_study(_classifying(plan={"windows_hu": windows}), card)


def test_windows_of_ct_that_rise_and_differ_are_taken() -> None:
    card = _sheet().model_copy(update={"modality": "CT"})
    check_study(_classifying(plan={"windows_hu": [(0, 80), (80, 600)]}), card)


def test_columns_that_the_card_keeps_may_be_target_and_split() -> None:
    target = {"column": "sex", "classes": ["F", "M"]}
    check_study(_classifying(target=target, split={"key": "k", "column": "fold"}), _sheet())


def test_columns_that_the_table_of_cases_will_not_have_are_refused_together() -> None:
    target = {"column": "stage", "classes": ["a", "b"]}
    study = _classifying(target=target, split={"key": "k", "column": "site"})
    with pytest.raises(ConfigError, match="has 2 problems") as caught:
        check_study(study, _sheet())
    told = str(caught.value)
    assert "split.column: 'site' is not among the covariates ['fold', 'sex']" in told
    assert "target.column: 'stage' is not among the covariates" in told
    assert told.count("name it under `table: covariates` of the dataset card") == 2


def test_a_column_of_participants_must_be_named_under_bids() -> None:
    bids = {"images": {"T1w": "T1w"}, "covariates": ["age"]}
    card = _card(layout="bids", channels=("T1w",), classes={}, bids=bids)
    target = {"column": "group", "classes": ["a", "b"]}
    with pytest.raises(ConfigError, match=r"'group' is not .*\['age'\]; .*`bids: covariates`"):
        check_study(_classifying(target=target), card)
    kept = {**bids, "covariates": ["group"]}
    check_study(
        _classifying(target=target),
        _card(layout="bids", channels=("T1w",), classes={}, bids=kept),
    )


def test_simulated_participants_have_columns_of_their_own() -> None:
    target = {"column": "sex", "classes": ["F", "M"], "kind": "binary"}
    split = {"key": "k", "folds": 2}
    check_study(_classifying(target=target, split=split), phantom_card())
    other = {**target, "column": "height"}
    with pytest.raises(
        ConfigError, match=r"'height' is not among the covariates .*use one of them"
    ):
        check_study(_classifying(target=other, split=split), phantom_card())


def test_a_layout_without_covariates_says_so() -> None:
    target = {"column": "sex", "classes": ["F", "M"]}
    with pytest.raises(ConfigError, match="the layout 'msd' has none"):
        check_study(_classifying(target=target), _card())

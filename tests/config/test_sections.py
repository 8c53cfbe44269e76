"""Sections are frozen, refuse unknown keys, and check what belongs together in them."""

from typing import Any

import pytest
from minimal_study import minimal_study
from pydantic import ValidationError
from simulated import phantom_card

from radflow.config.dataset import DatasetCard, Source
from radflow.config.study import Study
from radflow.config.training import Budget, TrainingRules

MD5 = "md5:" + "0" * 32


def _study(**changes: Any) -> Study:
    return minimal_study(**{"split": {"key": "k", "folds": 3}} | changes)


def test_sections_are_frozen_and_refuse_unknown_keys() -> None:
    budget = Budget(steps=1)
    with pytest.raises(ValidationError, match="frozen"):
        budget.steps = 2  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Budget.model_validate({"steps": 1, "days": 2})


@pytest.mark.parametrize("budget", [{}, {"steps": 1, "epochs": 1}, {"epochs": 1, "minutes": 2}])
def test_a_budget_is_exactly_one_of_three(budget: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly one of steps, epochs, minutes"):
        Budget.model_validate(budget)


def test_steps_make_whole_epochs() -> None:
    with pytest.raises(ValidationError, match=r"budget\.steps \(150\) must be a multiple of"):
        TrainingRules(budget=Budget(steps=150), steps_per_epoch=100)
    assert TrainingRules(budget=Budget(minutes=1), steps_per_epoch=100).budget.steps is None


def test_a_source_has_some_place() -> None:
    with pytest.raises(ValidationError, match="names a `url`, a `mirror` file or a `path`"):
        Source(checksum=MD5)


@pytest.mark.parametrize("checksum", ["md5:0", "sha1:" + "0" * 40, "0" * 32, "sha256:" + "0" * 32])
def test_a_checksum_names_its_algorithm_and_has_its_length(checksum: str) -> None:
    with pytest.raises(ValidationError, match="checksum"):
        Source(mirror="a.tar", checksum=checksum)


DELIVERED = {"layout": "msd", "sources": [{"mirror": "a.tar", "checksum": MD5}], "phantom": None}
PHANTOM = {"subjects": 4, "diagnoses": {"tumour": 1}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phantom": None}, "layout 'phantom' needs the section `phantom`"),
        ({"sources": DELIVERED["sources"]}, "`sources` belong to delivered datasets"),
        (
            {"channels": ["T1w", "PET", "T9"]},
            r"\['PET', 'T9'\] can't be simulated: choose from T1w",
        ),
        ({"channels": ["T1w", "T1w"]}, r"\['T1w', 'T1w'\] name one twice"),
        ({"classes": {0: "background", 1: "csf"}}, "classes of the reference 'tissue' are .*csf"),
        ({"phantom": PHANTOM | {"reference": "infarct"}}, "reference 'infarct' are .*'infarct'"),
        (DELIVERED | {"sources": []}, "`sources` is empty: name an archive of the layout 'msd'"),
        (DELIVERED | {"phantom": PHANTOM}, "`phantom` belongs to the layout 'phantom', not to"),
    ],
)
def test_a_card_comes_from_archives_or_from_a_simulation(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        phantom_card(**changes)


def test_all_that_is_wrong_with_a_simulation_is_told_at_once() -> None:
    with pytest.raises(ValidationError, match=r"can't be simulated.*; the layout .* needs"):
        phantom_card(channels=["PET"], phantom=None)


def test_a_card_knows_whether_its_subjects_are_simulated() -> None:
    assert phantom_card().simulated
    assert not phantom_card(**DELIVERED).simulated


@pytest.mark.parametrize("labels", [(1, 2), (0, 2), (0, -1)])
def test_classes_count_up_from_background(labels: tuple[int, int]) -> None:
    card = {
        "title": "T",
        "licence": "L",
        "citation": "C",
        "layout": "msd",
        "channels": ["T1"],
        "modality": "MR",
        "classes": {label: f"c{label}" for label in labels},
        "sources": [{"mirror": "a.tar", "checksum": MD5}],
    }
    with pytest.raises(ValidationError, match=r"classes must be 0\.\.1, got"):
        DatasetCard.model_validate(card)


@pytest.mark.parametrize("name", ["a b", "a/b", "a_b", "..", "a;b"])
def test_model_names_are_plain(name: str) -> None:
    with pytest.raises(ValidationError, match="model names are letters, digits and '-'"):
        _study(models={name: {}})


def test_the_name_of_the_baseline_is_taken() -> None:
    with pytest.raises(ValidationError, match="taken by the trivial baseline"):
        _study(models={"baseline": {}})


def test_the_baseline_stands_beside_the_models() -> None:
    models = _study().all_models
    assert list(models) == ["unet", "baseline"]
    assert models["baseline"].network.name == "mean_shape"


def test_one_word_says_which_folds_run() -> None:
    assert _study().fold_numbers == (0,)
    assert _study(folds="all").fold_numbers == (0, 1, 2)

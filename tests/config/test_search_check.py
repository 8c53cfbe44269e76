"""A search that the study can't give is refused when it is loaded, with every problem at once."""

from pathlib import Path
from typing import Any

import pytest
from minimal_study import minimal_study

from radflow.config.check import check_study
from radflow.config.dataset import DatasetCard
from radflow.config.load import load_study
from radflow.errors import ConfigError

RATE = {"training.learning_rate": {"log_uniform": (1e-4, 1e-1)}}


def card() -> DatasetCard:
    return DatasetCard.model_validate(
        {
            "title": "T",
            "licence": "L",
            "citation": "C",
            "layout": "msd",
            "channels": ["T1"],
            "modality": "MR",
            "classes": {0: "background", 1: "organ"},
            "sources": [{"mirror": "a.tar", "checksum": "md5:" + "0" * 32}],
        }
    )


def check(space: dict[str, Any], **changes: Any) -> None:
    search = {"model": "unet", "trials": 3, "space": space, **changes}
    check_study(minimal_study(search=search), card())


def test_a_search_that_fits_passes() -> None:
    check(
        {
            **RATE,
            "network.channels": {"choice": ([8, 16], [16, 48])},
            "training.patience": {"choice": (None, 5)},
            "augmentation.elastic_grid": {"whole": (8, 16)},
            "augmentation.elastic": {"choice": (0.0, 0.5)},
            "augmentation.elastic_voxels": {
                "uniform": (0.5, 3),
                "when": {"augmentation.elastic": 0.5},
            },
        },
        budget=500,
    )


@pytest.mark.parametrize(
    ("key", "dimension", "said"),
    [
        ("training.rate", {"uniform": (0, 1)}, "is no key of a model"),
        ("learning_rate", {"uniform": (0, 1)}, "did you mean training.learning_rate?"),
        ("network", {"choice": ("unet",)}, r"is no key of a model; did you mean network\.name"),
        ("training.seed", {"whole": (0, 9)}, "can't be searched: a seed is no setting"),
        ("network.depth", {"choice": (None, 18)}, "18: .*the network unet has no use for it"),
        ("training.budget.steps", {"choice": (100,)}, "can't be searched: all trials train"),
        ("training.steps_per_epoch", {"choice": (100,)}, "compared epoch by epoch"),
        ("training.learning_rate", {"uniform": (0, 1)}, "0.0: must be greater than 0"),
        ("network.dropout", {"choice": (0.5, 1.5)}, "1.5: must be less than 1"),
        ("training.balance", {"choice": ("loss", "sample")}, '"sample": must be'),
        ("training.learning_rate", {"choice": ("0.1",)}, '"0.1": must be a valid number'),
        ("network.most_channels", {"uniform": (50, 90)}, r"65\.27864: must be a valid integer"),
        ("network.most_channels", {"choice": (320, 8)}, r"8: network\.channels: 48 is above"),
        ("augmentation.scale", {"choice": ([1.2, 0.8],)}, "the lower first"),
        ("network.name", {"choice": ("unet", "mean_shape")}, '"mean_shape": .* trains no epochs'),
        ("network.name", {"choice": ("unet", "resnet")}, "'segmentation' has the networks unet"),
    ],
)
def test_a_key_or_value_that_the_model_has_not_is_named(
    key: str, dimension: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=rf"search\.space\.{key}: .*{said}"):
        check({key: dimension})


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"training.balance": "loss"}, "training.balance is not in the space"),
        ({"training.learning_rate": 0.1}, "drawn from a range; only a choice"),
        ({"network.channels": [8, 16]}, "network.channels is never 16, 8"),
        ({"network.dropout": 0.5}, "lead back to the key itself"),
    ],
)
def test_a_condition_that_can_not_be_is_named(when: dict[str, Any], said: str) -> None:
    space = {
        **RATE,
        "network.channels": {"choice": ([8, 16], [16, 48])},
        "network.dropout": {"choice": (0.0, 0.5), "when": when},
    }
    with pytest.raises(ConfigError, match=rf"search\.space\.network\.dropout: when: .*{said}"):
        check(space)


def test_conditions_in_a_circle_are_named() -> None:
    space = {
        "network.dropout": {"choice": (0.0, 0.5), "when": {"training.balance": "loss"}},
        "training.balance": {"choice": ("none", "loss"), "when": {"network.dropout": 0.5}},
    }
    with pytest.raises(ConfigError, match="lead back to the key itself"):
        check(space)


def test_values_are_tried_where_their_condition_holds() -> None:
    wide = {"choice": ([8, 16], [400]), "when": {"network.most_channels": 320}}
    narrow = {"choice": ([8, 16], [400]), "when": {"network.most_channels": 512}}
    most = {"choice": (320, 512)}
    check({"network.channels": narrow, "network.most_channels": most})
    with pytest.raises(ConfigError, match=r"\[400\]: network.channels: 400 is above"):
        check({"network.channels": wide, "network.most_channels": most})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "net"}, "search.model: 'net' is none of the models unet"),
        ({"fold": 3}, r"search.fold: 3 is not trained; there are \[0\]"),
        ({"budget": 150}, "search.budget: .*multiple of steps_per_epoch"),
    ],
)
def test_a_search_of_what_is_not_trained_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(RATE, **changes)


def test_a_model_that_trains_no_epochs_is_not_searched() -> None:
    study = minimal_study(
        task="classification",
        target={"classes": ["a", "b"], "column": "sex"},
        models={"simple": {"network": {"name": "logistic"}}},
        search={"model": "simple", "trials": 3, "space": RATE},
    )
    with pytest.raises(ConfigError, match=r"search\.model: logistic trains no epochs"):
        check_study(study, card())


def test_all_problems_are_told_at_once() -> None:
    space = {
        "training.rate": {"uniform": (0, 1)},
        "network.dropout": {"choice": (1.5, 2.5)},
        "training.seed": {"whole": (0, 1)},
    }
    with pytest.raises(ConfigError) as refused:
        check(space, fold=9)
    lines = str(refused.value).splitlines()
    assert "has 5 problems:" in lines[0]
    places = [line.split(": ")[0].strip() for line in lines[1:]]
    assert places == [
        "search.fold",
        "search.space.training.rate",
        "search.space.network.dropout",
        "search.space.network.dropout",
        "search.space.training.seed",
    ]


def test_a_mistyped_dimension_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        "title: T\nquestion: Q\ndataset: d\ntask: segmentation\nsplit: {key: k}\n"
        "models: {unet: {}}\nsearch:\n  model: unet\n  trials: 2\n  space:\n"
        "    training.learning_rate: {log_unifrom: [1.0e-4, 1.0e-1]}\n"
    )
    with pytest.raises(ConfigError, match=r"line 11: .*did you mean `log_uniform`"):
        load_study(tmp_path, "s")

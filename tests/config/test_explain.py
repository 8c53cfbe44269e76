"""A study explains classifiers alone, and test cases only where it opens them."""

from typing import Any

import pytest
from minimal_study import minimal_study
from pydantic import ValidationError

from radflow.config.check import check_study
from radflow.config.dataset import DatasetCard
from radflow.config.explain import ExplainRules
from radflow.errors import ConfigError

CARD = DatasetCard.model_validate(
    {
        "title": "T",
        "licence": "L",
        "citation": "C",
        "layout": "msd",
        "channels": ["T1"],
        "modality": "MR",
        "classes": {0: "background", 1: "organ"},
        "targets": ["a", "b"],
        "sources": [{"mirror": "a.tar", "checksum": "md5:" + "0" * 32, "cases": 20}],
    }
)
CLASSIFICATION = {
    "task": "classification",
    "target": {"kind": "binary", "classes": ["a", "b"]},
    "models": {"net": {"network": {"name": "cnn"}}, "simple": {"network": {"name": "forest"}}},
}


def test_only_networks_are_explained_and_only_where_a_study_asks() -> None:
    assert minimal_study(**CLASSIFICATION).explained_models == ()
    study = minimal_study(**CLASSIFICATION, explain={})
    assert study.explained_models == ("net",)
    check_study(study, CARD)


def test_a_control_on_shuffled_labels_is_not_explained() -> None:
    control = {"network": {"name": "cnn"}, "training": {"shuffled_labels": True, "keep": "last"}}
    models = {"control": control, "net": {"network": {"name": "cnn"}}}
    assert minimal_study(**CLASSIFICATION | {"models": models}, explain={}).explained_models == (
        "net",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"explain": {}}, "only classifiers are explained"),
        (
            {
                **CLASSIFICATION,
                "models": {"simple": {"network": {"name": "forest"}}},
                "explain": {},
            },
            r"none of the models \['simple'\] is a network",
        ),
        ({**CLASSIFICATION, "explain": {"part": "test"}}, "the test part is locked"),
        (
            {**CLASSIFICATION, "explain": {"occlusion": {"box": 0.1, "stride": 0.3}}},
            "0.3 leaves gaps between boxes of 0.1",
        ),
    ],
)
def test_what_can_not_be_explained_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_study(minimal_study(**changes), CARD)


def test_the_test_part_may_be_explained_where_it_is_open() -> None:
    opened = {"evaluation": {"test": "open"}, "explain": {"part": "test"}}
    check_study(minimal_study(**CLASSIFICATION, **opened), CARD)


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="saliency"):
        ExplainRules.model_validate({"saliency": True})

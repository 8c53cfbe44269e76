"""A point of a learning curve: trained on a subset, scored on tuning cases, weights not kept."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from tiny_classes import make_settings, write_inputs

from radflow.errors import TrainingError
from radflow.files import read_json
from radflow.training.job import Inputs
from radflow.training.point import mean_auc, train_point

# Lightning would rather have more workers; here the network takes every core.
pytestmark = pytest.mark.filterwarnings("ignore:The .*dataloader.* does not have many workers")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """The files of a tiny study."""
    return write_inputs(tmp_path_factory.mktemp("tiny"))


def test_models_see_the_same_cases_under_one_seed_and_repeat_themselves(
    inputs: Inputs, tmp_path: Path
) -> None:
    found = []
    for name, model in (("a", "cnn"), ("b", "cnn"), ("c", "other")):
        output = tmp_path / name / "point.json"
        settings = make_settings(model=model)
        train_point(settings, inputs, output, size=6, seed=1, code="c")
        found.append(read_json(output))
        assert [path.name for path in output.parent.iterdir()] == ["point.json"]
    assert found[0] == found[1]
    assert found[0]["cases_sha256"] == found[2]["cases_sha256"]
    assert found[0]["size"] == 6
    assert 0 <= found[0]["accuracy"] <= 1


def test_another_seed_chooses_other_cases(inputs: Inputs, tmp_path: Path) -> None:
    for seed in (1, 2):
        output = tmp_path / f"{seed}.json"
        train_point(
            make_settings(network={"name": "majority"}), inputs, output, size=6, seed=seed, code="c"
        )
    one, two = (read_json(tmp_path / f"{seed}.json") for seed in (1, 2))
    assert one["cases_sha256"] != two["cases_sha256"]
    assert one["auc"] == 0.5  # the majority class tells no two cases apart


def test_more_cases_than_a_fold_has_are_refused(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"80 cases can't be chosen from the \d+ training cases"
    ):
        train_point(make_settings(), inputs, tmp_path / "p.json", size=80, seed=0, code="c")


@given(st.integers(0, 1000), st.integers(2, 4))
def test_the_mean_auc_is_that_of_scikit_learn(seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.eye(classes, dtype=np.int64)[np.arange(20) % classes]
    answers = rng.integers(0, 6, (20, classes)) / 5  # with ties
    expected = roc_auc_score(truth, answers, average="macro")
    assert mean_auc(answers, truth) == pytest.approx(expected, abs=1e-12)


def test_a_class_without_cases_has_no_auc() -> None:
    assert mean_auc(np.ones((3, 2)), np.array([[1, 0], [1, 0], [1, 0]])) is None

"""Logistic regression and forest: what is kept answers as scikit-learn's own objects do."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from radflow.config.classification import InputRules, TargetRules
from radflow.errors import TrainingError
from radflow.networks.classifiers import build_classifier
from radflow.networks.view_features import feature_names, view_features
from radflow.randomness import keyed_seed
from radflow.targets import Target
from radflow.tasks.answers import outputs_of, probabilities
from radflow.training.simple import Simple, fit_forest, fit_logistic, fit_simple
from radflow.training.view_samples import Samples, input_names

KINDS = ("binary", "multi-class", "multi-label", "ordinal")
CLASSES = {"binary": 2, "multi-class": 3, "multi-label": 2, "ordinal": 3}


def target_of(kind: str, classes: int | None = None) -> Target:
    names = tuple("abcd"[: classes or CLASSES[kind]])
    return Target(TargetRules.model_validate({"kind": kind, "classes": names}))


def views_of(codes: np.ndarray, seed: int = 0) -> torch.Tensor:
    """Draw views ``(n, 1, 12, 12)`` whose brightness and place of brightness follow the code."""
    rng = np.random.default_rng(seed)
    views = rng.normal(0, 1, (len(codes), 1, 12, 12)) + 0.15 * codes[:, None, None, None]
    views[:, 0, :6] += 0.3 * (codes % 2)[:, None, None]
    return torch.from_numpy(views.astype(np.float32))


def samples_of(codes: np.ndarray, **changes: Any) -> Samples:
    views = views_of(codes)
    record = {
        "features": view_features(views).numpy(),
        "names": feature_names(["T1"], 2),
        "codes": codes,
        "groups": [f"patient {number // 2}" for number in range(len(codes))],
    }
    return Samples(**{**record, **changes})


def codes_of(kind: str, n: int = 60) -> np.ndarray:
    most = 4 if kind == "multi-label" else CLASSES[kind]
    return np.random.default_rng(1).integers(0, most, n)


def network_of(name: str, fitted: Simple, target: Target) -> nn.Module:
    record = {"name": name, "inputs": 1, "dimensions": 2, "outputs": outputs_of(target)}
    network = build_classifier({**record, **fitted.network})
    network.load_state_dict(fitted.tensors, strict=True)
    return network.eval()


def answers(network: nn.Module, views: torch.Tensor, target: Target) -> np.ndarray:
    return probabilities(network(views), target).numpy()


def expected_of(model: Any, samples: Samples, new: torch.Tensor, target: Target) -> np.ndarray:
    """Give what scikit-learn's estimators of a target's kind say of new views."""
    x, codes, views = samples.features, samples.codes, view_features(new).numpy()
    if target.several:
        several = OneVsRestClassifier(model).fit(x, target.multi_hot(codes.tolist()))
        return several.predict_proba(views)
    if target.rules.kind != "ordinal":
        return model.fit(x, codes).predict_proba(views)
    beyond = [model.fit(x, codes > step).predict_proba(views)[:, 1] for step in (0, 1)]
    ends = np.ones(len(views)), np.zeros(len(views))
    return -np.diff(np.stack([ends[0], beyond[0], np.minimum(*beyond), ends[1]], 1), axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_logistic_regression_answers_as_that_of_scikit_learn(kind: str) -> None:
    target, codes = target_of(kind), codes_of(kind)
    samples = samples_of(codes)
    fitted = fit_logistic(samples, target)
    new = views_of(codes_of(kind, 20), seed=7)
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=fitted.about["c"], tol=1e-6, max_iter=1000)
    )
    expected = expected_of(model, samples, new, target)
    found = answers(network_of("logistic", fitted, target), new, target)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["binary", "multi-class", "multi-label", "ordinal"])
def test_a_kept_forest_answers_as_that_of_scikit_learn(kind: str) -> None:
    target, codes = target_of(kind), codes_of(kind)
    samples = samples_of(codes)
    fitted = fit_forest(samples, target, seed=3)
    new = views_of(codes_of(kind, 20), seed=7)
    truth = target.multi_hot(codes.tolist()) if target.several else codes
    forest = RandomForestClassifier(300, random_state=keyed_seed(3, "forest") % 2**32)
    expected = forest.fit(samples.features, truth).predict_proba(view_features(new).numpy())
    if target.several:
        expected = np.stack([each[:, 1] for each in expected], 1)
    found = answers(network_of("forest", fitted, target), new, target)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_forest_of_one_label_answers_as_that_of_scikit_learn() -> None:
    target, codes = target_of("multi-label", 1), codes_of("binary")
    samples = samples_of(codes)
    fitted = fit_forest(samples, target, seed=0)
    new = views_of(codes_of("binary", 20), seed=7)
    forest = RandomForestClassifier(300, random_state=keyed_seed(0, "forest") % 2**32)
    expected = forest.fit(samples.features, codes).predict_proba(view_features(new).numpy())[:, 1:]
    found = answers(network_of("forest", fitted, target), new, target)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["logistic", "forest"])
def test_classes_are_told_apart(name: str) -> None:
    target, codes = target_of("multi-class"), codes_of("multi-class", 90)
    fitted = fit_simple(name, samples_of(codes), target, seed=0)
    new = codes_of("multi-class", 60)
    found = answers(network_of(name, fitted, target), views_of(new, seed=9), target)
    assert (found.argmax(1) == new).mean() > 0.75


@pytest.mark.parametrize("name", ["logistic", "forest"])
def test_the_foremost_features_are_told_by_name(name: str) -> None:
    target, codes = target_of("binary"), codes_of("binary", 40)
    samples = samples_of(codes)
    samples.features[:, 7] = codes + np.random.default_rng(0).normal(0, 0.1, len(codes))
    features = fit_simple(name, samples, target, seed=0).about["features"]
    importance = [each["importance"] for each in features]
    assert len(features) == 10
    assert importance == sorted(importance, reverse=True)
    assert features[0]["name"] == samples.names[7] == "T1: percentile 75"


@pytest.mark.parametrize("name", ["logistic", "forest"])
def test_two_fits_are_the_same_to_the_bit(name: str) -> None:
    target, codes = target_of("multi-class"), codes_of("multi-class")
    one, two = (fit_simple(name, samples_of(codes), target, seed=5) for _ in range(2))
    assert one.about == two.about
    assert all(torch.equal(one.tensors[key], two.tensors[key]) for key in one.tensors)


def test_the_penalty_is_the_one_that_cross_validation_likes_best() -> None:
    codes = codes_of("binary", 80)
    about = fit_logistic(samples_of(codes), target_of("binary")).about
    losses = {each["c"]: each["nll"] for each in about["cross_validation"]}
    assert len(losses) == 7
    assert losses[about["c"]] == min(losses.values())
    noise = np.random.default_rng(0).normal(size=(80, 48))
    shuffled = fit_logistic(samples_of(codes, features=noise), target_of("binary")).about
    assert shuffled["c"] < about["c"]


def test_cross_validation_divides_no_patient() -> None:
    """Features that tell the patient, not the class, must not look useful."""
    rng = np.random.default_rng(0)
    codes = np.repeat(rng.integers(0, 2, 30), 4)
    faces = np.repeat(rng.normal(size=(30, 40)), 4, axis=0)
    samples = samples_of(
        codes,
        features=faces,
        names=[f"face {number}" for number in range(40)],
        groups=[f"patient {number // 4}" for number in range(120)],
    )
    assert fit_logistic(samples, target_of("binary")).about["c"] <= 1e-2


@pytest.mark.parametrize("name", ["logistic", "forest"])
@pytest.mark.parametrize("kind", ["multi-class", "ordinal", "multi-label"])
def test_a_class_that_no_training_case_has_is_unlikely_but_not_impossible(
    name: str, kind: str
) -> None:
    target = target_of(kind, 3)
    codes = np.arange(40) % 2
    fitted = fit_simple(name, samples_of(codes), target, seed=0)
    found = answers(network_of(name, fitted, target), views_of(codes, seed=3), target)
    assert (found[:, 2] < 0.05).all()
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", ["logistic", "forest"])
def test_weights_of_samples_shift_the_answers(name: str) -> None:
    target = target_of("binary")
    codes = (np.arange(60) % 6 == 0).astype(np.int64)
    rare = np.where(codes == 1, 3.0, 0.6)
    means = [
        answers(
            network_of(
                name, fit_simple(name, samples_of(codes, weights=w), target, seed=0), target
            ),
            views_of(codes, seed=3),
            target,
        )[:, 1].mean()
        for w in (None, rare)
    ]
    assert means[1] > means[0]


@pytest.mark.parametrize(
    ("codes", "groups"), [([0] * 8, list("abcdefgh")), ([0, 1] * 4, ["one patient"] * 8)]
)
def test_one_class_or_one_patient_is_too_little(codes: list[int], groups: list[str]) -> None:
    samples = samples_of(np.array(codes), groups=groups)
    with pytest.raises(TrainingError, match=r"logistic needs two of both; give the study more"):
        fit_simple("logistic", samples, target_of("binary"), seed=0)


def test_inputs_are_named_in_the_order_of_the_view() -> None:
    def names(inputs: int, **rules: Any) -> list[str]:
        return input_names(InputRules.model_validate(rules), ["T1", "T2"], inputs)

    assert names(2, view="whole") == ["T1", "T2"]
    assert names(6, view="neighbours")[:4] == [
        "T1 slice -1",
        "T1 slice +0",
        "T1 slice +1",
        "T2 slice -1",
    ]
    assert names(6, view="planes")[:3] == ["T1 across i", "T2 across i", "T1 across j"]

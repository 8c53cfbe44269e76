"""Classifiers without convolutions: simple features of views, fitted with scikit-learn.

What is fitted is handed over as plain tensors, never as scikit-learn's own objects, which only
pickle could keep.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from radflow.errors import TrainingError
from radflow.randomness import keyed_seed
from radflow.targets import Target
from radflow.tasks.answers import log_loss, probabilities
from radflow.training.view_samples import Codes, Floats, Samples

_CANDIDATES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
_INNER_FOLDS = 5
_TREES = 300
_NAMED = 10
_UNSEEN = 0.5  # cases counted for a class that no training case has, as in `majority`


@dataclass(frozen=True)
class Simple:
    """A fitted classifier.

    Attributes
    ----------
    network
        What its record needs beyond the study's own entries.
    tensors
        Its weights.
    about
        How it was fitted, with the features that matter most (``features``).
    """

    network: dict[str, Any]
    tensors: dict[str, Tensor]
    about: dict[str, Any]


def fit_simple(name: str, samples: Samples, target: Target, *, seed: int) -> Simple:
    """Fit ``logistic`` or ``forest``.

    Raises
    ------
    TrainingError
        If all samples have one class, or are of one group.
    """
    if len(np.unique(samples.codes)) < 2 or len(set(samples.groups)) < 2:
        message = (
            f"the {len(samples.codes)} views of the fold's training cases have "
            f"{len(np.unique(samples.codes))} classes and {len(set(samples.groups))} groups: "
            f"{name} needs two of both; give the study more cases, or fewer folds"
        )
        raise TrainingError(message)
    if name == "logistic":
        return fit_logistic(samples, target)
    return fit_forest(samples, target, seed=seed)


def fit_logistic(samples: Samples, target: Target) -> Simple:
    """Fit a logistic regression with an L2 penalty to standardised features.

    The penalty's inverse strength C is the one of 1e-4, 1e-3, ..., 100 with the least log loss in
    5-fold cross-validation inside the samples, which divides no group; the smaller of equals. An
    ordinal target has one regression for each step (Frank and Hall 2001), a multi-label target one
    for each class.
    """
    folds = _inner_folds(samples)
    losses = {c: _held_out_loss(samples, target, folds, c) for c in _CANDIDATES}
    best = min(losses, key=lambda c: (losses[c], c))
    tensors = _regression(samples, target, best)
    weight = tensors["weight"].numpy()
    features = [
        {**each, "coefficients": weight[:, samples.names.index(each["name"])].round(6).tolist()}
        for each in _foremost(samples.names, np.abs(weight).mean(0))
    ]
    tried = [{"c": c, "nll": round(loss, 6)} for c, loss in losses.items()]
    about = {"c": best, "cross_validation": tried, "features": features}
    return Simple({}, tensors, about)


def fit_forest(samples: Samples, target: Target, *, seed: int) -> Simple:
    """Fit a random forest (Breiman 2001) of 300 trees, else as scikit-learn has it.

    The importance of a feature is the mean decrease of the Gini impurity where it divides.
    """
    truth = target.multi_hot(samples.codes.tolist()) if target.several else samples.codes
    forest = RandomForestClassifier(
        _TREES, random_state=keyed_seed(seed, "forest") % 2**32, n_jobs=torch.get_num_threads()
    )
    only = target.several and len(target.classes) == 1
    forest.fit(samples.features, truth[:, 0] if only else truth, samples.weights)
    tensors = _flat_trees(forest, target)
    network = {
        "kind": target.rules.kind,
        "classes": len(target.classes),
        "trees": len(tensors["roots"]),
        "nodes": len(tensors["feature"]),
        "tree_depth": max(tree.get_depth() for tree in forest.estimators_),
    }
    features = _foremost(samples.names, forest.feature_importances_)
    return Simple(network, tensors, {"trees": _TREES, "features": features})


def _foremost(names: Sequence[str], importance: Floats) -> list[dict[str, Any]]:
    order = np.argsort(-importance, kind="stable")[:_NAMED]
    return [{"name": names[at], "importance": round(float(importance[at]), 6)} for at in order]


def _inner_folds(samples: Samples) -> npt.NDArray[np.int64]:
    """Deal the groups to folds, those of one class in turn, so that each fold has every class."""
    code_of = dict(zip(samples.groups, samples.codes.tolist(), strict=True))
    order = sorted(code_of, key=lambda group: (code_of[group], group))
    fold_of = {group: place % _INNER_FOLDS for place, group in enumerate(order)}
    return np.array([fold_of[group] for group in samples.groups])


def _held_out_loss(samples: Samples, target: Target, folds: Codes, c: float) -> float:
    total = 0.0
    for fold in np.unique(folds):
        held = samples.rows(folds == fold)
        fitted = _regression(samples.rows(folds != fold), target, c)
        features = (torch.from_numpy(held.features) - fitted["mean"]) / fitted["sd"]
        logits = features @ fitted["weight"].T + fitted["bias"]
        codes = torch.from_numpy(held.codes)
        total += float(log_loss(probabilities(logits, target), codes, target).sum())
    return total / len(samples.codes)


def _regression(samples: Samples, target: Target, c: float) -> dict[str, Tensor]:
    """Standardise the features, then fit: the weights of `radflow.networks.logistic.Logistic`."""
    mean, sd = samples.features.mean(0), samples.features.std(0)
    sd = np.where(sd > 1e-9, sd, 1.0)
    features = (samples.features - mean) / sd
    places = np.arange(len(target.classes))
    if target.several:
        truths = target.multi_hot(samples.codes.tolist()).T
    elif target.rules.kind == "ordinal":
        truths = (samples.codes > places[:-1, None]).astype(np.int64)
    else:
        weight, bias = _softmax(features, samples.codes, len(places), (c, samples.weights))
        return _tensors(mean=mean, sd=sd, weight=weight, bias=bias)
    fitted = [_softmax(features, truth, 2, (c, samples.weights)) for truth in truths]
    return _tensors(
        mean=mean,
        sd=sd,
        weight=np.stack([weight[1] - weight[0] for weight, _ in fitted]),
        bias=np.stack([bias[1] - bias[0] for _, bias in fitted]),
    )


def _softmax(
    features: Floats, codes: Codes, classes: int, rules: tuple[float, Floats | None]
) -> tuple[Floats, Floats]:
    """Fit weights ``(classes, features)`` and biases.

    A class without a sample is all but ruled out. `rules` are the inverse strength
    of the penalty and the weights of the samples.
    """
    c, weights = rules
    weight, bias = np.zeros((classes, features.shape[1])), np.zeros(classes)
    bias[:] = np.log(_UNSEEN / (len(codes) + _UNSEEN))
    present = np.unique(codes)
    if len(present) == 1:
        bias[present] = 0
        return weight, bias
    model = LogisticRegression(C=c, max_iter=1000, tol=1e-6)
    with warnings.catch_warnings():
        # With a weak penalty it may not settle; cross-validation judges what it reached.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, codes, weights)
    # Two classes share one vector: half for the one, half against the other.
    two = len(present) == 2
    weight[present] = np.concatenate([-model.coef_, model.coef_]) / 2 if two else model.coef_
    bias[present] = (
        np.concatenate([-model.intercept_, model.intercept_]) / 2 if two else model.intercept_
    )
    return weight, bias


def _flat_trees(forest: RandomForestClassifier, target: Target) -> dict[str, Tensor]:
    """Lay all trees end to end: the weights of `radflow.networks.forest.Forest`."""
    several = target.several and len(target.classes) > 1
    known: list[Any] = list(forest.classes_) if several else [forest.classes_]
    parts: dict[str, list[Any]] = {
        name: [] for name in ("roots", "feature", "threshold", "below", "above", "value")
    }
    first = 0
    for tree in (each.tree_ for each in forest.estimators_):
        nodes = np.arange(tree.node_count)
        leaf = tree.children_left < 0
        parts["roots"].append(np.array([first]))
        parts["feature"].append(np.where(leaf, 0, tree.feature))
        parts["threshold"].append(np.where(leaf, 0.0, tree.threshold))
        parts["below"].append(np.where(leaf, nodes, tree.children_left) + first)
        parts["above"].append(np.where(leaf, nodes, tree.children_right) + first)
        parts["value"].append(_leaf_values(tree.value, known, target))
        first += tree.node_count
    return _tensors(**{name: np.concatenate(each) for name, each in parts.items()})


def _leaf_values(value: Floats, known: Sequence[Codes], target: Target) -> Floats:
    """Turn scikit-learn's ``(nodes, outputs, classes)`` into probabilities ``(nodes, classes)``."""
    shares = value / value.sum(2, keepdims=True)
    found = np.zeros((len(value), len(target.classes)))
    if not target.several:
        found[:, known[0]] = shares[:, 0, : len(known[0])]
        return found
    for output, codes in enumerate(known):
        for place in np.flatnonzero(codes == 1):
            found[:, output] = shares[:, output, place]
    return found


def _tensors(**arrays: npt.NDArray[Any]) -> dict[str, Tensor]:
    kinds: Mapping[str, Any] = {"i": np.int64, "f": np.float64}
    return {
        name: torch.from_numpy(np.ascontiguousarray(array.astype(kinds[array.dtype.kind])))
        for name, array in arrays.items()
    }

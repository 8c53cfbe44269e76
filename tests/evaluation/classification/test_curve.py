"""Learning curves: the paired test is SciPy's, the conclusion follows from its interval."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test, ttest_1samp

from radflow.config.transfer import CurveRules
from radflow.errors import EvaluationError
from radflow.evaluation.classification.curve import conclusion, paired, write_curve
from radflow.files import read_json, write_json

RULES = CurveRules.model_validate(
    {"models": ["scratch", "transfer"], "sizes": [20, 40], "seeds": 5, "compare_at": 40}
)


def write_points(folder: Path, gain: list[float], **changes: Any) -> list[Path]:
    """Write points; at each seed the second model gains so much over the first."""
    paths: list[Path] = []
    for model, size, seed in product(RULES.models, RULES.sizes, range(RULES.seeds)):
        accuracy = 0.6 + 0.01 * seed + (gain[seed] if model == "transfer" else 0)
        point = {
            "study": "tiny",
            "model": model,
            "fold": 0,
            "size": size,
            "seed": seed,
            "cases_sha256": f"{size} {seed}",
            "tuning_cases": 30,
            "steps": 6,
            "start_from": {"from": "before/cnn, fold 0"} if model == "transfer" else None,
            "accuracy": accuracy,
            "auc": None if changes.get("auc") == "none" else accuracy,
            "nll": 1 - accuracy,
        }
        paths.append(folder / model / f"{size}-{seed}.json")
        write_json(paths[-1], point)
    return paths


def curve(folder: Path, gain: list[float], **changes: Any) -> dict[str, Any]:
    points = write_points(folder, gain, **changes)
    write_curve(points, folder / "curve.json", rules=RULES, confidence=0.95)
    return read_json(folder / "curve.json")


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=8, unique=True))
def test_the_t_test_and_its_interval_are_scipys(values: list[int]) -> None:
    differences = np.array(values) / 1000
    found, expected = paired(differences, confidence=0.9), ttest_1samp(differences, 0)
    interval = expected.confidence_interval(0.9)
    assert found["p"] == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-9)
    assert (found["low"], found["high"]) == pytest.approx(tuple(interval), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_permutation_test_is_scipys(seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.3, 0.5, 7)
    expected = permutation_test(
        (differences, np.zeros(7)),
        lambda one, two: np.mean(one - two),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    assert paired(differences, confidence=0.95)["p_flip"] == pytest.approx(expected.pvalue)


def test_five_seeds_cannot_give_a_permutation_p_below_one_in_sixteen() -> None:
    found = paired(np.array([0.1, 0.11, 0.12, 0.13, 0.14]), confidence=0.95)
    assert found["p_flip"] == found["least_p_flip"] == 1 / 16


def test_many_seeds_are_flipped_at_random() -> None:
    found = paired(np.random.default_rng(0).normal(0.2, 1, 40), confidence=0.95)
    assert found["p_flip"] == pytest.approx(found["p"], abs=0.05)


def test_differences_without_spread_have_no_p_unless_there_is_none() -> None:
    assert paired(np.zeros(5), confidence=0.95)["p"] == 1.0
    assert paired(np.full(5, 0.25), confidence=0.95)["p"] is None


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_rounding_of_equal_differences_is_no_spread(kind: type) -> None:
    """One case more of 20, at 15, 17 and 13 right: the differences differ in their last bits."""
    ours, theirs = (np.array(right) / kind(20) for right in ([15, 17, 13], [14, 16, 12]))
    found = paired((ours - theirs).astype(np.float64), confidence=0.95)
    assert found["p"] is None
    assert found["low"] == found["high"] == pytest.approx(0.05, abs=1e-7)


def test_flips_that_tie_but_for_rounding_are_counted() -> None:
    right = np.array([[22, 24, 18, 20, 26], [19, 24, 18, 23, 23]])
    exact = paired((right[0] - right[1]).astype(np.float64), confidence=0.95)["p_flip"]
    share = (right[0] / np.float32(30) - right[1] / np.float32(30)).astype(np.float64)
    assert paired(share, confidence=0.95)["p_flip"] == exact == 1.0


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        ([0.1, 0.11, 0.12, 0.09, 0.1], "transfer beats scratch in accuracy"),
        ([0.1, -0.11, 0.05, -0.09, 0.1], "transfer does not beat scratch in accuracy"),
        ([-0.1, -0.11, -0.12, -0.09, -0.1], "transfer is worse than scratch in accuracy"),
        ([0.0] * 5, "transfer does not beat scratch in accuracy"),
    ],
)
def test_the_conclusion_follows_from_the_interval(
    tmp_path: Path, gain: list[float], said: str
) -> None:
    [sentence] = curve(tmp_path, gain)["conclusions"]
    assert sentence.startswith("Trained on 40 cases, " + said)
    assert "paired t-test over 5 seeds" in sentence


def test_no_spread_over_seeds_proves_nothing() -> None:
    row = {
        "model": "b",
        "reference": "a",
        "size": 40,
        "n": 5,
        **paired(np.full(5, 0.25), confidence=0.95),
    }
    sentence = conclusion(row, fold=0, confidence=0.95)
    assert "b does not beat a" in sentence
    assert "not estimable: no spread over seeds" in sentence


def test_a_curve_holds_means_spread_and_what_was_started_from(tmp_path: Path) -> None:
    record = curve(tmp_path, [0.1] * 5)
    rows = {(r["model"], r["size"], r["metric"]): r for r in record["summary"]}
    row = rows["scratch", 20, "accuracy"]
    assert row["mean"] == pytest.approx(0.62)
    assert row["sd"] == pytest.approx(np.std([0.60, 0.61, 0.62, 0.63, 0.64], ddof=1), abs=1e-6)
    assert record["start_from"]["transfer"]["from"] == "before/cnn, fold 0"
    assert len(record["points"]) == 20


def test_an_area_that_cannot_be_estimated_stays_empty(tmp_path: Path) -> None:
    record = curve(tmp_path, [0.1] * 5, auc="none")
    assert all(r["mean"] is None for r in record["summary"] if r["metric"] == "auc")
    assert [r["difference"] for r in record["comparisons"] if r["metric"] == "auc"] == [None]


def test_missing_points_and_unpaired_cases_are_refused(tmp_path: Path) -> None:
    points = write_points(tmp_path, [0.1] * 5)
    with pytest.raises(
        EvaluationError, match=r"1 points of the curve are missing, first \('scratch"
    ):
        write_curve(points[1:], tmp_path / "c.json", rules=RULES, confidence=0.95)
    write_json(points[0], {**read_json(points[0]), "cases_sha256": "other"})
    with pytest.raises(EvaluationError, match="different cases at size 20, seed 0"):
        write_curve(points, tmp_path / "c.json", rules=RULES, confidence=0.95)

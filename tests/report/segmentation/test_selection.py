import pytest

from radflow.report.segmentation.scores import Score
from radflow.report.segmentation.selection import KINDS, failures, kind_of, rank, worst_median_best


def _score(case: str, dice: float, **changes: object) -> Score:
    values: dict[str, object] = {
        "case": case,
        "subject": case,
        "part": "test",
        "label": 1,
        "name": "a",
        "dice": dice,
        "hd95_mm": 1.0,
        "reference_ml": 1.0,
        "predicted_ml": 1.0,
        "empty": "",
    }
    return Score(**(values | changes))  # type: ignore[arg-type]


def _chosen(*dice: float) -> dict[str, str]:
    scores = [_score(f"c{place}", value) for place, value in enumerate(dice)]
    return {shown.title: shown.ranked.case for shown in worst_median_best(rank(scores))}


def test_worst_median_and_best_follow_the_ranking() -> None:
    assert _chosen(0.9, 0.5, 0.7, 0.8, 0.6) == {"worst": "c1", "median": "c2", "best": "c0"}


def test_of_an_even_number_the_lower_middle_case_is_the_median() -> None:
    assert _chosen(0.9, 0.5, 0.7, 0.8)["median"] == "c2"


def test_ties_go_by_name_whatever_the_order_of_rows() -> None:
    scores = [_score(case, 0.8) for case in ("d", "b", "a", "c", "e")]
    shown = worst_median_best(rank(scores))
    assert [(each.title, each.ranked.case) for each in shown] == [
        ("worst", "a"),
        ("median", "c"),
        ("best", "e"),
    ]
    assert rank(scores) == rank(scores[::-1])


def test_cases_are_ranked_by_the_mean_over_their_classes() -> None:
    scores = [_score("x", 1.0), _score("x", 0.2, name="b"), _score("y", 0.7), _score("z", 0.5)]
    assert [each.case for each in rank(scores)] == ["z", "x", "y"]


@pytest.mark.parametrize(
    ("dice", "expected"),
    [
        ((), {}),
        ((0.5,), {"worst and median and best": "c0"}),
        ((0.5, 0.6), {"worst and median": "c0", "best": "c1"}),
    ],
)
def test_few_cases_are_shown_once(dice: tuple[float, ...], expected: dict[str, str]) -> None:
    assert _chosen(*dice) == expected


def test_failures_are_the_lowest_scores_with_ties_by_name() -> None:
    scores = [_score("b", 0.1), _score("a", 0.1), _score("c", 0.9), _score("d", 0.0)]
    assert [each.case for each in failures(scores, most=3)] == ["d", "a", "b"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"empty": "missing"}, "no prediction"),
        ({"empty": "prediction"}, "missed"),
        ({"empty": "reference"}, "false alarm"),
        ({"empty": "both"}, "boundary"),
        ({"predicted_ml": 0.79}, "too small"),
        ({"predicted_ml": 1.26}, "too large"),
        ({"predicted_ml": 1.1}, "boundary"),
    ],
)
def test_what_went_wrong_is_named_by_rule(changes: dict[str, object], kind: str) -> None:
    assert kind_of(_score("a", 0.1, **changes)) == kind
    assert kind in KINDS

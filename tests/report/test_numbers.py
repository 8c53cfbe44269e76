import pytest

from radflow.report.numbers import (
    DASH,
    MINUS,
    count,
    estimate,
    interval,
    number,
    p_value,
    short,
    times,
)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.89849, 3, "0.898"),
        (-0.04, 2, f"{MINUS}0.04"),
        (-0.0001, 3, "0.000"),
        (3, 0, "3"),
        (None, 3, "not estimable"),
    ],
)
def test_numbers_have_fixed_decimals(value: float | None, digits: int, text: str) -> None:
    assert number(value, digits) == text


def test_estimates_carry_their_interval() -> None:
    record = {"mean": 0.8981, "low": 0.8916, "high": 0.9034}
    assert estimate(record) == f"0.898 (0.892{DASH}0.903)"


def test_a_negative_bound_is_not_read_as_a_dash() -> None:
    assert interval(-0.12, 0.03, 2) == f"({MINUS}0.12 to 0.03)"


def test_an_interval_that_can_not_be_estimated_is_left_out() -> None:
    assert estimate({"mean": 0.5, "low": None, "high": None}) == "0.500"


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "< 0.001"), (0.04, "0.040"), (None, "not estimable")]
)
def test_p_values_are_short(p: float | None, text: str) -> None:
    assert p_value(p) == text


def test_counts_speak_of_one_and_of_many() -> None:
    assert count(1, "study", "studies") == "1 study"
    assert count(12000, "case") == "12,000 cases"


def test_sizes_and_hashes() -> None:
    assert times([48, 64.0, 1.5]) == "48 \N{MULTIPLICATION SIGN} 64 \N{MULTIPLICATION SIGN} 1.5"
    assert short("0123456789abcdef") == "0123456789ab"

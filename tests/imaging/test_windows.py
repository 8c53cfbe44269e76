import pytest

from radflow.imaging.windows import window_problems


@pytest.mark.parametrize("windows", [None, [(0, 80)], [(0, 80), (80, 600)], [(0, 80), (0, 81)]])
def test_windows_that_rise_and_differ_are_right(windows):
    assert list(window_problems(windows)) == []


@pytest.mark.parametrize(
    ("windows", "problems"),
    [
        ([], ["an empty list gives a network no channel; name a window, e.g. [0, 80], or remove"]),
        ([(80, 0)], ["[80, 0] must be the lower bound, then the higher, HU"]),
        ([(40.5, 40.5)], ["[40.5, 40.5] must be the lower"]),
        ([(float("nan"), 0)], ["[nan, 0] must be the lower"]),
        ([(0, 80), (0.0, 80.0)], ["[0, 80] stands twice; name each window once"]),
        ([(0, 80), (9, 5), (0, 80)], ["[9, 5] must be", "[0, 80] stands twice"]),
    ],
)
def test_all_that_is_wrong_is_named_with_its_window(windows, problems):
    found = list(window_problems(windows))
    assert len(found) == len(problems)
    for message, start in zip(found, problems, strict=True):
        assert message.startswith(start)

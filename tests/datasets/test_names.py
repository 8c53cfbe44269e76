import pytest

from radflow.datasets.names import folded, name_problems


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a\nb", "control characters"),
        ("a\\b", "backslashes"),
        ("folder/" + 128 * "é", "more than 255 bytes"),
        ("\udcff", "no UTF-8"),
    ],
)
def test_a_name_that_some_system_can_not_hold_is_told(name, problem):
    assert problem in " ".join(name_problems(name))


@pytest.mark.parametrize("name", ["a b; 'c' \"d\" $(e)", "é/日本", 255 * "x"])
def test_odd_but_harmless_names_pass(name):
    assert list(name_problems(name)) == []


def test_case_and_composition_make_no_difference_to_a_folded_name():
    assert folded("E\u0301A") == folded("\u00e9a")
    assert folded("a") != folded("b")

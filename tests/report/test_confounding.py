"""A scanner that goes with a disease is told; one that does not is not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from radflow.datasets.cases import Case
from radflow.report.confounding import (
    cramers_v,
    shortcut_table,
    shortcut_text,
    shortcuts,
    sources_checked,
)


def make(number: int, target: str, **changes: object) -> Case:
    case = Case(
        case=f"c{number}",
        subject=f"s{number}",
        images=(),
        label=None,
        shape=(10, 10, 10),
        spacing_mm=(1.0, 1.0, 1.0),
        orientation="RAS",
        image_sha256=(),
        label_sha256=None,
        label_voxels={},
        target=target,
    )
    return replace(case, **changes)


def cohort(rows: Sequence[tuple[str, str]]) -> list[Case]:
    """Make a case for each (manufacturer, class)."""
    return [
        make(n, target, acquisition={"manufacturer": scanner} if scanner else {})
        for n, (scanner, target) in enumerate(rows)
    ]


def test_a_class_from_one_scanner_alone_is_told() -> None:
    (found,) = shortcuts(cohort([("Siemens", "tumour")] * 8 + [("GE", "control")] * 8))
    assert found.source == "manufacturer"
    assert found.alone == {"tumour": "Siemens", "control": "GE"}
    assert found.strength == pytest.approx(1.0)
    assert "All subjects of class tumour: manufacturer Siemens" in shortcut_text(found)
    rows = [[cell.text for cell in row] for row in shortcut_table(found).rows]
    assert rows == [["GE", "8", "0"], ["Siemens", "0", "8"]]


def test_scanners_that_see_all_classes_alike_are_not() -> None:
    both = [("Siemens", "tumour"), ("GE", "control"), ("GE", "tumour"), ("Siemens", "control")]
    cases = cohort(both * 5)
    assert shortcuts(cases) == ()
    assert sources_checked(cases) == ("manufacturer",)


def test_a_scanner_that_is_named_for_one_class_alone_is_told() -> None:
    (found,) = shortcuts(cohort([("GE", "tumour")] * 6 + [("", "control")] * 6))
    assert found.alone == {"control": "not stated", "tumour": "GE"}


def test_a_class_of_few_subjects_proves_nothing_alone() -> None:
    rows = [("GE", "rare")] * 4 + [("GE", "common")] * 14 + [("Siemens", "common")] * 16
    assert shortcuts(cohort(rows)) == ()


def test_the_grid_of_an_image_is_a_source_too() -> None:
    cases = [
        make(n, "a" if n < 6 else "b", shape=(512, 512, 1) if n < 6 else (256, 256, 1))
        for n in range(12)
    ]
    assert [found.source for found in shortcuts(cases)] == ["image size"]


def test_a_site_among_the_covariates_is_a_source_and_age_is_none() -> None:
    cases = [
        make(n, "a" if n < 6 else "b", covariates={"Site": str(n // 6), "age": str(n // 6)})
        for n in range(12)
    ]
    assert [found.source for found in shortcuts(cases)] == ["Site"]


def test_a_subject_counts_once() -> None:
    cases = [replace(case, subject="one") for case in cohort([("GE", "a")] * 9)]
    (found,) = shortcuts([*cases, *cohort([("Siemens", "b")] * 9)])
    assert found.counts == {("GE", "a"): 1, ("Siemens", "b"): 9}
    assert found.alone == {"b": "Siemens"}


@pytest.mark.parametrize("targets", [[""] * 4, ["a"] * 4, ["a", "a", "a", ""]])
def test_without_two_classes_there_is_nothing_to_tell(targets: list[str]) -> None:
    rows = [(str(n % 2), target) for n, target in enumerate(targets)]
    assert shortcuts(cohort(rows)) == ()


def bergsma(observed: np.ndarray) -> float:
    """Correct scipy's chi-squared for its bias; Bergsma 2013, equations in section 3."""
    n = observed.sum()
    phi2 = chi2_contingency(observed, correction=False).statistic / n
    r, c = observed.shape
    corrected = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    return float(
        np.sqrt(corrected / (min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1))
    )


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 4).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(1, 30), min_size=columns, max_size=columns),
            min_size=2,
            max_size=4,
        )
    )
)
def test_the_association_is_that_of_an_independent_computation(rows: list[list[int]]) -> None:
    observed = np.array(rows)
    counts = {(str(i), str(j)): int(observed[i, j]) for i, j in np.ndindex(observed.shape)}
    assert cramers_v(counts) == pytest.approx(min(1.0, bergsma(observed)), abs=1e-9)


def test_of_independent_factors_the_association_is_near_nothing() -> None:
    rng = np.random.default_rng(0)
    values = [
        cramers_v(
            Counter(zip(rng.choice(list("abc"), 60), rng.choice(list("xyz"), 60), strict=True))
        )
        for _ in range(50)
    ]
    assert np.mean(values) < 0.1


def test_of_one_value_there_is_no_association() -> None:
    assert cramers_v({("a", "x"): 5, ("a", "y"): 5}) == 0.0
    assert cramers_v({("a", "x"): 1}) == 0.0
    assert cramers_v({("a", "x"): 1, ("b", "y"): 1}) == 0.0

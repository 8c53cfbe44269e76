from pathlib import Path

import pytest

from radflow.datasets.cases import Case
from radflow.datasets.checks.cohort import check_cohort


def case(name, spacing):
    return Case(name, name, (Path("a"),), None, (9, 9, 9), spacing, "RAS", ("0",), None, {})


def test_equal_voxel_sizes_have_no_finding():
    assert check_cohort([case(str(n), (1.0, 1.0, 1.5)) for n in range(5)]) == []
    assert check_cohort([]) == []


@pytest.mark.parametrize(
    ("spacing", "words"),
    [
        ((1.0, 1.0, 5.0), "largest voxel size in mm is 5, the median of the dataset 1"),
        ((0.3, 1.0, 1.0), "anisotropy (largest by smallest voxel size) is 3.33"),
    ],
)
def test_a_voxel_size_unlike_the_others_is_noted_with_the_median(spacing, words):
    cases = [case(str(n), (1.0, 1.0, 1.0)) for n in range(5)]
    findings = check_cohort([*cases, case("odd", spacing)])
    assert {(f.case, f.fault, f.level) for f in findings} == {("odd", 32, "NOTE")}
    assert any(words in finding.message for finding in findings)

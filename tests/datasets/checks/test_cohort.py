from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radflow.datasets.cases import Case
from radflow.datasets.checks.cohort import check_cohort
from radflow.datasets.signature import signature_of


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


def test_one_image_under_two_subjects_is_noted_with_both():
    rng = np.random.default_rng(0)
    image = np.kron(rng.normal(size=(8, 8, 8)), np.ones((4, 4, 4)))
    cases = [case(name, (1.0, 1.0, 1.0)) for name in "abc"]
    twins = [replace(each, signature=signature_of(image, np.eye(4))) for each in cases[:2]]
    [finding] = check_cohort([*twins, cases[2]])
    assert (finding.case, finding.fault, finding.level) == ("a", 60, "NOTE")
    assert "a: looks the same as b of another subject (a, b), similarity 1" in finding.message
    assert check_cohort([replace(each, subject="one") for each in twins]) == []

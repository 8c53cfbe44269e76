"""Checks of a case against the others of its dataset."""

from collections.abc import Sequence

import numpy as np

from radflow.datasets.cases import Case
from radflow.datasets.checks.finding import Finding, Level, Problem, found

_MOST_RATIO = 2.0


def check_cohort(cases: Sequence[Case]) -> list[Finding]:
    """Note cases whose voxel size or anisotropy is over twice, or under half, the median."""
    if not cases:
        return []
    sizes = np.array([sorted(case.spacing_mm) for case in cases])
    measures = {
        "smallest voxel size in mm": sizes[:, 0],
        "largest voxel size in mm": sizes[:, 2],
        "anisotropy (largest by smallest voxel size)": sizes[:, 2] / sizes[:, 0],
    }
    findings: list[Finding] = []
    for name, values in measures.items():
        median = float(np.median(values))
        for case, value in zip(cases, values, strict=True):
            if median / _MOST_RATIO <= value <= median * _MOST_RATIO:
                continue
            message = f"the {name} is {value:.3g}, the median of the dataset {median:.3g}"
            problem = Problem(Level.NOTE, message, "Kept; look at it among the results")
            reason = "voxel size unlike the others'"
            findings.append(found("spacing-outlier", 32, reason, problem, case=case.case))
    return findings

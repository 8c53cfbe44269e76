"""Checks of a case against the others of its dataset."""

from collections.abc import Sequence

import numpy as np

from radflow.datasets.cases import Case
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.near_duplicates import near_duplicates

_MOST_RATIO = 2.0


def check_cohort(cases: Sequence[Case]) -> list[Finding]:
    """Note what shows only among all cases: outlying voxel sizes, images under two subjects."""
    return [*_spacing_outliers(cases), *_twins(cases)] if cases else []


def _twins(cases: Sequence[Case]) -> list[Finding]:
    """Note nearly equal images under different subjects; the split refuses them across parts."""
    findings: list[Finding] = []
    for pair in near_duplicates(cases):
        message = (
            f"looks the same as {pair.other.case} of another subject ({pair.one.subject}, "
            f"{pair.other.subject}), similarity {pair.similarity:.3f}"
        )
        remedy = "Give both one subject, or an id under `patients` of the card, or remove one"
        problem = Problem(Level.NOTE, message, remedy, pair.similarity)
        reason = "image under two subjects"
        findings.append(found("near-duplicate", 60, reason, problem, case=pair.one.case))
    return findings


def _spacing_outliers(cases: Sequence[Case]) -> list[Finding]:
    """Note cases whose voxel size or anisotropy is over twice, or under half, the median."""
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

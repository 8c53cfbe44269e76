"""The fingerprint: sizes, spacings and class volumes of a set of cases, from their table alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from radflow.datasets.cases import Case

Floats = npt.NDArray[np.float64]

_AXES = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}
_PERCENTILES = (0, 10, 50, 90, 100)


@dataclass(frozen=True)
class Fingerprint:
    """Geometry and class volumes of cases; no image is read.

    Attributes
    ----------
    shapes
        (case, axis), voxels, RAS axes.
    spacings
        (case, axis), mm, RAS axes.
    class_voxels
        Label to its number of voxels in each labelled case; a class that is absent counts 0.
    subjects
        Number of subjects.
    """

    shapes: Floats
    spacings: Floats
    class_voxels: dict[int, list[int]]
    subjects: int

    @classmethod
    def of(cls, cases: Sequence[Case]) -> Self:
        """Take the fingerprint of `cases`, bringing file axes into RAS order."""
        shapes, spacings = np.ones((len(cases), 3)), np.ones((len(cases), 3))
        for row, case in enumerate(cases):
            axes = [_AXES[letter] for letter in case.orientation]
            shapes[row, axes] = case.shape
            spacings[row, axes] = case.spacing_mm
        labelled = [case.label_voxels for case in cases if case.label_voxels]
        labels = sorted({label for voxels in labelled for label in voxels})
        return cls(
            shapes=shapes,
            # Affines are often stored in single precision: 0.9999999 mm is 1 mm.
            spacings=np.round(spacings, 6),
            class_voxels={label: [v.get(label, 0) for v in labelled] for label in labels},
            subjects=len({case.subject for case in cases}),
        )

    def resampled(self, spacing_mm: Floats) -> Floats:
        """Give the shapes (case, axis) in voxels after resampling to `spacing_mm`."""
        return np.maximum(np.round(self.shapes * self.spacings / spacing_mm), 1)

    def record(self, spacing_mm: Floats) -> dict[str, Any]:
        """Summarise by percentiles (0, 10, 50, 90, 100; the 50th is the median)."""
        return {
            "cases": len(self.shapes),
            "subjects": self.subjects,
            "shape": _percentiles(self.shapes),
            "spacing_mm": _percentiles(self.spacings),
            "shape_resampled": _percentiles(self.resampled(spacing_mm)),
            "class_voxels": {
                str(label): {**_percentiles(np.array(counts)), "cases": sum(map(bool, counts))}
                for label, counts in self.class_voxels.items()
            },
        }


def _percentiles(values: npt.NDArray[Any]) -> dict[str, Any]:
    """Give percentiles over the first axis."""
    rows = np.round(np.percentile(values, _PERCENTILES, axis=0), 6).tolist()
    return {f"percentile_{name}": row for name, row in zip(_PERCENTILES, rows, strict=True)}

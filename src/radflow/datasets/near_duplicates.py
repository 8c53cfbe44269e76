"""Images that are nearly the same under two subjects, found by their signatures.

Two signatures are compared by the correlation of their grids, once these are whitened (the outline
of a head, alike in all of us, would decide otherwise) and shifted onto each other.

Measured, similarity of volumes. Different subjects, the largest: 220 hippocampus crops 0.82 (the
next 0.74), 18 volumes of 9 glioblastoma patients 0.79, 30 simulated heads in two sequences 0.76,
three brains registered to one template 0.77 (T1) and 0.77 (FLAIR), two patients by DICOM 0.46. The
same scan, the smallest over all of these: scaled linearly, flipped or transposed 1.00, 8 bit 0.99,
gamma of 0.8 0.94, noise of 2 % 0.96, resampled to voxels 1.1 times as large 0.90, half the in-plane
resolution 0.89, shifted by one voxel along each axis with one slice of 22 lost 0.86. Shifted by
three: 0.97 in heads with air around them; crops that lose a tenth of their content so are missed.
One-slice images of 512 x 512 (2,400 of one kind of tumour each): different subjects at most 0.96,
and those pairs look like one patient at two dates; the same slice shifted by three pixels, gamma of
0.8, noise, resampled or JPEG of quality 60 at least 0.98. Thumbnails of 64 x 64 are alike up to
0.91 between subjects, and most of their copies are missed unless only rescaled or flipped.

Among 10,000 simulated signatures with the spread of real heads (all pairs compared in a minute and
a half, 0.5 GB) 27 pairs of 50 million reach the bound by chance. One id for both under `patients`
of the dataset card settles such a pair at no cost: the two then stay in one part.

Another examination of the same patient is similar enough by luck alone (0.66 to 0.92 between two
dates): who is who must be told by subject ids and by `patients` of the dataset card.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import numpy.typing as npt

from radflow.datasets.cases import Case
from radflow.datasets.signature import EDGE, grid_of

Complex = npt.NDArray[np.complex64]

ALIKE = {3: 0.84, 2: 0.97}
"""Similarity from which two images are near-duplicates, of volumes and of one-slice images."""

_WORTH_ALIGNING = {3: 0.72, 2: 0.85}  # similarity as they lie, below which none is aligned
_FINEST = {3: 7, 2: 12}  # waves across the grid; finer ones change with the sampling
_WHITENING = 1.5  # amplitudes of anatomy fall about so; else the outline alone would decide
_REACH, _STEPS = 1.0, 4  # how far grids are shifted against each other, cells; steps per cell
_MARGIN = 2  # cells an edge that are left out once aligned: there the two show other things
_BLOCK = 1024


@dataclass(frozen=True)
class Pair:
    """Two cases of different subjects whose first channels are nearly the same image.

    Attributes
    ----------
    similarity
        Correlation of the whitened, aligned grids; 1 for the same image.
    """

    one: Case
    other: Case
    similarity: float


def near_duplicates(cases: Sequence[Case], others: Sequence[Case] | None = None) -> list[Pair]:
    """Find nearly equal images under different subjects, the most similar first.

    Parameters
    ----------
    cases
        Each with its signature; cases without one are in no pair.
    others
        Cases of another dataset, compared with `cases` alone; None compares `cases` with each
        other. Cases of one subject, or of one patient (`Case.patient`), are no pair; with `others`
        only one patient is, as subjects of two datasets may share a name.
    """
    pairs: list[Pair] = []
    for dimensions in EDGE:
        first = _Cohort.of(cases, dimensions)
        second = first if others is None else _Cohort.of(others, dimensions)
        if len(first.cases) and len(second.cases):
            pairs += _pairs(first, second, dimensions)
    return sorted(pairs, key=lambda pair: (-pair.similarity, pair.one.case, pair.other.case))


@dataclass(frozen=True)
class _Cohort:
    """Cases of one kind of signature, with their whitened spectra ``(n, waves)`` of length 1."""

    cases: list[Case]
    spectra: Complex

    @classmethod
    def of(cls, cases: Iterable[Case], dimensions: int) -> "_Cohort":
        kept: list[Case] = []
        spectra: list[Complex] = []
        for case in sorted(cases, key=lambda case: case.case):
            grid = grid_of(case.signature)
            if grid is not None and grid.ndim == dimensions:
                kept.append(case)
                spectra.append(_spectrum(grid))
        return cls(kept, np.array(spectra))

    @property
    def vectors(self) -> npt.NDArray[np.float32]:
        return np.concatenate([self.spectra.real, self.spectra.imag], axis=1)


def _pairs(first: _Cohort, second: _Cohort, dimensions: int) -> Iterator[Pair]:
    """Compare all with all in blocks, and align what is similar as it lies."""
    within = first is second
    ours, theirs = first.vectors, second.vectors
    for start in range(0, len(ours), _BLOCK):
        low = start if within else 0
        similar = ours[start : start + _BLOCK] @ theirs[low:].T
        for row, column in np.argwhere(similar >= _WORTH_ALIGNING[dimensions]).tolist():
            i, j = start + row, low + column
            one, other = first.cases[i], second.cases[j]
            if (within and i >= j) or _same_person(one, other, within=within):
                continue
            similarity = _aligned(first.spectra[i], second.spectra[j], dimensions)
            if similarity >= ALIKE[dimensions]:
                yield Pair(one, other, round(similarity, 4))


def _same_person(one: Case, other: Case, *, within: bool) -> bool:
    same_patient = bool(one.patient) and one.patient == other.patient
    return same_patient or (within and one.subject == other.subject)


@cache
def _waves(dimensions: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """List the waves across the grid ``(waves, axes)``, one of each +- pair, and their weights."""
    finest = _FINEST[dimensions]
    every = np.array(list(product(range(-finest, finest + 1), repeat=dimensions)))
    length = np.linalg.norm(every, axis=1)
    first_is_positive = every @ (100 ** np.arange(dimensions)) > 0
    kept = (length > 0) & (length <= finest) & first_is_positive
    return every[kept], (length[kept] ** _WHITENING).astype(np.float32)


def _spectrum(grid: npt.NDArray[np.float32]) -> Complex:
    waves, weights = _waves(grid.ndim)
    spectrum = np.fft.fftn(grid)[tuple(waves.T)] * weights
    return (spectrum / max(float(np.linalg.norm(spectrum)), 1e-12)).astype(np.complex64)


@cache
def _shifts(dimensions: int) -> Complex:
    """Give what each shift does to the waves, ``(shifts, waves)``."""
    steps = int(_REACH * _STEPS)
    every = np.array(list(product(range(-steps, steps + 1), repeat=dimensions))) / _STEPS
    phases = np.exp(-2j * np.pi / EDGE[dimensions] * (every @ _waves(dimensions)[0].T))
    return phases.astype(np.complex64)


def _aligned(one: Complex, other: Complex, dimensions: int) -> float:
    """Correlate two images once shifted onto each other: as a whole, or away from the edges."""
    phases = _shifts(dimensions)
    shifted = (phases @ (other * one.conj())).real
    best = int(np.argmax(shifted))
    inside = (slice(_MARGIN, -_MARGIN),) * dimensions
    a = _field(one, dimensions)[inside]
    b = _field(other * phases[best], dimensions)[inside]
    a, b = a - a.mean(), b - b.mean()
    middle = float((a * b).sum() / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
    return max(middle, float(shifted[best]))


def _field(spectrum: Complex, dimensions: int) -> npt.NDArray[np.float64]:
    """Turn a spectrum back into the whitened grid."""
    whole = np.zeros((EDGE[dimensions],) * dimensions, np.complex64)
    whole[tuple(_waves(dimensions)[0].T)] = spectrum
    return np.fft.ifftn(whole).real

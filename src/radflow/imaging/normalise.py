"""Intensity normalisation: per image (MR), or fitted on training cases (CT)."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from radflow.errors import ImageError
from radflow.selections import TrainingCases

Floats = npt.NDArray[np.float32]

_SCHEMES = ("zscore", "ct")

_LOW_PERCENT, _HIGH_PERCENT = 0.5, 99.5
_LEAST_HU, _MOST_HU = -32768, 32767


def zscore(image: npt.NDArray[Any], *, case: str) -> Floats:
    """Bring each channel of one image to mean 0 and standard deviation 1 over all its voxels.

    Computed in float64 on intensities divided by the largest, so images whose scales differ by
    orders of magnitude come out alike.

    Parameters
    ----------
    image
        ``(c, i, j, k)``, any unit.
    case
        Named in errors.

    Returns
    -------
    ndarray
        ``(c, i, j, k)`` float32, in standard deviations.

    Raises
    ------
    ImageError
        If a channel holds NaN or infinity, or one value only.
    """
    result = np.empty(image.shape, np.float32)
    for number, channel in enumerate(image):
        values = channel.astype(np.float64)
        if not np.isfinite(values).all():
            message = (
                f"case {case}: {np.count_nonzero(~np.isfinite(values))} voxels of channel {number} "
                "are NaN or infinite; repair the image or leave the case out"
            )
            raise ImageError(message)
        lowest, highest = values.min(), values.max()
        if lowest == highest:
            message = (
                f"case {case}: every voxel of channel {number} is {lowest:g}, so it can't be "
                "normalised; leave the case out"
            )
            raise ImageError(message)
        values /= max(abs(lowest), abs(highest))
        values -= values.mean()
        result[number] = values / values.std()
    return result


def to_scheme(
    image: npt.NDArray[Any], scheme: str, *, window_hu: tuple[float, float] | None, case: str
) -> Floats:
    """Bring the intensities of one image to a plan's scheme, before it is resampled.

    Parameters
    ----------
    image
        ``(c, i, j, k)``, as stored.
    scheme
        ``"zscore"`` (`zscore`), or ``"ct"``: it stays in HU, since the bounds and the scale that
        `Intensity` gives it later are fitted on a fold's training cases.
    window_hu
        To which ``"ct"`` is clipped, HU; None: not at all. Clipped first, bone and air do not
        outweigh soft tissue in voxels that hold both.
    case
        Named in errors.

    Returns
    -------
    ndarray
        ``(c, i, j, k)`` float32.

    Raises
    ------
    ImageError
        If there is no such scheme, or as `zscore` does.
    """
    if scheme not in _SCHEMES:
        message = f"case {case}: there is no normalisation {scheme!r}; known: {', '.join(_SCHEMES)}"
        raise ImageError(message)
    if scheme == "zscore":
        return zscore(image, case=case)
    image = image.astype(np.float32)
    return image if window_hu is None else image.clip(*window_hu)


@dataclass(frozen=True)
class Intensity:
    """How CT is clipped and standardised: nnU-Net's scheme (Isensee et al. 2021).

    Attributes
    ----------
    low, high
        Clipping bounds, HU: the 0.5 and 99.5 percentiles of the target voxels.
    mean, sd
        Of the target voxels, HU.
    """

    low: float
    high: float
    mean: float
    sd: float

    @classmethod
    def fit(
        cls,
        training: TrainingCases,
        read: Callable[[str], tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]],
    ) -> Self:
        """Fit on the target voxels of the *training* cases of a fold, and of no other case.

        Voxels are counted in bins of 1 HU, so that memory does not grow with the number of cases,
        and the result does not depend on their order.

        Parameters
        ----------
        training
            The fold's training cases.
        read
            Gives image ``(c, i, j, k)`` in HU and label ``(i, j, k)`` of a case's id.

        Raises
        ------
        LeakError
            If the cases are anything but a fold's training cases.
        ImageError
            If the cases have no target voxel, or all have one value.
        """
        counts = np.zeros(_MOST_HU - _LEAST_HU + 1, np.int64)
        for case in TrainingCases.require(training, what="CT normalisation"):
            image, label = read(case.case)
            values = np.rint(image[:, label > 0]).clip(_LEAST_HU, _MOST_HU).astype(np.int64)
            counts += np.bincount((values - _LEAST_HU).ravel(), minlength=counts.size)
        levels = np.arange(_LEAST_HU, _MOST_HU + 1, dtype=np.float64)
        total = counts.sum()
        if np.count_nonzero(counts) < 2:
            message = (
                f"the training cases have {total} target voxels, and fewer than two different "
                "HU values among them; CT normalisation can't be fitted: use zscore"
            )
            raise ImageError(message)
        mean = (counts @ levels) / total
        variance = (counts @ (levels - mean) ** 2) / total
        ranks = np.array([_LOW_PERCENT, _HIGH_PERCENT]) / 100 * total
        low, high = levels[np.searchsorted(counts.cumsum(), ranks)]
        return cls(float(low), float(high), float(mean), float(np.sqrt(variance)))

    def apply(self, image: Floats) -> Floats:
        """Clip an image in HU, and return it in standard deviations from the mean, float32."""
        return (image.clip(self.low, self.high) - np.float32(self.mean)) / np.float32(self.sd)

    def to_dict(self) -> dict[str, float]:
        """Turn into a JSON-able record; ``Intensity(**record)`` reads it."""
        return asdict(self)

"""Intensity normalisation: per image (MR); fitted on training cases, or by windows (CT)."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from radflow.errors import ImageError
from radflow.imaging.windows import Window
from radflow.selections import TrainingCases

Floats = npt.NDArray[np.float32]

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


def windowed(image: npt.NDArray[Any], windows: Sequence[Window]) -> Floats:
    """Make a channel of each window of each channel, on a scale that no data decide.

    Parameters
    ----------
    image
        ``(c, i, j, k)``, HU.
    windows
        Bounds, HU, the lower first.

    Returns
    -------
    ndarray
        ``(c * windows, i, j, k)`` float32: all windows of the first channel, then those of the
        next. What is at the lower bound or below is -1, at the higher or above 1.
    """
    low, high = np.asarray(windows, np.float32).T[:, :, None, None, None]
    clipped = image[:, None].astype(np.float32).clip(low, high)
    scaled = (clipped - low) / (high - low) * np.float32(2) - np.float32(1)
    return scaled.reshape(-1, *image.shape[1:])


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

"""What is done to every image before a network sees it: voxel size, intensities, smoothing."""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, model_validator

from radflow.imaging.normalise import Floats, windowed, zscore
from radflow.imaging.windows import Window, window_problems

Normalisation = Literal["zscore", "ct"]


class Preparation(BaseModel):
    """How images are prepared: the part that a plan and the card of a trained model share.

    Attributes
    ----------
    spacing_mm
        Voxel size of prepared images, mm, RAS axes.
    normalisation
        Scheme of intensities: ``"zscore"`` or ``"ct"``.
    windows_hu
        Windows of CT, HU: each becomes a channel, its bounds at -1 and 1. None: CT stays in HU.
    smooth
        Whether images are smoothed before they are sampled more coarsely.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    spacing_mm: tuple[float, float, float]
    normalisation: Normalisation
    windows_hu: tuple[Window, ...] | None = None
    smooth: bool = False

    @model_validator(mode="after")
    def _check_windows(self) -> Self:
        problems = list(window_problems(self.windows_hu))
        if self.windows_hu is not None and self.normalisation != "ct":
            problems.append(
                f"only 'ct' has windows, normalisation is {self.normalisation!r}; remove them"
            )
        if problems:
            message = f"windows_hu: {'; '.join(problems)}"
            raise ValueError(message)
        return self

    @property
    def fits_intensity(self) -> bool:
        """Whether each fold fits `radflow.imaging.normalise.Intensity` to its training cases."""
        return self.normalisation == "ct" and self.windows_hu is None

    def image_channels(self, channels: Sequence[str]) -> tuple[str, ...]:
        """Name the channels of prepared images, given those of a case: ``"CT 0..80 HU"``."""
        if self.windows_hu is None:
            return tuple(channels)
        ranges = [f"{low:g}..{high:g} HU" for low, high in self.windows_hu]
        return tuple(f"{channel} {each}" for channel in channels for each in ranges)

    def intensities(self, image: npt.NDArray[Any], *, case: str) -> Floats:
        """Bring the intensities of one image to the scheme, before it is resampled.

        Clipped first, bone and air do not outweigh soft tissue in voxels that hold both.

        Parameters
        ----------
        image
            ``(c, i, j, k)``, as stored.
        case
            Named in errors.

        Returns
        -------
        ndarray
            ``(c, i, j, k)`` float32: in standard deviations (``"zscore"``), or in HU, since the
            bounds and the scale that `Intensity` gives them later are fitted on a fold's training
            cases; with windows ``(c * windows, i, j, k)`` from -1 to 1, and nothing is fitted.

        Raises
        ------
        ImageError
            As `radflow.imaging.normalise.zscore` does.
        """
        if self.normalisation == "zscore":
            return zscore(image, case=case)
        if self.windows_hu is None:
            return image.astype(np.float32)
        return windowed(image, self.windows_hu)

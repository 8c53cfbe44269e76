"""How alike two maps are: rank correlation and structural similarity."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter
from scipy.stats import rankdata

Floats = npt.NDArray[np.float32]

_WINDOW = 7
_K1, _K2 = 0.01, 0.03


def rank_correlation(one: Floats, other: Floats) -> float:
    """Correlate the ranks of two maps' voxels (Spearman); 0 where a map is the same everywhere."""
    a, b = (rankdata(each.ravel()) for each in (one, other))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / size) if size > 0 else 0.0


def structural_similarity(one: Floats, other: Floats) -> float:
    """Compare two maps, each scaled to [0, 1], by SSIM (Wang et al. 2004).

    Uniform windows of 7 voxels an axis (less on smaller maps), biased variances, K1 = 0.01, K2 =
    0.03; the mean over the windows that lie inside.

    Parameters
    ----------
    one, other
        ``(*grid)``, of the same shape.

    Returns
    -------
    float
        1 for equal maps, about 0 for maps that have nothing in common.
    """
    a, b = (_scaled(each.astype(np.float64)) for each in (one, other))
    size = [min(_WINDOW, n) - (min(_WINDOW, n) + 1) % 2 for n in one.shape]
    inside = tuple(
        slice(width // 2, n - width // 2) for width, n in zip(size, a.shape, strict=True)
    )

    def mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        averaged = uniform_filter(values, size)  # pyright: ignore[reportArgumentType]
        return np.asarray(averaged)[inside]

    mean_a, mean_b = mean(a), mean(b)
    variances = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    c1, c2 = _K1**2, _K2**2
    found = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float((found / ((mean_a**2 + mean_b**2 + c1) * (variances + c2))).mean())


def _scaled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)

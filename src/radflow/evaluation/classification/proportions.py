"""Intervals and tests of counts."""

from scipy.special import ndtri
from scipy.stats import binomtest


def wilson(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Give the score interval of a proportion (Wilson 1927, doi:10.2307/2276774).

    It takes trials as independent; with 0 trials it is 0 to 1.

    Examples
    --------
    >>> low, high = wilson(81, 263, 0.95)
    >>> f"{low:.4f} to {high:.4f}"
    '0.2553 to 0.3662'
    """
    if trials == 0:
        return 0.0, 1.0
    z = float(ndtri((1.0 + confidence) / 2.0))
    found = successes / trials
    centre = (found + z**2 / (2 * trials)) / (1 + z**2 / trials)
    spread = found * (1 - found) / trials + z**2 / (4 * trials**2)
    half = z / (1 + z**2 / trials) * spread**0.5
    return (
        0.0 if successes == 0 else centre - half,
        1.0 if successes == trials else centre + half,
    )


def mcnemar_p(only_first: int, only_second: int) -> float:
    """Give the two-sided p value of McNemar's exact test; 1 where the two never differ.

    McNemar 1947 (doi:10.1007/BF02295996): of the cases that only one of two models has right, each
    has as many as the other but for chance.

    Parameters
    ----------
    only_first, only_second
        Cases that only the first, only the second model has right.
    """
    differing = only_first + only_second
    if differing == 0:
        return 1.0
    return float(binomtest(only_first, differing, 0.5).pvalue)

"""How numbers of the record of metrics are written, and when they are warned of."""

from radflow.evaluation.bootstrap import DOUBTFUL_SUBJECTS

_DIGITS = 6
_NOISE_DECIMALS = 12


def rounded(value: float | None) -> float | None:
    """Round a score to six significant digits, and what is but the noise of sums to 0."""
    return None if value is None else significant(round(value, _NOISE_DECIMALS) + 0.0)


def significant(value: float | None) -> float | None:
    """Keep six significant digits (of a p value, however small); None stays None."""
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def warnings_of(subjects: int) -> list[str]:
    """Warn of a part of so few subjects that its intervals are doubtful."""
    if subjects >= DOUBTFUL_SUBJECTS:
        return []
    return [
        f"{subjects} subjects: below {DOUBTFUL_SUBJECTS}, intervals may cover less than they say"
    ]

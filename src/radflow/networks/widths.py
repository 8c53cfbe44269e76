"""How wide the levels of a network are."""

from collections.abc import Sequence


def level_widths(channels: Sequence[int], *, levels: int, most: int) -> list[int]:
    """Features of each level of a U-Net, finest first.

    Parameters
    ----------
    channels
        Of the finest levels; each level after the last named one has twice those of the one before.
    levels
        Resolutions; channels named beyond them are not used.
    most
        Cap of every level.
    """
    widths = list(channels[:levels])
    while len(widths) < levels:
        widths.append(widths[-1] * 2)
    return [min(width, most) for width in widths]

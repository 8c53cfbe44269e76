"""Windows of CT: ranges of Hounsfield units, of which each becomes a channel."""

from collections.abc import Iterator, Sequence

Window = tuple[float, float]
"""Lower and higher bound, HU."""


def window_problems(windows: Sequence[Window] | None) -> Iterator[str]:
    """Say what is wrong with the windows of a plan; None: there are none, and none is wrong."""
    if windows is None:
        return
    if not windows:
        yield "an empty list gives a network no channel; name a window, e.g. [0, 80], or remove it"
    for low, high in windows:
        if not low < high:
            yield f"{_written((low, high))} must be the lower bound, then the higher, HU"
    for window in sorted({window for window in windows if windows.count(window) > 1}):
        yield f"{_written(window)} stands twice; name each window once"


def _written(window: Window) -> str:
    """Write a window as the configuration has it: ``"[0, 80]"``."""
    return f"[{window[0]:g}, {window[1]:g}]"

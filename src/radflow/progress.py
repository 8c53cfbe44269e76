"""One way to show progress: a bar on a terminal, plain lines elsewhere, a line at each end."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from types import TracebackType
from typing import Self, TextIO, TypeVar

from tqdm import tqdm

T = TypeVar("T")

_SECONDS_BETWEEN_LINES = 10.0


def say(message: str, stream: TextIO | None = None) -> None:
    """Print one line for a finished step."""
    print(message, file=stream or sys.stderr, flush=True)


class Progress:
    """Count units of long work, with rate and time left.

    On a terminal a bar; elsewhere (logs, pipes) one plain line at most every ten seconds, and
    one at the end.

    Parameters
    ----------
    total
        Number of units, or None where it is not known.
    title
        What is being done, e.g. ``"intake"``.
    unit
        Name of a unit, e.g. ``"case"``; ``"B"`` counts bytes.
    done
        Units finished before, e.g. by the run that is resumed.
    """

    def __init__(self, total: int | None, title: str, *, unit: str = "case", done: int = 0) -> None:
        terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=total,
            initial=done,
            desc=title,
            unit=unit,
            unit_scale=unit == "B",
            disable=not terminal,
            file=sys.stderr,
            dynamic_ncols=True,
        )
        self._terminal = terminal
        self._total, self._title, self._unit = total, title, unit
        self._done = self._start_done = done
        self._start = self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        if not self._terminal and kind is None:
            self._line("", end=True)

    def update(self, units: int = 1, note: str = "") -> None:
        """Count `units` more as done; `note` (say, the current loss) stands behind the rate."""
        self._done += units
        if note:
            self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(units)
        if not self._terminal and time.monotonic() - self._last > _SECONDS_BETWEEN_LINES:
            self._line(note)

    def _line(self, note: str, *, end: bool = False) -> None:
        now = time.monotonic()
        seconds = now - self._start
        rate = (self._done - self._start_done) / seconds if seconds > 0 else 0.0
        of = f" of {self._quantity(self._total)}" if self._total else ""
        unit = "" if self._unit == "B" else f" {self._unit}"
        parts = [f"{self._title}: {self._quantity(self._done)}{of}{unit}"]
        if rate > 0:
            parts.append(f"{self._quantity(rate)}{unit}/s")
        if end:
            parts.append(f"done in {_clock(seconds)}")
        elif self._total and rate > 0:
            parts.append(f"{_clock((self._total - self._done) / rate)} left")
        say(", ".join([*parts, *([note] if note else [])]))
        self._last = now

    def _quantity(self, number: float) -> str:
        if self._unit == "B":
            return tqdm.format_sizeof(number, "B")
        return f"{number:.0f}" if number == int(number) else f"{number:.3g}"


def track(
    items: Iterable[T], title: str, *, total: int | None = None, unit: str = "case"
) -> Iterator[T]:
    """Yield `items` while showing progress; `total` is their number where they have no length."""
    size = len(items) if isinstance(items, Sized) else total
    with Progress(size, title, unit=unit) as progress:
        for item in items:
            yield item
            progress.update()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"

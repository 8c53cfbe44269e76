"""How a step of the workflow speaks: to the terminal, to its log, in one message on error."""

import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO

from radflow.errors import RadflowError


@contextmanager
def step(log: str | Path) -> Generator[None]:
    """Run a step: what it says goes to the terminal and to the file `log`.

    Several steps share the terminal, so none of them draws a progress bar on it: progress comes
    in plain lines (see `radflow.progress`). What ends the step goes to the log alone, because the
    workflow shows the log of a step that failed.

    Raises
    ------
    SystemExit
        With status 1, after an error: a `RadflowError` leaves its message in the log, any other
        exception its traceback.
    """
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        both = _Both(sys.stderr, file)
        try:
            with redirect_stdout(both), redirect_stderr(both):
                yield
        except RadflowError as error:
            file.write(f"{error}\n")
            raise SystemExit(1) from None
        except Exception:
            traceback.print_exc(file=file)
            raise SystemExit(1) from None


class _Both:
    """A text stream that writes to two."""

    def __init__(self, first: TextIO, second: TextIO) -> None:
        self._streams = (first, second)
        self.encoding = "utf-8"

    def write(self, text: str) -> int:
        for stream in self._streams:
            stream.write(text)
            stream.flush()
        return len(text)

    def flush(self) -> None:
        for stream in self._streams:
            stream.flush()

    def isatty(self) -> bool:
        return False

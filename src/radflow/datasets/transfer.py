"""Bring one address's bytes to disk: resumed, retried, and no longer than it takes."""

import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from radflow.errors import DownloadError
from radflow.files import read_json, write_json
from radflow.progress import Progress

_BLOCK_BYTES = 1 << 18
_RETRIED = (408, 425, 429)
_RANGE_NOT_SATISFIABLE = 416


class TransferError(DownloadError):
    """Raised when one address did not give its bytes; another source may."""


@dataclass(frozen=True)
class Retries:
    """How often and how patiently an address is asked.

    Attributes
    ----------
    attempts
        Tries in a row that bring no new byte.
    first_delay_s, longest_delay_s
        The delay doubles from the first to the longest, in seconds.
    timeout_s
        Longest silence of a server, in seconds.
    sleep
        Waits a number of seconds.
    """

    attempts: int = 5
    first_delay_s: float = 1.0
    longest_delay_s: float = 60.0
    timeout_s: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def delay_s(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return float(min(self.longest_delay_s, self.first_delay_s * 2 ** (failures - 1)))


class _AttemptError(Exception):
    """An attempt that failed; `final` where asking again is useless."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


def redacted(url: str) -> str:
    """Give an address without user name and password."""
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def transfer(url: str, part: Path, *, retries: Retries, title: str) -> None:
    """Bring all bytes of an address into the file `part`, going on where an earlier try ended.

    What the server said of the file (total size, ETag) is kept in ``PART.json``, so that the bytes
    of another version are never joined: they are asked for with ``If-Range``, and the total of
    ``Content-Range`` is compared. A server that knows no ranges starts from the first byte.

    Parameters
    ----------
    url
        http or https.
    part
        Where the bytes gather; complete when this returns, but not verified.
    retries
        How patiently.
    title
        For the progress bar.

    Raises
    ------
    TransferError
        When the address can't be had.
    OSError
        When the disk is full.
    """
    failures = furthest = 0
    while True:
        try:
            _attempt(url, part, timeout_s=retries.timeout_s, title=title)
        except _AttemptError as failure:
            reached = _size(part)
            failures = 1 if reached > furthest else failures + 1
            furthest = max(furthest, reached)
            if failure.final:
                raise TransferError(str(failure)) from failure
            if failures >= retries.attempts:
                message = f"{failure} ({failures} attempts without a new byte)"
                raise TransferError(message) from failure
            retries.sleep(retries.delay_s(failures))
        else:
            return


def discard(part: Path) -> None:
    """Remove a partial file and what is known of it."""
    part.unlink(missing_ok=True)
    _state_path(part).unlink(missing_ok=True)


def _attempt(url: str, part: Path, *, timeout_s: float, title: str) -> None:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        message = "only http and https addresses are read"
        raise _AttemptError(message, final=True)
    state = _state(part, url)
    have = _size(part) if state else 0
    if have and have == state.get("total"):
        return
    request = urllib.request.Request(url, headers=_headers(state, have))  # noqa: S310 - scheme checked
    with _open(request, part, timeout_s) as response:
        _receive(response, url, part, have=have, state=state, title=title)


def _open(
    request: urllib.request.Request, part: Path, timeout_s: float
) -> http.client.HTTPResponse:
    try:
        return urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310 - scheme checked
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE:
            discard(part)
        retried = error.code >= 500 or error.code in (*_RETRIED, _RANGE_NOT_SATISFIABLE)
        message = f"the server answers {error.code} {error.reason}"
        raise _AttemptError(message, final=not retried) from error
    except (OSError, http.client.HTTPException) as error:
        message = f"no connection: {getattr(error, 'reason', error) or type(error).__name__}"
        raise _AttemptError(message) from error


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Read a response to its end; only here do errors of the network meet those of the disk."""
    while True:
        try:
            block = response.read(_BLOCK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            message = f"the connection broke: {error or type(error).__name__}"
            raise _AttemptError(message) from error
        if not block:
            return
        yield block


def _headers(state: dict[str, Any], have: int) -> dict[str, str]:
    headers = {"User-Agent": "radflow", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if state.get("validator"):
            headers["If-Range"] = str(state["validator"])
    return headers


def _receive(
    response: http.client.HTTPResponse,
    url: str,
    part: Path,
    *,
    have: int,
    state: dict[str, Any],
    title: str,
) -> None:
    start, total = _range(response)
    if start not in (0, have) or (start and state.get("total") not in (None, total)):
        discard(part)
        message = (
            f"asked for bytes {have}- of {state.get('total')}, the server sent {start}- of {total}"
        )
        raise _AttemptError(message)
    if total is not None:
        _check_space(part, total - start)
    if not start:
        part.unlink(missing_ok=True)
        validator = _validator(response)
        write_json(_state_path(part), {"url": url, "total": total, "validator": validator})
    with part.open("ab") as target, Progress(total, title, unit="B", done=start) as progress:
        for block in _blocks(response):
            target.write(block)
            progress.update(len(block))
        target.flush()
        os.fsync(target.fileno())
    received = _size(part)
    if total is not None and received != total:
        message = f"the server announced {total} bytes and sent {received}"
        raise _AttemptError(message)


def _range(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """First byte and total size of a response, the latter None where the server says nothing."""
    if response.status == http.client.PARTIAL_CONTENT:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        return (int(match[1]), int(match[2])) if match else (-1, None)
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _validator(response: http.client.HTTPResponse) -> str | None:
    """Give what tells versions apart: a strong ETag, else the date of the last change."""
    etag = response.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def _check_space(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        message = (
            f"{part.parent}: {needed / 1e9:.3g} GB are needed and {free / 1e9:.3g} GB are free. "
            "Free space, then run again"
        )
        raise DownloadError(message)


def _state(part: Path, url: str) -> dict[str, Any]:
    """Read what is known of a partial file; empty where there is none, or of another address."""
    try:
        state = read_json(_state_path(part))
    except (OSError, ValueError):
        return {}
    known = isinstance(state, dict) and cast("dict[str, Any]", state).get("url") == url
    return cast("dict[str, Any]", state) if known and part.is_file() else {}


def _state_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0

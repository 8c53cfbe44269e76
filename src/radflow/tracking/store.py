"""The MLflow store: where it is, how it is first made, and what happens when it is away."""

import fcntl
import os
import re
import socket
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from urllib.parse import urlsplit

from radflow.progress import say

if TYPE_CHECKING:
    from mlflow import MlflowClient

P = ParamSpec("P")
T = TypeVar("T")

_SQLITE = "sqlite:///"
_PORTS = {"http": 80, "https": 443}
_SECONDS_TO_ANSWER = 5.0
_MOST_LETTERS = 200
_PASSWORD = re.compile(r"(?<=://)[^/@\s]+(?=@)")

# Read by MLflow; what the user has set stays, but for the last two. Without the bounds a server
# that went away would hold training up for minutes at each call.
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


def project_root() -> Path:
    """Find the project's folder: the variable ``RADFLOW_ROOT``, else the current folder."""
    return Path(os.environ.get("RADFLOW_ROOT") or Path.cwd()).resolve()


def default_uri(root: Path | None = None) -> str:
    """Give the address of the store.

    Returns
    -------
    str
        The variable ``MLFLOW_TRACKING_URI`` where it is set, else ``mlflow.db`` in `root` (None:
        the project's folder) as an absolute sqlite address, so that every process of the workflow
        means the same store wherever it runs.
    """
    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        return uri
    return f"{_SQLITE}{((root or project_root()) / 'mlflow.db').absolute().as_posix()}"


def redact(text: str) -> str:
    """Hide user names and passwords of addresses."""
    return _PASSWORD.sub("***", text)


class Mirror:
    """Calls to the store that may fail without harm.

    The first failure prints one line and switches the mirror off, so that a store that went away
    costs one wait, not one per epoch.

    Parameters
    ----------
    uri
        Address of the store.
    meanwhile
        What goes on without it, for the message.
    """

    def __init__(self, uri: str, meanwhile: str) -> None:
        self.uri = uri
        self.away = False
        self._meanwhile = meanwhile

    def attempt(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Call `action`; None if it fails now, or an earlier one did."""
        if self.away:
            return None
        try:
            return action(*args, **kwargs)
        except Exception as error:  # no failure of the mirror may stop a study
            self.away = True
            lines = str(error).strip().splitlines()
            reason = redact(lines[0] if lines else type(error).__name__)[:_MOST_LETTERS]
            say(f"not mirrored to MLflow ({redact(self.uri)}: {reason}); {self._meanwhile}")
            return None


def connect(uri: str) -> "MlflowClient":
    """Open the store; make the schema of a new sqlite file once, and switch it to WAL.

    A process that finds another one making the schema waits for it: two at once would leave a
    file that MLflow can never open again.

    Raises
    ------
    OSError, sqlite3.Error, mlflow.exceptions.MlflowException
        If the store can't be reached within seconds.
    """
    prepare_environment()
    path = sqlite_path(uri)
    if path is None:
        _check_answers(uri)
        return _client(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_name(path.name + ".lock")):
        with closing(sqlite3.connect(path, timeout=_SECONDS_TO_ANSWER)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
        client = _client(uri)
        client.search_experiments(max_results=1)
        return client


def sqlite_path(uri: str) -> Path | None:
    """Give the file of a sqlite store; None for a server or another database."""
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


def experiment_id(client: "MlflowClient", study: str, uri: str) -> str:
    """Find the experiment of a study, or create it; one that was deleted is restored."""
    found = client.get_experiment_by_name(study)
    if found is None:
        path = sqlite_path(uri)
        # A server knows itself where artifacts go.
        location = None if path is None else (path.parent / "mlartifacts").as_uri()
        return client.create_experiment(study, artifact_location=location)
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return found.experiment_id


def prepare_environment() -> None:
    """Set what MLflow reads from the environment, before it is imported.

    No pickle is loaded and nothing is reported to MLflow's makers. A run id inherited from
    another process would make every run overwrite that one.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    os.environ.pop("MLFLOW_RUN_ID", None)


def _client(uri: str) -> "MlflowClient":
    import mlflow  # noqa: PLC0415 - takes seconds

    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient(uri)


def _check_answers(uri: str) -> None:
    address = urlsplit(uri)
    if address.scheme in _PORTS and address.hostname:
        place = (address.hostname, address.port or _PORTS[address.scheme])
        socket.create_connection(place, timeout=_SECONDS_TO_ANSWER).close()


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield

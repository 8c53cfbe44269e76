"""Find the files of a folder of any nesting, and keep to that folder."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from radflow.datasets.checks.finding import Finding, Level, Problem, found

_DIRECTORY = "dicomdir"


@dataclass(frozen=True)
class Walk:
    """What a folder holds.

    Attributes
    ----------
    files
        Regular files, sorted by path.
    findings
        Links that leave the folder, each a STOP; and a note where there was a DICOMDIR.
    """

    files: tuple[Path, ...]
    findings: tuple[Finding, ...]


def walk(root: Path) -> Walk:
    """Find all files below `root`; no link is followed, no DICOMDIR is read (CVE-2026-32711)."""
    inside = root.resolve()
    files: list[Path] = []
    outward: list[Path] = []
    directories = 0
    for path in _entries(root):
        if not path.resolve().is_relative_to(inside):
            outward.append(path)
        elif path.name.casefold() == _DIRECTORY:
            directories += 1
        elif path.is_file() and not path.is_symlink():
            files.append(path)
    return Walk(tuple(sorted(files)), tuple(_findings(outward, directories)))


def _entries(root: Path) -> Iterator[Path]:
    """Give everything below `root` that is no folder; a list in place of a stack of calls."""
    waiting = [root]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                else:
                    yield Path(entry.path)


def _findings(outward: list[Path], directories: int) -> Iterator[Finding]:
    for path in sorted(outward):
        message = f"the link {path.name!a} leaves the dataset's folder"
        problem = Problem(Level.STOP, message, "Put the file itself there, or remove the link")
        yield found("path", 12, "a path leaves the dataset", problem, case="dataset")
    if directories:
        message = f"{directories} DICOMDIR files were passed over: the folder itself is searched"
        problem = Problem(Level.NOTE, message, "Nothing to do")
        yield found("dicomdir", 56, "DICOMDIR is not read", problem, case="dataset")

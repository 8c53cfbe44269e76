"""Which files lie below a folder; links and hidden names are passed over."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

NIFTI = (".nii", ".nii.gz")
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


def files_below(root: Path) -> list[Path]:
    """List plain files at any depth, sorted; no hidden ones, and nothing behind a link."""
    found: list[Path] = []
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        visible = (Path(place, name) for name in names if not name.startswith("."))
        found += [path for path in visible if path.is_file() and not path.is_symlink()]
    return sorted(found)


def has_suffix(path: Path | str, suffixes: Sequence[str]) -> bool:
    """Say whether a name ends in one of the suffixes, in any case."""
    return str(path).lower().endswith(tuple(suffixes))


def without_wrappers(root: Path) -> Path:
    """Go down while a folder holds nothing but one folder, as archives often do."""
    while True:
        inside = [path for path in root.iterdir() if not path.name.startswith(".")]
        if len(inside) != 1 or not inside[0].is_dir() or inside[0].is_symlink():
            return root
        root = inside[0]


def spread(items: Iterable[T], most: int) -> list[T]:
    """Choose up to `most` items, evenly from first to last."""
    every = list(items)
    if len(every) <= most:
        return every
    step = (len(every) - 1) / max(1, most - 1)
    return [every[round(number * step)] for number in range(most)]

"""Paths that a dataset names, kept inside the dataset's own folder."""

from pathlib import Path


def inside(root: Path, text: str) -> bool:
    """Say whether a relative path stays in `root`, links included."""
    return why_outside(root, text) is None


def why_outside(root: Path, text: str) -> str | None:
    """Say what is wrong with a path that must stay in `root`, or None."""
    if not text or "\0" in text:
        return "is empty or no path"
    if "\\" in text:
        return "has backslashes: folders are separated by '/'"
    if Path(text).is_absolute() or (len(text) > 1 and text[1] == ":"):
        return "is absolute, not relative to the sheet"
    if ".." in Path(text).parts:
        return "leaves the folder by '..'"
    try:
        stays = (root / text).resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a loop of links: RuntimeError before Python 3.13
        return "is a loop of links"
    return None if stays else "leads out of the folder through a link"

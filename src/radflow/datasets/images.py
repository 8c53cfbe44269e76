"""The layout of class folders: 2D pictures, each in a folder that says its class."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath

from radflow.config.dataset import DatasetCard
from radflow.config.layouts import ImagesRules
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.checks.listing import Candidate, check_listing, without_refused
from radflow.datasets.checks.sheet import no_patients
from radflow.datasets.delivered import kind_of, prepared
from radflow.datasets.picture import PICTURE_SUFFIXES
from radflow.errors import IntakeError

_SUFFIXES = {suffix for suffixes in PICTURE_SUFFIXES.values() for suffix in suffixes}
_NOT_PLAIN = re.compile(r"[^\w.-]+")
_SHOWN = 6


def list_cases(folder: Path, card: DatasetCard) -> tuple[list[Candidate], int, list[Finding]]:
    """List the pictures below the folders that the card names; every picture is a case.

    Parameters
    ----------
    folder
        Below it, at any depth, lie the class folders; pictures may lie deeper in them. A picture's
        id is its path from where class folders begin: ``Hand-000018``.
    card
        Says which folder is which class.

    Returns
    -------
    tuple
        Cases, sorted by id; how many are listed; and findings.

    Raises
    ------
    IntakeError
        When the card does not say which folders there are.
    """
    rules = card.images
    if rules is None:
        message = "the card has no section `images`: it says which folder holds which class"
        raise IntakeError(message)
    inside, outside = _sorted_files(folder, rules.folders)
    pictures = {path: key for path, key in inside.items() if _claims_picture(path)}
    findings = [
        *_empty(pictures, rules.folders),
        *_others([path for path in inside if path not in pictures]),
        *_unnamed(folder, [path for path in outside if _claims_picture(path)]),
    ]
    top = _top(pictures)
    candidates: list[Candidate] = []
    for path in sorted(pictures):
        case = case_id(path.relative_to(top))
        subject = _subject(path, rules)
        if subject is None:
            findings.append(_nobody(case, path, rules))
            continue
        target = rules.folders[pictures[path]]
        candidates.append(Candidate(case, subject or case, (path,), None, target=target))
    findings += [] if rules.subject else [no_patients("`images: subject`")]
    findings += check_listing(candidates, card)
    kept = without_refused(candidates, findings)
    converted = folder.with_name("converted")
    ready = [prepared(each, card, converted, pictures=True) for each in kept]
    return ready, len(pictures), findings


def case_id(place: PurePath) -> str:
    """Name a picture by its path from where class folders begin: ``Hand-000018``."""
    return _NOT_PLAIN.sub("_", "-".join(place.with_suffix("").parts))


def _sorted_files(folder: Path, keys: Mapping[str, str]) -> tuple[dict[Path, str], list[Path]]:
    """Give the files below class folders with the nearest folder's key, and those elsewhere."""
    inside: dict[Path, str] = {}
    outside: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(place)
        key = _nearest_key(here.relative_to(folder), keys)
        for name in sorted(files):
            if name.startswith("."):
                continue
            if key is None:
                outside.append(here / name)
            else:
                inside[here / name] = key
    return inside, outside


def _nearest_key(place: PurePath, keys: Mapping[str, str]) -> str | None:
    """Give the key that is the end of a folder's path, or of the nearest folder above it."""
    for folder in (place, *place.parents):
        matching = [key for key in keys if _ends_with(folder, key)]
        if matching:
            return max(matching, key=lambda key: len(PurePath(key).parts))
    return None


def _ends_with(folder: PurePath, key: str) -> bool:
    parts = PurePath(key).parts
    return bool(parts) and folder.parts[-len(parts) :] == parts


def _top(pictures: Mapping[Path, str]) -> Path:
    """Give the deepest folder below which all class folders lie."""
    bases: set[Path] = set()
    for path, key in pictures.items():
        classes = next(place for place in path.parents if _ends_with(place, key))
        bases.add(classes.parents[len(PurePath(key).parts) - 1])
    return Path(os.path.commonpath(bases)) if bases else Path()


def _claims_picture(path: Path) -> bool:
    """Say whether a file is a picture by its name or by its content."""
    return path.suffix.lower() in _SUFFIXES or kind_of(path) == "picture"


def _subject(path: Path, rules: ImagesRules) -> str | None:
    """Give the patient; empty where nobody said how to find one, None where a name has none."""
    if rules.subject is None:
        return ""
    match = re.search(rules.subject, path.name)
    return (match[1] or None) if match else None


def _nobody(case: str, path: Path, rules: ImagesRules) -> Finding:
    message = f"the name {path.name!r} has no patient by `images: subject` {rules.subject!r}"
    problem = Problem(Level.STOP, message, "Correct the expression, or take the file out")
    return found("no-patient", 59, "a case without patient", problem, case=case)


def _empty(pictures: Mapping[Path, str], keys: Mapping[str, str]) -> Iterator[Finding]:
    counts = Counter(pictures.values())
    for key in keys:
        if not counts[key]:
            message = f"the folder {key!r} (class {keys[key]!r}) is missing or holds no picture"
            problem = Problem(Level.STOP, message, "Correct `images: folders` in the dataset card")
            yield found("class-folder", 1, "a class without images", problem, case="dataset")


def _others(files: list[Path]) -> Iterator[Finding]:
    if files:
        kinds = Counter(path.suffix.lower() or "no suffix" for path in files)
        shown = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(_SHOWN))
        message = f"{len(files)} files in class folders are no pictures: {shown}"
        problem = Problem(Level.NOTE, message, "They are passed over", len(files), "files")
        yield found("other-files", 10, "files that are no pictures", problem, case="dataset")


def _unnamed(folder: Path, pictures: list[Path]) -> Iterator[Finding]:
    if not pictures:
        return
    counts: dict[str, int] = defaultdict(int)
    for path in pictures:
        counts[path.parent.relative_to(folder).as_posix()] += 1
    shown = ", ".join(f"{count} in {place!r}" for place, count in list(counts.items())[:_SHOWN])
    message = f"{len(pictures)} pictures lie in no folder that the card names: {shown}"
    remedy = "They are passed over; name the folders in `images: folders` if they are a class"
    problem = Problem(Level.NOTE, message, remedy, len(pictures), "files")
    yield found("unnamed-folder", 10, "pictures of no class", problem, case="dataset")

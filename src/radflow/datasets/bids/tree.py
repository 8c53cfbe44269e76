"""Find the datasets of an unpacked archive, and the files of each subject."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from radflow.datasets.bids.names import BidsFile, BidsName
from radflow.datasets.checks.file import stem
from radflow.errors import IntakeError

_DERIVATIVES = "derivatives"
_NOT_BIDS = frozenset({"sourcedata", "code"})
_DESCRIPTION = "dataset_description.json"
_IMAGE = re.compile(r"\.nii(\.gz)?$", re.IGNORECASE)


@dataclass
class Subject:
    """Files of one subject in the raw datasets or in the derivatives, by session.

    Attributes
    ----------
    roots
        The datasets that have a folder of this subject.
    files
        Session id (empty: none) to its images.
    sessions
        Every session that has a folder or a file.
    misplaced
        Files whose name gives another subject or session than their folder.
    links
        Files and folders that are links; they are not followed.
    others
        Names of files that can't be images, or whose names have not the form of BIDS.
    """

    roots: list[Path] = field(default_factory=list[Path])
    files: dict[str, list[BidsFile]] = field(default_factory=lambda: defaultdict(list))
    sessions: set[str] = field(default_factory=set[str])
    misplaced: list[Path] = field(default_factory=list[Path])
    links: list[Path] = field(default_factory=list[Path])
    others: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Tree:
    """What lies in an unpacked archive.

    Attributes
    ----------
    roots
        Folders of the raw datasets.
    raw, derived
        Subject id to files, in raw datasets and in derivatives.
    """

    roots: tuple[Path, ...]
    raw: dict[str, Subject]
    derived: dict[str, Subject]


def read_tree(folder: Path) -> Tree:
    """List the files of all subjects; links are not followed, `sourcedata` is left out.

    Raises
    ------
    IntakeError
        When no folder but those in `derivatives` holds subjects.
    """
    raw, derived = _divide(folder, list(_roots(folder)))
    if not raw:
        message = (
            f"the archive holds {len(derived)} folders with subjects (sub-*) in `derivatives` and "
            "none outside: the layout 'bids' takes images from a raw dataset. Choose another "
            "layout in the dataset card, or repack the archive"
        )
        raise IntakeError(message)
    return Tree(tuple(raw), _subjects(raw), _subjects(derived))


def _roots(folder: Path) -> Iterator[Path]:
    """Find folders that hold folders ``sub-*``, at any depth but within those."""
    for place, names, _ in os.walk(folder):
        kept = sorted(name for name in names if name[0] != "." and name not in _NOT_BIDS)
        if any(_is_subject(Path(place, name)) for name in kept):
            yield Path(place)
        names[:] = [name for name in kept if not name.startswith("sub-")]


def _is_subject(path: Path) -> bool:
    return path.name.startswith("sub-") and len(path.name) > len("sub-") and not path.is_symlink()


def _divide(folder: Path, roots: list[Path]) -> tuple[list[Path], list[Path]]:
    """Divide into raw datasets and derivatives, by folder and by what they say of themselves."""
    outside = [root for root in roots if _DERIVATIVES not in root.relative_to(folder).parts]
    raw = [root for root in outside if not _calls_itself_derivative(root)]
    raw = raw or outside  # an archive of nothing but processed images
    return raw, [root for root in roots if root not in raw]


def _calls_itself_derivative(root: Path) -> bool:
    try:
        record = json.loads((root / _DESCRIPTION).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and record.get("DatasetType") == "derivative"


def _subjects(roots: Sequence[Path]) -> dict[str, Subject]:
    subjects: dict[str, Subject] = defaultdict(Subject)
    for root in roots:
        for folder in sorted(path for path in root.iterdir() if _is_subject(path)):
            if folder.is_dir():
                subjects[folder.name].roots.append(root)
                _read_subject(subjects[folder.name], root, folder)
    return dict(subjects)


def _read_subject(subject: Subject, root: Path, folder: Path) -> None:
    for place, folders, files in os.walk(folder):
        folders.sort()
        session = next((p for p in Path(place).relative_to(folder).parts[:1] if _is_session(p)), "")
        subject.sessions |= {session} if session else set()
        for path in sorted(Path(place, name) for name in [*folders, *files]):
            if path.is_symlink():
                subject.links.append(path)
            elif path.name in files:
                _read_file(subject, path, root=root, owner=folder.name, session=session)


def _is_session(name: str) -> bool:
    return name.startswith("ses-") and len(name) > len("ses-")


def _read_file(subject: Subject, path: Path, *, root: Path, owner: str, session: str) -> None:
    name = BidsName.parse(stem(path)) if _IMAGE.search(path.name) else None
    if name is None or not name.subject:
        subject.others.append(path.name)
    elif name.subject != owner or (session and name.session not in ("", session)):
        subject.misplaced.append(path)
    else:
        named = session or name.session
        subject.sessions |= {named} if named else set()
        subject.files[named].append(BidsFile(path, root, named, name))

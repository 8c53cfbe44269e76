"""Checks of what a dataset lists: case ids and files, before any file is opened."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.datasets.checks.finding import Finding, Level, Problem, found, refusals
from radflow.datasets.checks.identity import name_problem
from radflow.datasets.names import folded

_MOST_NAME_BYTES = 220  # file systems take 255; suffix, channel and a temporary mark come on top


@dataclass(frozen=True)
class Mark:
    """A lesion as a dataset gives it: numbers in its own units, x, y, z (z 0 in 2D images).

    Attributes
    ----------
    kind
        ``point``, ``sphere`` or ``box``.
    units
        ``voxel`` (indices along the file's axes) or ``mm`` (RAS+).
    lower, upper
        Corners of a box; of a point or a sphere, its centre, twice.
    radius
        Of a sphere, in `units`; 0 otherwise.
    name
        Its class; empty where there is only one.
    """

    kind: str
    units: str
    lower: tuple[float, float, float]
    upper: tuple[float, float, float]
    radius: float = 0.0
    name: str = ""


@dataclass(frozen=True)
class Candidate:
    """A case as a dataset lists it, not yet examined.

    Attributes
    ----------
    case
        Case id, as the file's name has it.
    subject
        The patient; the unit of every split.
    images
        One file per channel of the card.
    label
        The label map, or None where the dataset has none for this case.
    prepare
        Writes `images` as NIfTI where they are delivered as something else, and says what it found;
        the thread that examines the case calls it. None: the files are delivered as they stand.
    session, target, covariates, acquisition
        As in `radflow.datasets.cases.Case`.
    marks
        Lesions as the dataset gives them, not yet placed on the image.
    positive
        Whether the dataset says that there is a lesion; None where it does not say.
    flat
        Whether the images are pictures: one slice is by design.
    """

    case: str
    subject: str
    images: tuple[Path, ...]
    label: Path | None
    prepare: Callable[[], list[Finding]] | None = None
    session: str = ""
    target: str = ""
    covariates: Mapping[str, str] = field(default_factory=dict[str, str])
    acquisition: Mapping[str, str] = field(default_factory=dict[str, str])
    marks: tuple[Mark, ...] = ()
    positive: bool | None = None
    flat: bool = False


def stored_names(candidate: Candidate) -> list[str]:
    """Names of a case's images in the intake's folder: ``CASE.nii.gz``, ``CASE_1.nii.gz``..."""
    further = [f"{candidate.case}_{c}.nii.gz" for c in range(1, len(candidate.images))]
    return [f"{candidate.case}.nii.gz", *further]


def shown_id(case: str) -> str:
    """Give an id as it may stand in a message: control characters escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in case
    )


def check_listing(candidates: Sequence[Candidate], card: DatasetCard) -> list[Finding]:
    """Check ids and files of all listed cases.

    A case whose id or file names look like a person's is left out, and named by its place in the
    list; nothing else is said of it.

    Parameters
    ----------
    candidates
        Every listed case, in the order of the list.
    card
        Says how many images a case has, whether it has a label map and a class, and whether names
        and numbers are pseudonyms.
    """
    identities = list(_identities(candidates, card))
    candidates = _unrefused(candidates, identities)
    findings = [
        *identities,
        *_each(candidates, card),
        *_twins(candidates, _same, rule="listed-twice", fault=1, reason="a case is listed twice"),
        *_twins(candidates, folded, rule="twin-names", fault=13, reason="names taken for others"),
        *_twins(candidates, unpadded, rule="ambiguous-id", fault=14, reason="ambiguous ids"),
        *_shared(candidates),
    ]
    return sorted(findings, key=lambda finding: finding.case)


def without_refused(
    candidates: Sequence[Candidate], findings: Sequence[Finding]
) -> list[Candidate]:
    """Keep the cases that no finding refuses, each once, sorted by id."""
    kept: dict[str, Candidate] = {}
    for candidate in _unrefused(candidates, findings):
        kept.setdefault(candidate.case, candidate)
    return [kept[case] for case in sorted(kept)]


def _unrefused(candidates: Sequence[Candidate], findings: Sequence[Finding]) -> list[Candidate]:
    refused = {finding.listed or finding.case for finding in refusals(findings)}
    return [each for each in candidates if shown_id(each.case) not in refused]


def _identities(candidates: Sequence[Candidate], card: DatasetCard) -> Iterator[Finding]:
    files = [path for candidate in candidates for _, path in _files(candidate)]
    root = os.path.commonpath([path.parent for path in files]) if files else ""
    pseudonyms = card.intake.pseudonyms
    for number, candidate in enumerate(candidates, start=1):
        paths = [path.relative_to(root) for _, path in _files(candidate)]
        names = {
            "the id": (candidate.case, candidate.subject, candidate.session),
            "the name of a file or folder": [part for path in paths for part in path.parts],
        }
        problem = name_problem(names, pseudonyms=pseudonyms)
        if problem is None:
            continue
        listed = shown_id(candidate.case)
        case = listed if problem.level is Level.NOTE else f"case {number} of {len(candidates)}"
        finding = found("identity-name", 57, "names like a person's data", problem, case=case)
        yield replace(finding, listed=listed)


def _each(candidates: Sequence[Candidate], card: DatasetCard) -> Iterator[Finding]:
    channels = len(card.channels)
    for candidate in candidates:
        case = candidate.case
        shown = shown_id(case)
        if not _is_plain(case):
            problem = Problem(
                Level.STOP,
                f"the id has {len(case.encode())} bytes (at most {_MOST_NAME_BYTES}) and may not "
                "hold control characters, slashes or a leading dot",
                "Rename the files",
            )
            yield found("file-name", 13, "ids that are no file names", problem, case=shown)
        if len(candidate.images) != channels:
            message = f"{len(candidate.images)} images, the card names {channels} channels"
            problem = Problem(Level.STOP, message, "Correct the list, or `channels` in the card")
            yield found("channels", 29, "another number of channels", problem, case=shown)
        for column, path in _files(candidate):
            if candidate.prepare is None and not _is_file(path):
                message = f"{column} {path.name!r} is not in {path.parent.name!r}"
                problem = Problem(Level.STOP, message, "Put the file there, or unlist the case")
                yield found("missing-file", 1, "a file is missing", problem, case=shown)
        for what, absent in (
            ("label", bool(card.classes) and candidate.label is None),
            ("class", bool(card.targets) and not candidate.target),
        ):
            if absent:
                yield _unlabelled(shown, what, card)


def _unlabelled(case: str, what: str, card: DatasetCard) -> Finding:
    declared = card.intake.unlabelled == "leave-out"
    level = Level.QUAR if declared else Level.STOP
    remedy = (
        "Left out, as `intake: unlabelled` says"
        if declared
        else f"Add the {what}, unlist the case, or set `intake: unlabelled: leave-out` in the card"
    )
    problem = Problem(level, f"no {what} is listed, every case needs one", remedy)
    return found(f"{what}-missing", 46, f"the {what} is missing", problem, case=case)


def _twins(
    candidates: Sequence[Candidate],
    key: Callable[[str], str],
    *,
    rule: str,
    fault: int,
    reason: str,
) -> Iterator[Finding]:
    """Find ids that `key` maps to one value; ids that are equal are `listed-twice` alone."""
    groups: dict[str, list[str]] = defaultdict(list)
    for candidate in candidates:
        groups[key(candidate.case)].append(candidate.case)
    for ids in groups.values():
        distinct = sorted(set(ids))
        if key is _same and len(ids) > 1:
            message, remedy = f"listed {len(ids)} times", "Keep one of the entries"
        elif len(distinct) > 1:
            names = ", ".join(ascii(text) for text in distinct)
            message, remedy = f"the ids {names} can be taken for each other", "Rename the files"
        else:
            continue
        problem = Problem(Level.STOP, message, remedy)
        yield found(rule, fault, reason, problem, case=shown_id(distinct[0]))


def _shared(candidates: Sequence[Candidate]) -> Iterator[Finding]:
    """Find files that several cases use, and names under which two images would be stored."""
    users: dict[Path, list[str]] = defaultdict(list)
    names: dict[str, set[str]] = defaultdict(set)
    for candidate in candidates:
        for _, path in _files(candidate):
            users[path].append(candidate.case)
        for name in stored_names(candidate):
            names[folded(name)].add(candidate.case)
    for path, cases in users.items():
        if len(set(cases)) > 1:
            message = f"{path.name!r} is used by {sorted(set(cases))}"
            problem = Problem(Level.STOP, message, "Give every case its own files")
            for case in sorted(set(cases)):
                reason = "a file is listed twice"
                yield found("shared-file", 1, reason, problem, case=shown_id(case))
    for name, cases in names.items():
        if len({folded(case) for case in cases}) > 1:
            message = f"images of {sorted(cases)} would both be stored as {name!r}"
            problem = Problem(Level.STOP, message, "Rename one of the cases")
            reason = "names that collide"
            yield found("name-collision", 13, reason, problem, case=shown_id(min(cases)))


def _files(candidate: Candidate) -> Iterator[tuple[str, Path]]:
    for path in candidate.images:
        yield "image", path
    if candidate.label is not None:
        yield "label", candidate.label


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for the file system
        return False


def _is_plain(case: str) -> bool:
    if not case or len(case.encode()) > _MOST_NAME_BYTES or case.startswith("."):
        return False
    return not any(letter in "/\\" or unicodedata.category(letter) == "Cc" for letter in case)


def _same(text: str) -> str:
    return text


def unpadded(text: str) -> str:
    """Drop leading zeros of every number in an id, as a spreadsheet does."""
    return re.sub(r"\d+", lambda digits: digits[0].lstrip("0") or "0", text)

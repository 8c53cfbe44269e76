"""The layout of BIDS: every subject, or every session of a subject, is a case.

Reference: Gorgolewski et al., doi:10.1038/sdata.2016.44; specification 1.10. Read more generously
than the standard where that is safe: `rawdata` and `derivatives` side by side, no
`dataset_description.json`, suffixes in lower case.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.config.layouts import BidsRules
from radflow.datasets.bids.names import BidsFile, Pattern
from radflow.datasets.bids.sidecars import Sidecars
from radflow.datasets.bids.tables import PARTICIPANTS, Facts, old_ages, read_facts
from radflow.datasets.bids.tree import Subject, Tree, read_tree
from radflow.datasets.checks.finding import Finding, Level, Problem, found, refusals
from radflow.datasets.checks.identity_columns import old_age
from radflow.datasets.checks.listing import (
    Candidate,
    check_listing,
    shown_id,
    without_refused,
)
from radflow.errors import IntakeError

_SHOWN = 6


@dataclass(frozen=True)
class _Source:
    """All that cases are put together from."""

    card: DatasetCard
    rules: BidsRules
    tree: Tree
    facts: Facts
    sidecars: Sidecars


def list_cases(folder: Path, card: DatasetCard) -> tuple[list[Candidate], int, list[Finding]]:
    """List the cases of unpacked archives: subjects, or subjects and sessions.

    Images come from raw datasets (folders that hold ``sub-*``, outside `derivatives`), the label
    map from derivatives or from beside the image, classes and covariates from `participants.tsv`
    and `sessions.tsv`, the acquisition from the JSON files of the first channel.

    Parameters
    ----------
    folder
        Holds the datasets, at any depth.
    card
        Its section `bids` says which files and columns are meant.

    Returns
    -------
    tuple
        Cases whose files are all there and unambiguous, sorted by id; how many subjects and
        sessions are listed, by folder or table; and findings.

    Raises
    ------
    IntakeError
        When there is no raw dataset, or the card has no section `bids`.
    """
    if card.bids is None:
        message = "the card has no section `bids`: it says which files are images"
        raise IntakeError(message)
    tree = read_tree(folder)
    facts, findings = read_facts(tree, folder, card)
    source = _Source(card, card.bids, tree, facts, Sidecars(card))
    candidates: list[Candidate] = []
    refused = 0
    for name in sorted(tree.raw):
        for candidate, problems in _cases(source, name):
            findings += problems
            if candidate is None or refusals(problems):
                refused += 1
            else:
                candidates.append(candidate)
    missing = len(set(facts.subjects) - set(tree.raw))
    listed = len(candidates) + refused + missing
    problems = check_listing(candidates, card)
    if card.bids.target is not None and card.bids.target not in facts.columns:
        problems = [each for each in problems if each.rule != "class-missing"]
    return without_refused(candidates, problems), listed, findings + problems


def _cases(source: _Source, name: str) -> Iterator[tuple[Candidate | None, list[Finding]]]:
    """Give the cases of a subject, each with what was found; None where it is none."""
    subject = source.tree.raw[name]
    endings = {channel: Pattern.parse(text) for channel, text in source.rules.images.items()}
    problems = [*_whole(name, subject), *_links(name, subject, source.tree.derived.get(name))]
    imaged = [
        session
        for session, files in sorted(subject.files.items())
        if any(ending.pick(files) for ending in endings.values())
    ]
    if not imaged:
        problems.append(_no_image(source, name, subject))
    if refusals(problems):
        yield None, problems
        return
    problems += _without_images(name, sorted(subject.sessions - set(imaged)))
    for number, session in enumerate(imaged):
        case = f"{name}_{session}" if session else name
        candidate, found_here = _case(source, case, name, session, alone=len(imaged) == 1)
        yield candidate, found_here + (problems if number == 0 else [])


def _case(
    source: _Source, case: str, subject: str, session: str, *, alone: bool
) -> tuple[Candidate | None, list[Finding]]:
    beside = source.tree.raw[subject].files[session]
    findings: list[Finding] = []
    images: list[BidsFile] = []
    for channel, text in source.rules.images.items():
        files, problem = _one(beside, Pattern.parse(text), f"image {channel}", case)
        images += files
        findings += problem
        if not files and not problem:
            findings.append(_no_channel(channel, text, beside, case))
    labels, problem = _label(source, subject, session, case, alone=alone)
    findings += problem
    row = source.facts.of(subject, session)
    findings += _target(source, row.get(source.rules.target or "", ""), case)
    if ages := old_ages(source.facts, subject, session):
        findings.append(old_age(ages, case))
    findings += source.sidecars.check([*images, *labels], case)
    if refusals(findings):
        return None, findings
    acquisition, notes = source.sidecars.acquisition(images[0], case)
    candidate = Candidate(
        case,
        subject,
        tuple(image.path for image in images),
        labels[0].path if labels else None,
        session=session,
        target=row.get(source.rules.target or "", ""),
        covariates={key: row[key] for key in source.rules.covariates if key in row},
        acquisition=acquisition,
    )
    return candidate, findings + notes


def _label(
    source: _Source, subject: str, session: str, case: str, *, alone: bool
) -> tuple[list[BidsFile], list[Finding]]:
    """Find the label map of a case; without session in its name, it is that of the only one."""
    if source.rules.label is None:
        return [], []
    ending = Pattern.parse(source.rules.label)
    derived = source.tree.derived.get(subject, Subject())
    files = [*source.tree.raw[subject].files[session], *derived.files.get(session, [])]
    if alone and session and not ending.pick(files):
        files = [*files, *derived.files.get("", [])]
    return _one(files, ending, "label", case)


def _one(
    files: list[BidsFile], ending: Pattern, role: str, case: str
) -> tuple[list[BidsFile], list[Finding]]:
    """Pick the file that is meant; a finding where several are."""
    fitting = ending.pick(files)
    if len(fitting) <= 1:
        return fitting, []
    names = [_shown(file) for file in fitting]
    message = f"{len(names)} files fit {ending.text!r}: {_some(names)}"
    remedy = "Name one in the card's `bids` by more entities, e.g. run-1_T1w, or remove the others"
    problem = Problem(Level.QUAR, message, remedy)
    reason = "several files fit"
    return [], [found("several-files", 29, reason, problem, case=shown_id(case), role=role)]


def _no_channel(channel: str, text: str, beside: list[BidsFile], case: str) -> Finding:
    names = [file.path.name for file in beside]
    message = f"no file fits {text!r} among {_some(names)}"
    remedy = "Put the file there, correct `bids: images` in the card, or leave the case out"
    problem = Problem(Level.QUAR, message, remedy)
    reason, role = "a channel is missing", f"image {channel}"
    return found("missing-channel", 1, reason, problem, case=shown_id(case), role=role)


def _no_image(source: _Source, name: str, subject: Subject) -> Finding:
    names = [file.path.name for files in subject.files.values() for file in files]
    endings = list(source.rules.images.values())
    message = f"no image fits {endings}; there are {_some(names + subject.others)}"
    remedy = "Correct `bids: images` in the card, or leave the subject out"
    problem = Problem(Level.QUAR, message, remedy)
    return found("no-image", 1, "no image", problem, case=shown_id(name))


def _without_images(name: str, sessions: list[str]) -> Iterator[Finding]:
    if sessions:
        problem = Problem(Level.NOTE, f"no image of the card in {_some(sessions)}", "Not a case")
        reason = "a session without images"
        yield found("empty-session", 1, reason, problem, case=shown_id(name))


def _whole(name: str, subject: Subject) -> Iterator[Finding]:
    """Refuse a subject that is two, or whose folder holds files of another."""
    if len(subject.roots) > 1:
        places = [root.name for root in subject.roots]
        message = f"{len(places)} datasets have this subject, in the folders {_some(places)}"
        remedy = "Join them to one folder where it is one patient, else rename one"
        problem = Problem(Level.STOP, message, remedy)
        reason = "a subject in two datasets"
        yield found("subject-twice", 59, reason, problem, case=shown_id(name))
    if subject.misplaced:
        names = [path.name for path in subject.misplaced]
        message = f"files of another subject or session lie in its folder: {_some(names)}"
        problem = Problem(Level.QUAR, message, "Find out whose they are, then move or rename them")
        reason = "files in another's folder"
        yield found("misplaced", 59, reason, problem, case=shown_id(name))


def _links(name: str, *parts: Subject | None) -> Iterator[Finding]:
    names = [path.name for part in parts if part is not None for path in part.links]
    if names:
        message = f"{_some(names)} are links, which are not followed"
        problem = Problem(Level.STOP, message, "Put the files themselves there")
        yield found("path", 12, "a path leaves the dataset", problem, case=shown_id(name))


def _target(source: _Source, value: str, case: str) -> Iterator[Finding]:
    """Refuse a class that the card does not know; a missing one is found with the listing."""
    targets = source.card.targets
    if not value or not targets or value in targets:
        return
    message = f"{source.rules.target} is {value!r} in {PARTICIPANTS}, the card knows {[*targets]}"
    problem = Problem(Level.STOP, message, "Correct the table, or `targets` in the dataset card")
    yield found("class", 43, "a class the card does not know", problem, case=shown_id(case))


def _shown(file: BidsFile) -> str:
    return file.path.relative_to(file.root.parent).as_posix()


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(shown_id, names[:_SHOWN])) + more if names else "no files"

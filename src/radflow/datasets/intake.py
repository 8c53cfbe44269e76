"""Intake: every byte of every delivered case read, checked and hashed before anything learns."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nibabel.orientations import aff2axcodes

from radflow.config.dataset import DatasetCard
from radflow.datasets import msd, phantom
from radflow.datasets.archive import unpack
from radflow.datasets.cases import Case, write_cases
from radflow.datasets.checks.cohort import check_cohort
from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import (
    Finding,
    Level,
    findings_table,
    refusals,
    run_checks,
)
from radflow.datasets.checks.image import examine_image, examine_label
from radflow.datasets.checks.label import class_voxels
from radflow.datasets.checks.listing import Candidate, stored_names
from radflow.datasets.checks.pair import CHANNEL_PAIR_CHECKS, LABEL_PAIR_CHECKS, Pair
from radflow.datasets.storage import storage_problem
from radflow.datasets.store import store
from radflow.errors import IntakeError
from radflow.files import sha256_file, write_json, write_tsv
from radflow.progress import Progress, say

CASES_NAME = "cases.tsv"
FINDINGS_NAME = "findings.tsv"
COUNTS_NAME = "intake.json"

LAYOUTS: Mapping[str, Callable[[Path, DatasetCard], tuple[list[Candidate], int, list[Finding]]]] = {
    "msd": msd.list_cases,
    "phantom": phantom.list_cases,
}
"""How cases are listed, by the card's layout, once each archive lies in a folder of its own."""


@dataclass(frozen=True)
class _Result:
    """What became of a listed case: accepted, or not, and what was found."""

    candidate: Candidate
    case: Case | None
    findings: tuple[Finding, ...]


def intake(archives: Sequence[Path], card: DatasetCard, folder: Path, *, jobs: int = 1) -> None:
    """Unpack a dataset's archives, check every case, and keep the accepted ones.

    Parameters
    ----------
    archives
        The verified tars, all of the dataset; the card's bounds of an archive hold for each.
    card
        Layout, channels, classes and bounds.
    folder
        ``data/cases/DATASET``. It is replaced as a whole, and only by a complete result:
        `cases.tsv`, `findings.tsv`, `intake.json`, `images/` and `labels/`.
    jobs
        Threads that check cases; the result does not depend on it.

    Raises
    ------
    ArchiveError
        When an archive holds what must not be unpacked.
    IntakeError
        When there is any STOP, more than ``intake.most_quarantined`` of the cases are quarantined,
        or none is accepted. It lists every problem; all findings, notes too, are then in
        ``DATASET.rejected.tsv`` beside `folder`, and `folder` is as it was before.
    """
    scratch = folder.with_name(f".tmp-{folder.name}")
    rejected = folder.with_name(f"{folder.name}.rejected.tsv")
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        rejected.unlink(missing_ok=True)
        unpacked, kept = scratch / "unpacked", scratch / "kept"
        for number, archive in enumerate(archives):
            unpack(archive, unpacked / f"{number:03d}", card.archive)
        candidates, listed, findings = LAYOUTS[card.layout](unpacked, card)
        results = _examine(candidates, card, kept, jobs=jobs)
        accepted = [result.case for result in results if result.case is not None]
        findings += [finding for result in results for finding in result.findings]
        findings += check_cohort(accepted)
        _decide(findings, results, listed, card=card, rejected=rejected)
        counts = _counts(results, listed)
        write_cases(kept / CASES_NAME, accepted)
        write_tsv(kept / FINDINGS_NAME, findings_table(findings))
        write_json(kept / COUNTS_NAME, counts)
        _publish(kept, folder)
    except OSError as error:
        message = storage_problem(error, folder.parent)
        if message is None:
            raise
        raise IntakeError(message) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    say(f"{folder.name}: {_summary(counts)}")


def _examine(
    candidates: list[Candidate], card: DatasetCard, kept: Path, *, jobs: int
) -> list[_Result]:
    """Check all cases, in the order of the list whatever the number of threads."""
    for name in ("images", "labels"):
        (kept / name).mkdir(parents=True)
    take_in = partial(_take_in, card=card, kept=kept)
    results: list[_Result] = []
    with Progress(len(candidates), "intake") as progress:
        for result in _each(take_in, candidates, jobs):
            results.append(result)
            progress.update()
    return results


def _each(take_in: "partial[_Result]", candidates: list[Candidate], jobs: int) -> Iterator[_Result]:
    """Check cases in threads: inflating, hashing and counting leave the interpreter's lock.

    Processes would import the program that calls this, and a step's script runs when imported.
    """
    if jobs <= 1:
        yield from map(take_in, candidates)
        return
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(take_in, candidates)


def _take_in(candidate: Candidate, *, card: DatasetCard, kept: Path) -> _Result:
    """Check one case; when nothing forbids it, put its files in place and hash them."""
    images: list[Examined] = []
    findings: list[list[Finding]] = []
    for channel, path in zip(card.channels, candidate.images, strict=True):
        image, found = examine_image(
            path, card.intake, case=candidate.case, role=f"image {channel}", modality=card.modality
        )
        findings.append(found)
        images += [] if image is None else [image]
    label = None
    if candidate.label is not None:
        classes = tuple(card.classes)
        label, found = examine_label(candidate.label, card.intake, classes, case=candidate.case)
        findings.append(found)
    every = [finding for each in findings for finding in each]
    every += _check_pairs(candidate.case, images, label)
    if refusals(every):
        return _Result(candidate, None, tuple(every))
    files = [*images, *([] if label is None else [label])]
    places = [kept / "images" / name for name in stored_names(candidate)]
    places += [] if label is None else [kept / "labels" / f"{candidate.case}.nii.gz"]
    for examined, place, found in zip(files, places, findings, strict=True):
        store(examined, place, found)
    return _Result(candidate, _accepted(candidate, images[0], label, places), tuple(every))


def _check_pairs(case: str, images: list[Examined], label: Examined | None) -> list[Finding]:
    if not images:
        return []
    findings: list[Finding] = []
    for image in images[1:]:
        pair = Pair(images[0], image)
        findings += run_checks(CHANNEL_PAIR_CHECKS, pair, case=case, role=image.path.name)
    if label is not None:
        pair = Pair(images[0], label)
        findings += run_checks(LABEL_PAIR_CHECKS, pair, case=case, role="label")
    return findings


def _accepted(
    candidate: Candidate, image: Examined, label: Examined | None, places: list[Path]
) -> Case:
    i, j, k = image.shape
    affine = image.raw.affine
    x, y, z = (float(size) for size in (affine[:3, :3] ** 2).sum(axis=0) ** 0.5)
    stored = places[: len(candidate.images)]
    return Case(
        case=candidate.case,
        subject=candidate.subject,
        images=tuple(stored),
        label=None if label is None else places[-1],
        shape=(i, j, k),
        spacing_mm=(x, y, z),
        orientation="".join(str(axis) for axis in aff2axcodes(affine)),
        image_sha256=tuple(sha256_file(place) for place in stored),
        label_sha256=None if label is None else sha256_file(places[-1]),
        label_voxels={} if label is None else class_voxels(label),
    )


def _decide(
    findings: list[Finding],
    results: Iterable[_Result],
    listed: int,
    *,
    card: DatasetCard,
    rejected: Path,
) -> None:
    """Raise where the study must not go on, after writing all findings to `rejected`."""
    quarantined = sum(result.case is None for result in results)
    stops = [finding for finding in findings if finding.level is Level.STOP]
    bound = card.intake.most_quarantined
    if not stops and quarantined <= bound * listed and quarantined < listed:
        return
    write_tsv(rejected, findings_table(findings))
    problems = refusals(findings)
    if stops:
        why = f"{len(stops)} of {len(problems)} problems forbid to go on (STOP)"
    else:
        why = (
            f"{quarantined} of {listed} cases would be left out ({quarantined / listed:.1%}), "
            f"the bound `intake: most_quarantined` is {bound:.1%}"
        )
    lines = "\n".join(f"  {problem}" for problem in problems)
    message = f"intake: {why}:\n{lines}\nAll findings: {rejected}"
    raise IntakeError(message)


def _counts(results: list[_Result], listed: int) -> dict[str, object]:
    """Count cases for the flow diagram; a case is left out for the first reason that was found."""
    reasons = Counter(refusals(r.findings)[0].reason for r in results if r.case is None)
    repaired = [
        result
        for result in results
        if result.case is not None and any(f.level is Level.FIX for f in result.findings)
    ]
    return {
        "listed": listed,
        "accepted": sum(result.case is not None for result in results),
        "quarantined": sum(reasons.values()),
        "repaired": len(repaired),
        "reasons": dict(reasons),
    }


def _summary(counts: dict[str, object]) -> str:
    return ", ".join(f"{counts[key]} {key}" for key in ("listed", "accepted", "quarantined"))


def _publish(kept: Path, folder: Path) -> None:
    """Put the complete result in the place of an earlier one, with all that lay there."""
    old = kept.with_name("old")
    if folder.exists():
        folder.replace(old)
    kept.replace(folder)

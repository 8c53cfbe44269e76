"""Examine what a dataset delivers: unpack, list, and check every case against all tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from nibabel.orientations import aff2axcodes

from radflow.config.dataset import DatasetCard
from radflow.datasets import msd, phantom
from radflow.datasets.archive import unpack
from radflow.datasets.bids import layout as bids
from radflow.datasets.cases import Case
from radflow.datasets.checks.cohort import check_cohort
from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Finding, Level, refusals
from radflow.datasets.checks.image import examine_image, examine_label
from radflow.datasets.checks.label import class_voxels
from radflow.datasets.checks.listing import Candidate, shown_id, stored_names
from radflow.datasets.one_grid import align
from radflow.datasets.store import store
from radflow.datasets.thumbnail import write_thumbnail
from radflow.files import sha256_file
from radflow.progress import Progress

LAYOUTS: Mapping[str, Callable[[Path, DatasetCard], tuple[list[Candidate], int, list[Finding]]]] = {
    "bids": bids.list_cases,
    "msd": msd.list_cases,
    "phantom": phantom.list_cases,
}
"""How cases are listed, by the card's layout, once each archive lies in a folder of its own.

A layout whose files are no NIfTI writes them to ``converted``, beside the folder it is given, when
a candidate is prepared.
"""


_IDENTITY = 57
"""Row of the catalogue of faults: what tells who a patient is."""


@dataclass(frozen=True)
class Examination:
    """What became of a dataset.

    Attributes
    ----------
    accepted
        Cases whose files lie in `kept`.
    listed
        How many cases the dataset names, those among them that could not be listed properly.
    findings
        Of every case and of the dataset as a whole.
    kept
        Folder with ``images/`` and ``labels/`` of the accepted cases, and where the card asks for
        it ``thumbnails/CASE.png`` of those that were repaired or refused.
    """

    accepted: tuple[Case, ...]
    listed: int
    findings: tuple[Finding, ...]
    kept: Path


@dataclass(frozen=True)
class _Result:
    """What became of a listed case: accepted, or not, and what was found."""

    case: Case | None
    findings: tuple[Finding, ...]


def examine_archives(
    archives: Sequence[Path], card: DatasetCard, scratch: Path, *, jobs: int = 1
) -> Examination:
    """Unpack a dataset's archives into `scratch`, list its cases and check each.

    Raises
    ------
    ArchiveError
        When an archive holds what must not be unpacked.
    IntakeError
        When the layout's list of cases can't be read.
    """
    for number, archive in enumerate(archives):
        unpack(archive, scratch / "unpacked" / f"{number:03d}", card.archive)
    return examine_unpacked(card, scratch, jobs=jobs)


def examine_unpacked(card: DatasetCard, scratch: Path, *, jobs: int = 1) -> Examination:
    """List the cases below ``scratch/unpacked``, one folder an archive, and check each.

    Accepted files are moved to ``scratch/kept``. The result does not depend on `jobs`.
    """
    kept = scratch / "kept"
    candidates, listed, findings = LAYOUTS[card.layout](scratch / "unpacked", card)
    results = _examine(candidates, card, kept, jobs=jobs)
    accepted = [result.case for result in results if result.case is not None]
    findings += [finding for result in results for finding in result.findings]
    findings += check_cohort(accepted)
    return Examination(tuple(accepted), listed, tuple(findings), kept)


def _examine(
    candidates: list[Candidate], card: DatasetCard, kept: Path, *, jobs: int
) -> list[_Result]:
    """Check all cases, in the order of the list whatever the number of threads."""
    for name in ("images", "labels"):
        (kept / name).mkdir(parents=True)
    if card.intake.thumbnails:
        (kept / "thumbnails").mkdir()
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
    prepared = candidate.prepare() if candidate.prepare else []
    if refusals(prepared):
        return _Result(None, tuple(prepared))
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
    every = prepared + [finding for each in findings for finding in each]
    resample = card.intake.other_grids == "resample" and not refusals(every)
    aligned = align(candidate.case, images, label, resample=resample)
    every += [finding for each in aligned.findings for finding in each]
    _show(candidate, card, images, every, kept=kept)
    if refusals(every):
        return _Result(None, tuple(every))
    images, label = aligned.images, aligned.label
    files = [*images, *([] if label is None else [label])]
    places = [kept / "images" / name for name in stored_names(candidate)]
    places += [] if label is None else [kept / "labels" / f"{candidate.case}.nii.gz"]
    for examined, place, *found in zip(files, places, findings, aligned.findings, strict=True):
        store(examined, place, chain(*found))
    return _Result(_accepted(candidate, card, images[0], label, places=places), tuple(every))


def _show(
    candidate: Candidate,
    card: DatasetCard,
    images: list[Examined],
    findings: list[Finding],
    *,
    kept: Path,
) -> None:
    """Write the thumbnail of a repaired or refused case; none where it may tell who it is."""
    if not card.intake.thumbnails or not images or not _is_mended_or_refused(findings):
        return
    if all(finding.fault != _IDENTITY for finding in findings):
        write_thumbnail(images[0], kept / "thumbnails" / f"{shown_id(candidate.case)}.png")


def _is_mended_or_refused(findings: list[Finding]) -> bool:
    return any(finding.level is not Level.NOTE for finding in findings)


def _accepted(
    candidate: Candidate,
    card: DatasetCard,
    image: Examined,
    label: Examined | None,
    *,
    places: list[Path],
) -> Case:
    i, j, k = image.shape
    affine = image.raw.affine if image.affine is None else image.affine
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
        session=candidate.session,
        patient=card.patients.get(candidate.subject, ""),
        target=candidate.target,
        covariates=candidate.covariates,
        acquisition=candidate.acquisition,
    )

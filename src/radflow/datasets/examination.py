"""Examine what a dataset delivers: unpack, list, and check every case against all tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.datasets import images as image_folders
from radflow.datasets import msd, phantom, table
from radflow.datasets.archive import unpack
from radflow.datasets.bids import layout as bids
from radflow.datasets.cases import Case
from radflow.datasets.checks.cohort import check_cohort
from radflow.datasets.checks.finding import Finding
from radflow.datasets.checks.listing import Candidate
from radflow.datasets.dicom import listing as dicom
from radflow.datasets.take_in import TakenIn, take_in
from radflow.progress import Progress

LAYOUTS: Mapping[str, Callable[[Path, DatasetCard], tuple[list[Candidate], int, list[Finding]]]] = {
    "bids": bids.list_cases,
    "dicom": dicom.list_cases,
    "msd": msd.list_cases,
    "phantom": phantom.list_cases,
    "table": table.list_cases,
    "images": image_folders.list_cases,
}
"""How cases are listed, by the card's layout, once each archive lies in a folder of its own.

A layout whose files are no NIfTI writes them to ``converted``, beside the folder it is given, when
a candidate is prepared.
"""


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
) -> list[TakenIn]:
    """Check all cases, in the order of the list whatever the number of threads."""
    for name in ("images", "labels"):
        (kept / name).mkdir(parents=True)
    if card.intake.thumbnails:
        (kept / "thumbnails").mkdir()
    each_case = partial(take_in, card=card, kept=kept)
    results: list[TakenIn] = []
    with Progress(len(candidates), "intake") as progress:
        for result in _each(each_case, candidates, jobs):
            results.append(result)
            progress.update()
    return results


def _each(
    each_case: "partial[TakenIn]", candidates: list[Candidate], jobs: int
) -> Iterator[TakenIn]:
    """Check cases in threads: inflating, hashing and counting leave the interpreter's lock.

    Processes would import the program that calls this, and a step's script runs when imported.
    """
    if jobs <= 1:
        yield from map(each_case, candidates)
        return
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(each_case, candidates)

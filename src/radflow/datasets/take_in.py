"""Take in one case: every file checked, those of an accepted case put in place and hashed."""

import math
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from nibabel.orientations import aff2axcodes

from radflow.config.dataset import DatasetCard, IntakeRules
from radflow.datasets.cases import Case, Lesion
from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Finding, Level, refusals
from radflow.datasets.checks.image import examine_image, examine_label
from radflow.datasets.checks.label import class_voxels
from radflow.datasets.checks.listing import Candidate, shown_id, stored_names
from radflow.datasets.checks.mark import place_marks
from radflow.datasets.checks.presence import label_presence
from radflow.datasets.one_grid import align
from radflow.datasets.signature import signature_of
from radflow.datasets.store import store
from radflow.datasets.thumbnail import write_thumbnail
from radflow.files import sha256_file

_IDENTITY = 57
"""Row of the catalogue of faults: what may tell who a patient is."""


@dataclass(frozen=True)
class TakenIn:
    """What became of a listed case: accepted, or None, and what was found."""

    case: Case | None
    findings: tuple[Finding, ...]


def take_in(candidate: Candidate, *, card: DatasetCard, kept: Path) -> TakenIn:
    """Check one case; when nothing forbids it, put its files in place and hash them.

    Parameters
    ----------
    candidate
        The listed case.
    card
        Channels, classes and bounds.
    kept
        Folder with ``images/`` and ``labels/``, to which accepted files are moved.
    """
    prepared = candidate.prepare() if candidate.prepare else []
    if refusals(prepared):
        return TakenIn(None, tuple(prepared))
    images, label, findings = _examine_files(candidate, card)
    every = prepared + [finding for each in findings for finding in each]
    resample = card.intake.other_grids == "resample" and not refusals(every)
    aligned = align(candidate.case, images, label, resample=resample)
    every += [finding for each in aligned.findings for finding in each]
    every += label_presence(candidate, label)
    lesions: tuple[Lesion, ...] = ()
    if images and candidate.marks:
        lesions, found = place_marks(candidate.marks, images[0], case=candidate.case)
        every += found
    _show(candidate, card, images, every, kept=kept)
    if refusals(every):
        return TakenIn(None, tuple(every))
    images, label = aligned.images, aligned.label
    files = [*images, *([] if label is None else [label])]
    places = [kept / "images" / name for name in stored_names(candidate)]
    places += [] if label is None else [kept / "labels" / f"{candidate.case}.nii.gz"]
    for examined, place, *own in zip(files, places, findings, aligned.findings, strict=True):
        store(examined, place, chain(*own))
    accepted = _accepted(candidate, card, images[0], label, places=places)
    return TakenIn(replace(accepted, lesions=lesions), tuple(every))


def _examine_files(
    candidate: Candidate, card: DatasetCard
) -> tuple[list[Examined], Examined | None, list[list[Finding]]]:
    """Check each file of a case by itself; findings are of one file each, the label's last."""
    case, flat, bounds = candidate.case, candidate.flat, _bounds(candidate, card)
    images: list[Examined] = []
    findings: list[list[Finding]] = []
    for channel, path in zip(card.channels, candidate.images, strict=True):
        role = "image" if channel == "image" else f"image {channel}"
        image, found = examine_image(
            *(path, bounds), case=case, role=role, modality=card.modality, flat=flat
        )
        findings.append(found)
        images += [] if image is None else [image]
    if candidate.label is None:
        return images, None, findings
    classes = tuple(card.classes)
    label, found = examine_label(candidate.label, bounds, classes, case=case, flat=flat)
    return images, label, [*findings, found]


def _bounds(candidate: Candidate, card: DatasetCard) -> IntakeRules:
    """Give the card's bounds, without that of the extent where a picture's size is unknown."""
    if not candidate.flat or card.pixel_mm is not None:
        return card.intake
    return card.intake.model_copy(update={"field_of_view_mm": (0.0, math.inf)})


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
        signature="" if image.array is None else signature_of(image.array, affine),
    )

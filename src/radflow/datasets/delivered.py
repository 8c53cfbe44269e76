"""Files as a dataset delivers them: what they are by their content, and how they become NIfTI."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from radflow.config.dataset import DatasetCard
from radflow.datasets.checks.finding import Finding
from radflow.datasets.checks.listing import Candidate, stored_names
from radflow.datasets.dicom.convert import convert_series
from radflow.datasets.dicom.walk import walk
from radflow.datasets.picture import convert_picture, is_picture

Kind = Literal["volume", "picture", "series"]
_DICOM_AT, _DICOM = 128, b"DICM"  # the preamble of PS3.10


@dataclass(frozen=True)
class _Conversion:
    kind: Kind
    source: Path
    target: Path
    role: str


def kind_of(path: Path) -> Kind:
    """Say what a file is: a picture, a DICOM series (a folder, or one file), else a volume."""
    if path.is_dir():
        return "series"
    try:
        if is_picture(path):
            return "picture"
        with path.open("rb") as stream:
            stream.seek(_DICOM_AT)
            return "series" if stream.read(len(_DICOM)) == _DICOM else "volume"
    except OSError:  # the reader of volumes says why
        return "volume"


def prepared(
    candidate: Candidate, card: DatasetCard, converted: Path, *, pictures: bool = False
) -> Candidate:
    """Have a case's pictures and DICOM series written as NIfTI when it is examined.

    Parameters
    ----------
    candidate
        Its images and label are the files as delivered.
    card
        Channels, size of pixels, bounds.
    converted
        Folder for what is written.
    pictures
        Whether every file has to be a picture, whatever it holds.
    """
    roles = [f"image {channel}" for channel in card.channels]
    places = [converted / "images" / name for name in stored_names(candidate)]
    files = list(candidate.images)
    if candidate.label is not None:
        roles, places = [*roles, "label"], [*places, converted / f"labels/{candidate.case}.nii.gz"]
        files.append(candidate.label)
    given = [
        _Conversion("picture" if pictures else kind_of(file), file, place, role)
        for file, place, role in zip(files, places, roles, strict=True)
    ]
    if all(each.kind == "volume" for each in given):
        return candidate
    ready = [each.source if each.kind == "volume" else each.target for each in given]
    images = len(candidate.images)
    return replace(
        candidate,
        images=tuple(ready[:images]),
        label=ready[images] if candidate.label is not None else None,
        prepare=partial(_convert, given, candidate.case, card=card),
        flat=any(each.kind == "picture" for each in given[:images]),
    )


def _convert(given: list[_Conversion], case: str, *, card: DatasetCard) -> list[Finding]:
    findings: list[Finding] = []
    for each in given:
        if each.kind == "picture":
            findings += convert_picture(
                each.source,
                each.target,
                case=case,
                role=each.role,
                pixel_mm=card.pixel_mm,
                most_voxels=card.intake.most_voxels,
                pseudonyms=card.intake.pseudonyms,
            )
        elif each.kind == "series":
            files, passed_over = _slices(each.source, case)
            rules = card.intake
            findings += passed_over
            findings += convert_series(files, each.target, case=case, role=each.role, rules=rules)
    return findings


def _slices(source: Path, case: str) -> tuple[list[Path], list[Finding]]:
    """Give the files of a series, hidden ones left out, and what was passed over."""
    if not source.is_dir():
        return [source], []
    walked = walk(source)
    files = [path for path in walked.files if not path.name.startswith(".")]
    return files, [replace(finding, case=case) for finding in walked.findings]

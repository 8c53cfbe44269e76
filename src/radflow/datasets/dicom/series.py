"""Which series a folder holds, by patient and study, from the headers of its files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from pydicom.dataset import Dataset

from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.checks.listing import shown_id
from radflow.datasets.dicom.convert import unreadable_finding
from radflow.datasets.dicom.header import check_encoding, find, first_text, sources_of, text_values
from radflow.datasets.dicom.reading import UnreadableDicomError, read_instance, told
from radflow.progress import track

IMAGE, DERIVED = "image", "derived image"
_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.7": "secondary capture",
    "1.2.840.10008.5.1.4.1.1.88": "report",
    "1.2.840.10008.5.1.4.1.1.104": "document",
    "1.2.840.10008.5.1.4.1.1.66": "segmentation",
    "1.2.840.10008.5.1.4.1.1.481": "radiotherapy object",
}
"""SOP classes, or families of them, that no channel is read from."""
_SUFFIXES = frozenset({".dcm", ".dicom", ".dic", ".ima"})
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")
"""How a DICOM file without preamble begins."""


@dataclass
class Series:
    """Instances of one series and of one kind.

    Attributes
    ----------
    patient
        PatientID as delivered, without padding.
    study
        StudyInstanceUID.
    moment
        StudyDate and StudyTime, for the order of sessions alone.
    kind
        ``image``, or why it is none, e.g. ``localiser``.
    number
        SeriesNumber; empty where there is none.
    description, modality
        SeriesDescription and Modality.
    plane
        The nearest of axial, coronal and sagittal; empty where the header has no orientation.
    removed
        Whether every instance says that identity was removed.
    files
        The instances.
    """

    patient: str
    study: str
    moment: tuple[str, str]
    kind: str
    number: str
    description: str
    modality: str
    plane: str
    removed: bool = True
    files: list[Path] = field(default_factory=list[Path])


@dataclass(frozen=True)
class Unreadable:
    """A file that looks like DICOM and can't be read."""

    path: Path
    error: UnreadableDicomError


@dataclass(frozen=True)
class Contents:
    """What the files of a folder are.

    Attributes
    ----------
    series
        In the order in which their first files come.
    unreadable
        Files that look like DICOM and can't be read.
    others
        How many files are something else.
    """

    series: tuple[Series, ...]
    unreadable: tuple[Unreadable, ...]
    others: int

    def finding(self, path: Path, *, case: str) -> Finding:
        """Give the finding of an unreadable file, for a case or for the dataset."""
        error = next(each.error for each in self.unreadable if each.path == path)
        return unreadable_finding([error], 1, case=case, role=shown_id(path.name))


def sort_files(files: Iterable[Path], count: int) -> Contents:
    """Read the header of every file and sort it into its series."""
    series: dict[tuple[str, ...], Series] = {}
    unreadable: list[Unreadable] = []
    others = 0
    for path in track(files, "read headers", total=count, unit="file"):
        try:
            dataset = read_instance(path)
            check_encoding(dataset)
            _add(series, dataset, path)
        except UnreadableDicomError as error:
            if error.rule == "dicom-preamble" and not _looks_like_dicom(path):
                others += 1
            else:
                unreadable.append(Unreadable(path, error))
    return Contents(tuple(series.values()), tuple(unreadable), others)


def _add(series: dict[tuple[str, ...], Series], dataset: Dataset, path: Path) -> None:
    try:
        kind = _kind(dataset)
        patient, study, uid = (
            first_text(dataset, key)
            for key in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")
        )
        found_here = series.get((patient, study, uid, kind))
        if found_here is None:
            found_here = Series(
                patient,
                study,
                (first_text(dataset, "StudyDate"), first_text(dataset, "StudyTime")),
                kind,
                first_text(dataset, "SeriesNumber"),
                first_text(dataset, "SeriesDescription"),
                first_text(dataset, "Modality"),
                _plane(dataset),
            )
            series[patient, study, uid, kind] = found_here
        removed = first_text(dataset, "PatientIdentityRemoved").upper() == "YES"
    except Exception as error:  # values are converted on access: any error of pydicom may come
        raise UnreadableDicomError(rule="dicom-value", message=told(error)) from error
    found_here.removed = found_here.removed and removed
    found_here.files.append(path)


def _kind(dataset: Dataset) -> str:
    uid = first_text(dataset, "SOPClassUID")
    for family, name in _CLASSES.items():
        if uid == family or uid.startswith(f"{family}."):
            return name
    if "Rows" not in dataset:
        return "object without image"
    words = [word.upper() for word in text_values(dataset, "ImageType")]
    if "LOCALIZER" in words or "SCOUT" in words:
        return "localiser"
    return DERIVED if words[:1] == ["DERIVED"] else IMAGE


def _plane(dataset: Dataset) -> str:
    value = find(sources_of(dataset), "PlaneOrientationSequence", "ImageOrientationPatient")
    numbers = np.array([float(number) for number in cast("Any", value or [])])
    if len(numbers) != 6 or not np.isfinite(numbers).all():
        return ""
    normal = np.cross(numbers[:3], numbers[3:])
    return ("sagittal", "coronal", "axial")[int(np.abs(normal).argmax())]


def _looks_like_dicom(path: Path) -> bool:
    if path.suffix.casefold() in _SUFFIXES:
        return True
    with path.open("rb") as stream:
        return stream.read(2) in _FIRST_GROUPS


def notes_of_others(contents: Contents) -> Iterator[Finding]:
    """Note how many files are not DICOM."""
    if not contents.others:
        return
    message = f"{contents.others} files are not DICOM"
    problem = Problem(Level.NOTE, message, "They are not read")
    yield found("not-dicom", 50, "files that are not DICOM", problem, case="dataset")

"""Detect DICOM: patients, studies, series, and the series that every study has."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from radflow.config.dataset import Modality
from radflow.new.files import files_below, has_suffix, spread
from radflow.new.found import Entry, Found, distinct
from radflow.progress import track

_MOST_PER_FOLDER = 300
_SUFFIXES = (".dcm", ".ima", ".dicom")
_TAGS = [
    "SOPClassUID",
    "PatientID",
    "PatientIdentityRemoved",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesDescription",
    "Modality",
    "ImageType",
]
_NO_IMAGES = frozenset({"SEG", "RTSTRUCT", "RTPLAN", "RTDOSE", "SR", "PR", "KO", "DOC", "REG"})
_SURVEY = re.compile(r"local|scout|survey|topogram|calibration|screen ?save|dose", re.IGNORECASE)
_MODALITIES: dict[str, Modality] = {"MR": "MR", "CT": "CT", "CR": "XR", "DX": "XR"}


@dataclass(frozen=True)
class _Series:
    """A series of one study; `key` is its description without case, spaces and signs."""

    patient: str
    study: str
    uid: str
    description: str
    modality: str
    key: str


def detect(root: Path) -> Found | None:
    """Read headers; a patient's study is a case, a series that each study has is a channel."""
    files = _sample(files_below(root))
    if not files:
        return None
    headers = [each for path in track(files, "look", unit="file") if (each := _header(path))]
    if not headers or len(headers) < 0.5 * len(files):
        return None
    series = {each.uid: each for each in map(_series, headers)}
    usable = [each for each in series.values() if _usable(each)]
    if not usable:
        return None
    studies = sorted({(each.patient, each.study) for each in usable})
    chosen, remarks = _channels(usable, len(studies))
    names = distinct(re.sub(r"[^\w.+]+", "-", each.description).strip("-") for each in chosen)
    modalities: set[Modality] = {_MODALITIES.get(each.modality, "other") for each in chosen}
    others = Counter(each.modality for each in series.values() if not _usable(each))
    if others:
        listed = ", ".join(f"{count} {name or 'unknown'}" for name, count in sorted(others.items()))
        remarks.append(f"series that are no channel (survey, segmentation, report...): {listed}")
    rules = {
        name: {"description": _pattern(each.description)}
        | ({"modality": each.modality} if each.modality else {})
        for name, each in zip(names, chosen, strict=True)
    }
    return Found(
        layout="dicom",
        cases=len(studies),
        subjects=tuple(sorted({patient for patient, _ in studies})),
        channels=names,
        modality=modalities.pop() if len(modalities) == 1 else "other",
        rules=(Entry("series", rules, "channel: how its series is found in each study"),),
        remarks=tuple(remarks),
        identity=_identity(headers),
    )


def _sample(files: list[Path]) -> list[Path]:
    """Choose DICOM files: of a folder with very many, some, evenly."""
    chosen: list[Path] = []
    for _, group in groupby(files, key=lambda path: path.parent):
        inside = [path for path in spread(group, _MOST_PER_FOLDER) if _is_dicom(path)]
        chosen += inside
    return chosen


def _is_dicom(path: Path) -> bool:
    if path.name == "DICOMDIR":
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM" or has_suffix(path, _SUFFIXES)
    except OSError:
        return False


def _header(path: Path) -> Dataset | None:
    try:
        header = dcmread(path, stop_before_pixels=True, force=True, specific_tags=_TAGS)
        known = "SOPClassUID" in header and "SeriesInstanceUID" in header
    except Exception:  # a damaged header makes pydicom raise almost anything; check lists it
        return None
    return header if known else None


def _series(header: Dataset) -> _Series:
    description = " ".join(str(header.get("SeriesDescription") or "").split())
    kind = "LOCALIZER" in [str(part) for part in header.get("ImageType") or ()]
    return _Series(
        patient=str(header.get("PatientID") or ""),
        study=str(header.get("StudyInstanceUID") or ""),
        uid=str(header.get("SeriesInstanceUID")),
        description=description,
        modality="localizer" if kind else str(header.get("Modality") or ""),
        key=_key(description),
    )


def _key(description: str) -> str:
    return re.sub(r"[\s_\-]+", " ", description).strip().casefold()


def _usable(series: _Series) -> bool:
    if series.modality in _NO_IMAGES or series.modality == "localizer":
        return False
    return bool(series.key) and not _SURVEY.search(series.description)


def _channels(series: Iterable[_Series], studies: int) -> tuple[list[_Series], list[str]]:
    """Choose the descriptions that each study has once; where there is none, the commonest."""
    by_key: defaultdict[str, list[_Series]] = defaultdict(list)
    for each in sorted(series, key=lambda each: (each.key, each.uid)):
        by_key[each.key].append(each)
    held = {
        key: len({(each.patient, each.study) for each in group}) for key, group in by_key.items()
    }
    common = [key for key in by_key if held[key] == studies]
    remarks: list[str] = []
    if not common:
        best = max(by_key, key=lambda key: (held[key], key))
        common = [best]
        remarks.append(
            f"no series has one description in all {studies} studies; the commonest, "
            f"{by_key[best][0].description!r}, is in {held[best]}: widen its pattern in `dicom`"
        )
    rest = [f"{by_key[key][0].description!r} ({held[key]})" for key in by_key if key not in common]
    if rest:
        remarks.append(f"series that not every one of {studies} studies has: {_some(rest)}")
    twice = [by_key[key][0].description for key in common if len(by_key[key]) > held[key]]
    if twice:
        remarks.append(f"series that a study has more than once, narrow their patterns: {twice}")
    return [by_key[key][0] for key in common], remarks


def _some(texts: Sequence[str], most: int = 8) -> str:
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if texts[most:] else "")


def _pattern(description: str) -> str:
    """Make the pattern of a description: any case, any of space, ``_`` and ``-`` between words."""
    words = [re.escape(word) for word in re.split(r"[\s_\-]+", description) if word]
    between = r"[\s_-]+".join(words)
    return rf"(?i)^[\s_-]*{between}[\s_-]*$"


def _identity(headers: Sequence[Dataset]) -> str:
    """Say whose headers may tell who the patients are; empty where all say that they don't."""
    told = [header for header in headers if header.get("PatientIdentityRemoved") != "YES"]
    if not told:
        return ""
    patients = len({str(header.get("PatientID")) for header in told})
    return (
        f"headers of {patients} patients do not say that identity was removed (0012,0062), and "
        "intake refuses what they give away: de-identify the files. Only if all names and numbers "
        "in them are made up, declare it: --pseudonyms, or `intake: {identity: pseudonyms}`"
    )

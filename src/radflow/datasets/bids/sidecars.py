"""JSON files beside images: how an image was made, and what they must not hold.

By the inheritance principle of BIDS, a file applies to all images at or below its folder whose name
has its suffix and its entities; the nearer one, and among those of a folder the one with more
entities, has the last word.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from radflow.config.dataset import DatasetCard
from radflow.datasets.bids.names import BidsFile, BidsName
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.checks.identity_columns import above_age_bound, old_age

_MOST_BYTES = 1 << 24
_TEXTS = {
    "manufacturer": ("Manufacturer",),
    "model": ("ManufacturersModelName", "ManufacturerModelName"),
}
_NUMBERS = {
    "field_strength_t": ("MagneticFieldStrength",),
    "tr_ms": ("RepetitionTime",),
    "te_ms": ("EchoTime",),
    "ti_ms": ("InversionTime",),
    "flip_angle_deg": ("FlipAngle",),
    "kvp": ("KVP", "kVp", "XRayTubeVoltage"),
    "slice_thickness_mm": ("SliceThickness",),
}
_MOST_SECONDS = {"tr_ms": 60.0, "te_ms": 1.0, "ti_ms": 20.0}
"""Times in a file above any of these are in ms, as in DICOM: no sequence waits so long."""

_IDENTITY = re.compile(
    r"Date(?![a-z])|Birth|Patients?(Name|ID|Address|Telephone)|OtherPatient|Physician|Operator"
    r"|Institution|Accession|MedicalRecord|Address|Telephone|ResponsiblePerson|EthnicGroup"
)
_VERSION = re.compile(r"Version|Software")
_DATE = re.compile(r"(?<![\d.])(\d{4})([-/.]?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01])(?!\d)")
_FIRST_YEAR = 1925
"""BIDS moves dates before this year to hide them."""
_LAST_YEAR = 2100
_AGE = "PatientAge"
_SAYS_NOTHING = frozenset(
    {"", "n/a", "na", "none", "null", "unknown", "anonymous", "anon", "removed", "redacted"}
    | {"anonymised", "anonymized", "deidentified", "de-identified", "xxxx", "0000"}
)


@dataclass(frozen=True)
class _Record:
    """What a JSON file holds: its top level, its identifying keys, or why it can't be read."""

    values: Mapping[str, Any]
    keys: tuple[tuple[str, str], ...] = ()
    problem: str = ""


class Sidecars:
    """Reads the sidecars of many images, those they share only once."""

    def __init__(self, card: DatasetCard) -> None:
        self._card = card
        self._names = lru_cache(256)(_names)
        self._load = lru_cache(256)(_load)

    def acquisition(self, image: BidsFile, case: str) -> tuple[dict[str, str], list[Finding]]:
        """Read how an image was made.

        Returns
        -------
        tuple
            Keys as `Case.acquisition` has them, those that are known, as text; and a NOTE where
            times are not in seconds as BIDS says.
        """
        merged: dict[str, Any] = {}
        for path in self._of(image):
            merged.update(self._load(path).values)
        return _acquisition(merged, case, image.path.name)

    def check(self, files: list[BidsFile], case: str) -> list[Finding]:
        """Look for identities in all sidecars of a case, and for files that are no JSON."""
        paths = dict.fromkeys(path for file in files for path in self._of(file))
        return [finding for path in paths for finding in self._check(path, case)]

    def _of(self, image: BidsFile) -> list[Path]:
        """List the files that apply to an image, from the dataset's folder down."""
        between = image.path.parent.relative_to(image.root).parts
        folders = [image.root.joinpath(*between[:n]) for n in range(len(between) + 1)]
        return [
            path
            for folder in folders
            for name, path in self._names(folder)
            if name.applies_to(image.name)
        ]

    def _check(self, path: Path, case: str) -> Iterator[Finding]:
        record = self._load(path)
        if record.problem:
            problem = Problem(Level.NOTE, record.problem, "Not read; the image is kept")
            reason = "a sidecar that is no JSON"
            yield found("sidecar", 58, reason, problem, case=case, role=path.name)
        owner = case.removeprefix("sub-").partition("_")[0]
        keys = sorted({key for key, text in record.keys if text not in (owner, f"sub-{owner}")})
        if _AGE in keys:
            yield old_age([f"{_AGE} in {path.name}"], case)
        if keys := [key for key in keys if key != _AGE]:
            declared = self._card.intake.pseudonyms
            message = f"the keys {keys} may tell who the patient is"
            remedy = (
                "`intake: identity` says they are made up; the file is not kept"
                if declared
                else "Remove them, or set `intake: identity: pseudonyms` where they are made up"
            )
            problem = Problem(Level.NOTE if declared else Level.QUAR, message, remedy)
            reason = "a sidecar that identifies"
            yield found("sidecar-identity", 57, reason, problem, case=case, role=path.name)


def _names(folder: Path) -> tuple[tuple[BidsName, Path], ...]:
    """List the JSON files of a folder, those with fewer entities first; links are left out."""
    named = [
        (name, path)
        for path in folder.glob("*.json")
        if (name := BidsName.parse(path.stem)) is not None and not path.is_symlink()
    ]
    return tuple(sorted(named, key=lambda each: (len(each[0].entities), each[1].name)))


def _load(path: Path) -> _Record:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return _Record({}, problem=f"more than {_MOST_BYTES} bytes")
        record = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        return _Record({}, problem=f"no valid JSON: {error.msg}, line {error.lineno}")
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        return _Record({}, problem=f"no valid JSON: {type(error).__name__}")
    if not isinstance(record, dict):
        return _Record({}, problem="no record of keys and values")
    return _Record(cast("dict[str, Any]", record), tuple(_identifying(record)))


def _identifying(record: object) -> Iterator[tuple[str, str]]:
    """Find keys, nested ones too, that identify by their name or by a date or age they hold."""
    pending: list[tuple[str, object]] = [("", record)]
    while pending:
        key, value = pending.pop()
        if isinstance(value, dict):
            pending += [(str(k), v) for k, v in cast("dict[Any, Any]", value).items()]
        elif isinstance(value, list):
            pending += [(key, each) for each in cast("list[Any]", value)]
        elif _tells(key, value):
            yield key, str(value).strip()


def _tells(key: str, value: object) -> bool:
    text = "" if value is None else str(value).strip()
    if text.casefold() in _SAYS_NOTHING:
        return False
    if key == _AGE:
        return above_age_bound(text)
    dates = [int(date[1]) for date in _DATE.finditer(text)] if isinstance(value, str) else []
    if dates and not _VERSION.search(key):
        return any(_FIRST_YEAR <= year < _LAST_YEAR for year in dates)
    return bool(_IDENTITY.search(key))


def _acquisition(
    values: Mapping[str, Any], case: str, image: str
) -> tuple[dict[str, str], list[Finding]]:
    texts = {key: text for key, names in _TEXTS.items() if (text := _text(values, names))}
    numbers = {
        key: number
        for key, names in _NUMBERS.items()
        if (number := _number(values, names)) is not None
    }
    too_long = [key for key, most in _MOST_SECONDS.items() if numbers.get(key, 0.0) > most]
    findings: list[Finding] = []
    if too_long:
        names = [f"{_NUMBERS[key][0]} {numbers[key]:g}" for key in too_long]
        message = f"{', '.join(names)} would be too long in seconds, the unit of BIDS"
        problem = Problem(Level.NOTE, message, "Times are read as milliseconds, as in DICOM")
        reason = "times not in seconds"
        findings.append(found("sidecar-units", 30, reason, problem, case=case, role=image))
    scale = 1.0 if too_long else 1e3
    scaled = {key: n * scale if key in _MOST_SECONDS else n for key, n in numbers.items()}
    return {**texts, **{key: f"{number:.6g}" for key, number in scaled.items()}}, findings


def _text(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    found_texts = (values.get(name) for name in names)
    return next((text.strip() for text in found_texts if isinstance(text, str)), "")


def _number(values: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    given = (values.get(name) for name in names)
    return next(
        (float(n) for n in given if isinstance(n, (int, float)) and not isinstance(n, bool)), None
    )

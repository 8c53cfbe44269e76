"""Detect BIDS: folders `sub-*`, channels by suffix, label maps, columns of `participants.tsv`."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from radflow.config.dataset import Modality
from radflow.datasets.checks.file import stem
from radflow.new.about import about_in
from radflow.new.columns import covariates_among, target_among
from radflow.new.files import NIFTI, files_below, has_suffix, spread
from radflow.new.found import Entry, Found, classes_by_subject
from radflow.new.volumes import classes_of, grid_of, other_grids

_WHOSE = ("sub", "ses", "run")
_MASKS = frozenset(["msk", "mask", "dseg", "seg", "label", "labels", "lesion", "roi"])
_NO_IMAGES = frozenset(["probseg", "xfm", "bold", "events", "physio", "sbref"])
_LOOKED_AT = 5
_MODALITIES: Mapping[str, Modality] = {"ct": "CT", "pet": "other", "dx": "XR", "cr": "XR"}

_ABOUT = {
    "title": ("Name",),
    "licence": ("License", "Licence"),
    "citation": ("HowToAcknowledge", "DatasetDOI", "ReferencesAndLinks"),
}

_Visit = tuple[str, str]


@dataclass(frozen=True)
class _File:
    path: Path
    visit: _Visit
    key: str
    suffix: str
    derived: bool


def detect(root: Path) -> Found | None:
    """Find subjects whose files are named as BIDS says, raw or in derivatives."""
    every = files_below(root)
    files = [each for path in every if (each := _parse(path, root))]
    raw = [each for each in files if not each.derived and each.suffix not in _MASKS]
    visits = {each.visit for each in raw}
    volumes, remarks = _volumes(_by_key(each for each in raw if each.suffix not in _NO_IMAGES))
    keys = [key for key, held in volumes.items() if len(held) > len(visits) / 2]
    if not keys:
        return None
    remarks += _missing(volumes, keys, len(visits))
    masks = _by_key(each for each in files if each.suffix in _MASKS and each.visit in visits)
    label = max(sorted(masks), key=lambda key: len(masks[key]), default="")
    labels = masks.get(label, {})
    if len(masks) > 1:
        remarks.append(f"label maps of several kinds ({_few(sorted(masks))}); taken: {label}")
    classes, told = classes_of(spread(labels.values(), _LOOKED_AT)) if labels else ({}, ())
    ordered = _in_order(keys, volumes, labels)
    subjects = tuple(sorted({subject for subject, _ in visits}))
    columns, of_subject = _participants(every, subjects)
    named = Entry("label", label, "suffix of the label map, in derivatives or beside the image")
    return Found(
        layout="bids",
        cases=len(visits),
        subjects=subjects,
        channels=tuple(ordered),
        modality=_modality(volumes, ordered),
        labelled=len(labels),
        classes=classes,
        targets=tuple(sorted(frozenset[str]().union(*of_subject.values()))),
        classes_of=of_subject,
        rules=(
            Entry("images", {k: k for k in ordered}, "channel: its suffix, after any entities"),
            *([named] if labels else []),
            *columns,
        ),
        intake=other_grids(_whole([*(volumes[key] for key in ordered), labels], visits)),
        remarks=(*remarks, *told),
        about=_about(every),
    )


def _missing(
    volumes: Mapping[str, Mapping[_Visit, Path]], keys: Sequence[str], visits: int
) -> list[str]:
    """Say which images only some examinations have."""
    rare = [f"{key} ({len(held)})" for key, held in sorted(volumes.items()) if key not in keys]
    told = [f"images that only some of {visits} examinations have: {_few(rare)}"] if rare else []
    absent = {key: visits - len(volumes[key]) for key in keys}
    return told + [
        f"{count} of {visits} examinations have no {key}" for key, count in absent.items() if count
    ]


def _whole(kinds: Sequence[Mapping[_Visit, Path]], visits: Iterable[_Visit]) -> list[list[Path]]:
    """Give the files of some examinations, in the order of the channels, the label map last."""
    chosen = spread(sorted(visits), _LOOKED_AT)
    return [[paths[visit] for paths in kinds if visit in paths] for visit in chosen]


def _parse(path: Path, root: Path) -> _File | None:
    """Read entities and suffix of a NIfTI file below a folder ``sub-*``."""
    parts = path.relative_to(root).parts
    if not has_suffix(path, NIFTI) or not any(part.startswith("sub-") for part in parts[:-1]):
        return None
    if "sourcedata" in parts or "code" in parts:
        return None
    *pairs, suffix = stem(path).split("_")
    entities = dict(pair.split("-", 1) for pair in pairs if "-" in pair)
    if len(entities) < len(pairs) or "sub" not in entities or "-" in suffix or not suffix:
        return None
    session = next((part[4:] for part in parts[:-1] if part.startswith("ses-")), "")
    further = [pair for pair in pairs if pair.split("-")[0] not in _WHOSE]
    visit = (f"sub-{entities['sub']}", entities.get("ses", session))
    return _File(path, visit, "_".join([*further, suffix]), suffix, "derivatives" in parts)


def _by_key(files: Iterable[_File]) -> dict[str, dict[_Visit, Path]]:
    found: defaultdict[str, dict[_Visit, Path]] = defaultdict(dict)
    for each in files:
        found[each.key].setdefault(each.visit, each.path)
    return dict(found)


def _volumes(
    images: Mapping[str, dict[_Visit, Path]],
) -> tuple[dict[str, dict[_Visit, Path]], list[str]]:
    """Keep the kinds of image whose first file is one volume."""
    kept: dict[str, dict[_Visit, Path]] = {}
    remarks: list[str] = []
    for key in sorted(images):
        first = min(images[key].values())
        grid = grid_of(first)
        if grid is not None and len(grid.shape) > 3:
            remarks.append(f"{key} is left out: {first.name} has the shape {grid.shape}")
        else:
            kept[key] = images[key]
    return kept, remarks


def _in_order(
    keys: list[str], volumes: Mapping[str, dict[_Visit, Path]], labels: Mapping[_Visit, Path]
) -> list[str]:
    """Put first what lies on the label map's grid: the first channel's grid is the case's."""
    visit = next(
        (each for each in sorted(labels) if all(each in volumes[key] for key in keys)), None
    )
    grid = grid_of(labels[visit]) if visit is not None else None
    if visit is None or grid is None:
        return sorted(keys)
    grids = {key: grid_of(volumes[key][visit]) for key in keys}
    matches = {key: found is not None and found.same(grid) for key, found in grids.items()}
    return sorted(keys, key=lambda key: (not matches[key], key))


def _modality(volumes: Mapping[str, object], keys: list[str]) -> Modality:
    kinds: set[Modality] = {
        _MODALITIES.get(key.split("_")[-1].casefold(), "MR") for key in keys if key in volumes
    }
    return kinds.pop() if len(kinds) == 1 else "other"


def _participants(
    files: list[Path], subjects: tuple[str, ...]
) -> tuple[list[Entry], dict[str, frozenset[str]]]:
    """Read the class of each subject, and which columns of `participants.tsv` are of use."""
    tables = sorted(
        (path for path in files if path.name == "participants.tsv"),
        key=lambda path: ("derivatives" in path.parts, len(path.parts), path),
    )
    if not tables:
        return [], {}
    try:
        with tables[0].open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error):
        return [], {}
    rows = [row for row in rows if row.get("participant_id") in subjects]
    columns = {
        name: [(row.get(name) or "").strip() for row in rows]
        for name in (rows[0] if rows else {})
        if isinstance(name, str) and re.search(r"\S", name) and name != "participant_id"
    }
    entries: list[Entry] = []
    target = target_among(columns)
    of_subject: dict[str, frozenset[str]] = {}
    if target:
        ids = [row["participant_id"] for row in rows]
        of_subject = classes_by_subject(zip(ids, columns[target], strict=True))
        entries.append(Entry("target", target, "column of participants.tsv with the class"))
    covariates = [name for name in covariates_among(columns) if name != target]
    if covariates:
        entries.append(Entry("covariates", covariates, "further columns to keep"))
    return entries, of_subject


def _about(files: list[Path]) -> dict[str, str]:
    """Read what the raw dataset's description says of itself."""
    named = [path for path in files if path.name == "dataset_description.json"]
    outer = min(named, key=lambda p: ("derivatives" in p.parts, len(p.parts)), default=None)
    return about_in(outer, _ABOUT) if outer is not None else {}


def _few(texts: Sequence[str], most: int = 8) -> str:
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if texts[most:] else "")

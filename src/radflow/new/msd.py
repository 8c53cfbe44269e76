"""Detect the layout of the Medical Segmentation Decathlon: `dataset.json` with `training`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from radflow.config.dataset import Modality
from radflow.datasets.checks.file import stem
from radflow.new.about import about_in, read_record
from radflow.new.found import Found, distinct

_LIST = "dataset.json"
_DEPTHS = (_LIST, f"*/{_LIST}", f"*/*/{_LIST}")
_ABOUT = {
    "title": ("name",),
    "description": ("description",),
    "licence": ("licence", "license"),
    "attribution": ("reference",),
}


def detect(root: Path) -> Found | None:
    """Find a list of training cases; channels and classes are those it names."""
    lists = next((found for depth in _DEPTHS if (found := sorted(root.glob(depth)))), [])
    record = read_record(lists[0]) if len(lists) == 1 else {}
    entries = record.get("training")
    if not isinstance(entries, list) or not entries:
        return None
    rows = [row for row in cast("list[Any]", entries) if isinstance(row, dict)]
    subjects = sorted({_subject(row) for row in rows})
    classes, remarks = _classes(record)
    named = record.get("channel_names") or record.get("modality")
    channels = _texts(named) or ("image",)
    if isinstance(record.get("numTest"), int) and record["numTest"] > 0:
        remarks += (f"{record['numTest']} images without labels (`test`) are not used",)
    modality = _modality(channels)
    return Found(
        layout="msd",
        cases=len(entries),
        subjects=tuple(subjects),
        channels=distinct(channels),
        modality=modality or "MR",
        sure=modality is not None,
        labelled=sum(row.get("label") is not None for row in rows),
        classes=classes,
        remarks=remarks,
        about=about_in(lists[0], _ABOUT),
    )


def _subject(row: Mapping[str, Any]) -> str:
    image = row.get("image")
    first = cast("list[Any]", image)[0] if isinstance(image, list) and image else image
    return stem(Path(str(first)))


def _texts(named: object) -> tuple[str, ...]:
    """Give names in the order of their numbers: ``{"0": "T1", "1": "T2"}``."""
    if not isinstance(named, dict):
        return ()
    pairs = cast("dict[Any, Any]", named).items()
    return tuple(str(name) for _, name in sorted(pairs, key=lambda pair: str(pair[0]).zfill(4)))


def _classes(record: Mapping[str, Any]) -> tuple[dict[int, str], tuple[str, ...]]:
    labels = record.get("labels")
    pairs = cast("dict[Any, Any]", labels).items() if isinstance(labels, dict) else ()
    numbered = {int(key): str(name) for key, name in pairs if str(key).isdecimal()}
    if not numbered:
        remark = f"{_LIST} names no classes under `labels` ({{value: name}}): correct `classes`"
        return {0: "background", 1: "foreground"}, (remark,)
    count = len(numbered)
    remarks: tuple[str, ...] = ()
    if sorted(numbered) != list(range(count)):
        remarks = (f"{_LIST} names the classes {sorted(numbered)}: they must count 0, 1, 2...",)
    names = distinct(numbered[value] for value in sorted(numbered))
    return dict(enumerate(names)), remarks


def _modality(channels: tuple[str, ...]) -> Modality | None:
    first = channels[0].casefold()
    if "ct" in first.replace("_", " ").split():
        return "CT"
    marks = ("mr", "t1", "t2", "flair", "dwi", "adc", "pd")
    return "MR" if first.startswith(marks) else None

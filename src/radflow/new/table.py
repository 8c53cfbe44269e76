"""Detect a sheet that lists files: a column whose values are files that exist."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from radflow.config.dataset import Modality
from radflow.datasets.checks.identity_columns import plain_header
from radflow.errors import ConfigError
from radflow.new.boxes import box_among
from radflow.new.columns import covariates_among, is_missing, named, target_among
from radflow.new.files import NIFTI, PICTURES, files_below, has_suffix, spread, without_wrappers
from radflow.new.found import Entry, Found, classes_by_subject, distinct
from radflow.new.volumes import classes_of, looks_like_ct, other_grids

_SHEETS = (".csv", ".tsv", ".xlsx", ".parquet")
_MOST_SHEETS = 50
_LOOKED_AT = 200
_FEW = 5
_LEAST_SHARE = 0.9
_LABELS = ("mask", "label", "seg", "lesion", "roi", "annotation", "reference", "truth")
_CASES = ("case", "case_id", "id", "image_id", "scan_id", "exam_id", "examination_id")
_PATIENTS = (
    *("patient", "patient_id", "subject", "subject_id", "participant", "participant_id", "pid"),
    *("person", "person_id", "case_patient"),
)
_FOLDS = ("fold", "cv_fold", "fold_id")
_MOST_FOLDS = 20
_GROUPS = ("group", "group_id", "cv_group", "split_group")
_SESSIONS = ("session", "session_id", "visit", "timepoint", "time_point", "date", "scan_date")


@dataclass(frozen=True)
class _Sheet:
    """A sheet below `top`: its columns as text, which name files, and which name absent ones."""

    path: Path
    top: Path
    columns: Mapping[str, list[str]]
    files: tuple[str, ...]
    broken: tuple[str, ...]

    def paths(self, column: str, most: int = _FEW) -> list[Path]:
        texts = [text for text in self.columns[column] if not is_missing(text)]
        return [self.path.parent / text for text in spread(texts, most)]


def detect(root: Path) -> Found | None:
    """Find the sheet with the most columns of file names, the nearest to the top among equals.

    Raises
    ------
    ConfigError
        If another of its columns names images that are not there: without it a column of label
        maps may pass for that of the images.
    """
    top = without_wrappers(root)
    listed = [path for path in files_below(top) if has_suffix(path, _SHEETS)]
    listed = sorted(listed, key=lambda path: (len(path.parts), path))[:_MOST_SHEETS]
    sheets = [sheet for path in listed if (sheet := _read(path, top)) and sheet.files]
    if not sheets:
        return None
    sheet = max(sheets, key=lambda each: len(each.files))
    if sheet.broken:
        raise ConfigError(_absent(sheet))
    labels = [name for name in sheet.files if _is_label(name)] if len(sheet.files) > 1 else []
    images = [name for name in sheet.files if name not in labels]
    if not images:
        return None
    return _described(sheet, images, labels)


def _absent(sheet: _Sheet) -> str:
    told: list[str] = []
    for name in sheet.broken:
        texts = [text for text in sheet.columns[name] if not is_missing(text)]
        absent = [text for text in texts if not (sheet.path.parent / text).is_file()]
        told.append(f"{len(absent)} of {len(texts)} files of {name!r}, first {absent[0]!r}")
    return (
        f"{sheet.path.relative_to(sheet.top).as_posix()} names files that are not there: "
        f"{'; '.join(told)}. Correct the names (upper and lower case count), or take the column out"
    )


def _described(sheet: _Sheet, images: list[str], labels: list[str]) -> Found:
    columns = sheet.columns
    rest = {name: values for name, values in columns.items() if name not in sheet.files}
    box, lesions = box_among(list(rest))
    rest = {name: values for name, values in rest.items() if name not in box}
    folds = _fixed_parts(rest)
    entries, ids, remarks = _ids(sheet, rest, images, folds)
    classes, of_labels, told = _label_maps(sheet, labels)
    entries, remarks = [*entries, *of_labels], [*remarks, *told]
    about, target = _facts(rest, folds)
    of_subject = classes_by_subject(zip(ids, rest[target], strict=True)) if target else {}
    if lesions:
        about.append(Entry("lesions", lesions, "a row is one lesion: its box in voxels, from 0"))
        remarks.append(f"boxes are read from {', '.join(box)}, as voxels counted from 0")
    modality, sure = _modality(sheet, images)
    name = sheet.path.relative_to(sheet.top).as_posix()
    return Found(
        layout="table",
        cases=len({tuple(columns[name][row] for name in images) for row in range(_rows(sheet))}),
        subjects=tuple(sorted(set(ids))),
        channels=_channel_names(images),
        modality=modality,
        sure=sure,
        labelled=sum(not is_missing(text) for text in columns[labels[0]]) if labels else 0,
        classes=classes,
        targets=tuple(sorted(set(rest[target]))) if target else (),
        classes_of=of_subject,
        flat=all(has_suffix(path, PICTURES) for path in sheet.paths(images[0])),
        folds=folds,
        rules=(
            Entry("file", name, "the sheet, relative to the dataset"),
            Entry("images", images, "columns that name files, one a channel"),
            *entries,
            *about,
        ),
        intake=other_grids(_whole(sheet, [*images, *labels[:1]])),
        remarks=tuple(remarks),
    )


def _label_maps(sheet: _Sheet, labels: list[str]) -> tuple[dict[int, str], list[Entry], list[str]]:
    """Give the classes of the label maps, the entry that names their column, and remarks."""
    if not labels:
        return {}, [], []
    classes, told = classes_of(sheet.paths(labels[0]))
    remarks = list(told)
    maps = sum(not is_missing(text) for text in sheet.columns[labels[0]])
    if maps > _FEW:
        remarks.append(f"classes are those of {_FEW} of {maps} label maps; check reads all")
    if len(labels) > 1:
        remarks.append(f"columns of label maps: {labels}; taken: {labels[0]!r}")
    return classes, [Entry("label", labels[0], "column that names label maps")], remarks


def _facts(
    rest: Mapping[str, list[str]], folds: Mapping[str, object]
) -> tuple[list[Entry], str | None]:
    """Find the columns of the class and of covariates; give that of the class, too."""
    entries: list[Entry] = []
    target = target_among(rest)
    if target is not None:
        entries.append(Entry("target", target, "column of the case's class"))
    if covariates := [name for name in [*folds, *covariates_among(rest)] if name != target]:
        entries.append(Entry("covariates", covariates, "further columns to keep"))
    return entries, target


def _fixed_parts(rest: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """Find a column of folds with its values, where no column tells the patients."""
    column = None if named(rest, _PATIENTS) else named(rest, _FOLDS)
    values = set[str]() if column is None else set(rest[column])
    if (
        column is None
        or len(values) not in range(2, _MOST_FOLDS + 1)
        or any(map(is_missing, values))
    ):
        return {}
    return {column: tuple(sorted(values))}


def _whole(sheet: _Sheet, columns: list[str]) -> list[list[Path]]:
    """Give the files of some rows, in the order of the channels, the label map last."""
    rows = spread(range(_rows(sheet)), _FEW)
    listed = [[sheet.columns[column][row] for column in columns] for row in rows]
    return [
        [sheet.path.parent / text for text in texts if not is_missing(text)] for texts in listed
    ]


def _read(path: Path, top: Path) -> _Sheet | None:
    try:
        table = _table(path).fillna("").astype(str)
    except Exception:  # a sheet that can't be read is no list of files; pandas raises anything
        return None
    columns = {str(name): [str(text) for text in table[name]] for name in table.columns}
    if len(columns) < len(table.columns) or table.empty:
        return None
    named = [name for name, values in columns.items() if _look_like_images(values)]
    files = tuple(name for name in named if _are_there(columns[name], path.parent))
    broken = tuple(name for name in named if name not in files)
    return _Sheet(path, top, columns, files, broken)


def _table(path: Path) -> pd.DataFrame:
    if has_suffix(path, (".parquet",)):
        return pd.read_parquet(path)
    if has_suffix(path, (".xlsx",)):
        return pd.read_excel(path, dtype=str, keep_default_na=False)
    delimiter = "\t" if has_suffix(path, (".tsv",)) else None
    return pd.read_csv(
        path,
        sep=delimiter,
        engine="python",
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
    )


def _look_like_images(values: Sequence[str]) -> bool:
    """Say whether nearly all texts are named like images; gaps do not count."""
    texts = _some(values)
    images = [text for text in texts if has_suffix(text, (*NIFTI, *PICTURES))]
    return bool(texts) and len(images) >= _LEAST_SHARE * len(texts)


def _are_there(values: Sequence[str], folder: Path) -> bool:
    """Say whether nearly all texts are files below the sheet's folder."""
    texts = _some(values)
    return sum((folder / text).is_file() for text in texts) >= _LEAST_SHARE * len(texts)


def _some(values: Sequence[str]) -> list[str]:
    return spread((text for text in values if not is_missing(text)), _LOOKED_AT)


def _is_label(name: str) -> bool:
    return any(word in plain_header(name) for word in _LABELS)


def _rows(sheet: _Sheet) -> int:
    return len(next(iter(sheet.columns.values())))


def _ids(
    sheet: _Sheet, rest: Mapping[str, list[str]], images: list[str], folds: Mapping[str, object]
) -> tuple[list[Entry], list[str], list[str]]:
    """Find the columns of case, patient and time point; a group stands in for the patient."""
    entries: list[Entry] = []
    remarks: list[str] = []
    case, patient = named(rest, _CASES), named(rest, _PATIENTS)
    if case is not None:
        entries.append(Entry("case", case, "column of the case id"))
    subject = patient or (None if folds else named(rest, (*_FOLDS, *_GROUPS)))
    if subject is None:
        ids = rest[case] if case is not None else sheet.columns[images[0]]
    else:
        ids = rest[subject]
        what = "column of the patient" if patient else "stands in for the patient, see above"
        entries.append(Entry("subject", subject, what))
    if patient is None:
        remarks.append(_unit(next(iter(folds), None), subject))
    if (session := named(rest, _SESSIONS)) is not None:
        entries.append(Entry("session", session, "column of the time point"))
    return entries, ids, remarks


def _unit(fold: str | None, subject: str | None) -> str:
    """Say what keeps a patient's images together where no column tells the patients."""
    if fold is None and subject is None:
        return "no column of patients: each case counts as a patient of its own"
    taken = f"{fold!r} fixes the parts of the split" if fold else f"{subject!r} is the subject"
    return (
        f"no column of patients: {taken}, since one patient may have several images; it is the "
        "only safe unit of a split"
    )


def _channel_names(images: list[str]) -> tuple[str, ...]:
    if len(images) == 1 and plain_header(images[0]) in ("file", "path", "filename", "file_name"):
        return ("image",)
    return distinct(images)


def _modality(sheet: _Sheet, images: list[str]) -> tuple[Modality, bool]:
    paths = sheet.paths(images[0])
    if not all(has_suffix(path, NIFTI) for path in paths):
        return "other", False
    if looks_like_ct(paths):
        return "CT", True
    sequences = ("t1", "t2", "flair", "mr", "dwi")
    return "MR", any(plain_header(name).startswith(sequences) for name in images)

"""The table of detectors: the first layout that understands the data has it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from radflow.errors import ConfigError
from radflow.new import bids, dicom, images, msd, table
from radflow.new.files import files_below
from radflow.new.found import Entry, Found


class Detector(NamedTuple):
    """A layout, and how to see whether data have it."""

    layout: str
    detect: Callable[[Path], Found | None]
    looks_for: str


DETECTORS = (
    Detector("msd", msd.detect, "a dataset.json with a list `training`"),
    Detector("bids", bids.detect, "folders sub-* with files like sub-01_T1w.nii.gz"),
    Detector("dicom", dicom.detect, "DICOM files"),
    Detector(
        "table", table.detect, "a sheet (CSV, TSV, XLSX, Parquet) with a column of file names"
    ),
    Detector("images", images.detect, "two or more folders of PNG, JPEG or TIFF, one a class"),
)
"""In the order of asking: the more a layout says of itself, the earlier."""


def detect(root: Path) -> Found | None:
    """Say which layout a folder of data has; None where no detector knows it."""
    for detector in DETECTORS:
        found = detector.detect(root)
        if found is not None:
            return found
    return None


def understood(root: Path, data: str, *, pseudonyms: bool) -> Found:
    """Say which layout data have, with what the user declares of them.

    Parameters
    ----------
    root
        Folder of the data.
    data
        What the user calls them.
    pseudonyms
        Whether the user declares that names and numbers in the files are made up.

    Raises
    ------
    ConfigError
        When no layout fits; it says what each looks for, and how to help.
    """
    found = detect(root)
    if found is None:
        raise _unknown(root, data)
    if not pseudonyms:
        return found
    entry = Entry("identity", "pseudonyms", "declared by --pseudonyms: names are made up")
    return replace(found, intake=(*found.intake, entry), identity="")


def _unknown(root: Path, data: str) -> ConfigError:
    names = (path.name.lower() for path in files_below(root))
    kinds = Counter(".".join(name.split(".")[1:][-2:]) or "no suffix" for name in names)
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(6)) or "none"
    lines = [
        f"no layout fits {data} (files by suffix: {counted}). Looked for:",
        *(f"  - {detector.layout}: {detector.looks_for}" for detector in DETECTORS),
        "The shortest way for files of any other order: put a sheet cases.csv beside them, a row a",
        "case, with columns such as case, patient, image, mask that name the files.",
    ]
    return ConfigError("\n".join(lines))

"""Write simulated subjects as a BIDS dataset in one tar, one subject in memory at a time."""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from math import frexp, isfinite, ldexp
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from nibabel.nifti1 import Nifti1Header

from radflow.config.phantom import REFERENCE_CLASSES
from radflow.errors import ImageError
from radflow.files import replacing
from radflow.imaging.nifti import write_raw
from radflow.imaging.volume import write_labels
from radflow.phantom import paths
from radflow.phantom.subject import PhantomSubject
from radflow.phantom.texts import COLUMNS, README, description
from radflow.progress import track

Affine = npt.NDArray[np.float64]
Member = tuple[PurePosixPath, bytes]

_LEVELS = 4095
"""Least number of steps from 0 to the largest value of a stored image: that of 12 bits."""


def write_bids(path: Path, subjects: Iterable[PhantomSubject], *, total: int | None = None) -> None:
    """Write subjects as a BIDS dataset into an uncompressed tar; equal subjects give equal bytes.

    First comes what describes the dataset, then subject by subject images and references, last the
    tables that hold a row per subject. Members carry no date, owner or name of a machine. Images
    are stored as int16 times a power of two, which is at most 1/4095 of the largest value; labels
    as uint8.

    Parameters
    ----------
    path
        Tar to write, whole or not at all.
    subjects
        In the order of the archive; taken one at a time.
    total
        How many there are, for the display of progress.

    Raises
    ------
    ImageError
        When an image holds a value that is not finite.
    """
    rows: list[dict[str, object]] = []
    named: set[str] = set()
    form = tarfile.USTAR_FORMAT
    with replacing(path) as temporary, tarfile.open(temporary, "w", format=form) as tar:
        for name, content in _about_the_dataset():
            _add(tar, name, content)
        for subject in track(subjects, "simulate", total=total, unit="subject"):
            for name, content in _about(subject):
                _add(tar, name, content)
            rows.append({"participant_id": f"sub-{subject.name}", **subject.facts})
            named |= set(subject.references) & set(REFERENCE_CLASSES)
        for name, content in _about_all(rows, sorted(named)):
            _add(tar, name, content)


def _add(tar: tarfile.TarFile, name: PurePosixPath, content: bytes) -> None:
    member = tarfile.TarInfo(str(name))  # date, owner and group are 0, their names empty
    member.size, member.mode = len(content), 0o644
    tar.addfile(member, io.BytesIO(content))


def _about_the_dataset() -> Iterator[Member]:
    yield PurePosixPath(".bidsignore"), "".join(f"{each}\n" for each in paths.OUTSIDE_BIDS).encode()
    yield PurePosixPath("README"), README.encode()
    yield paths.DESCRIPTION, _json(description("raw"))
    yield paths.DERIVATIVES / paths.DESCRIPTION, _json(description("derivative"))


def _about(subject: PhantomSubject) -> Iterator[Member]:
    name, affine = f"sub-{subject.name}", subject.affine
    with TemporaryDirectory() as folder:
        file = Path(folder, "volume.nii.gz")
        for channel, image in subject.images.items():
            _write_image(file, image, affine, what=f"{name}, {channel}")
            yield paths.image_path(name, channel), file.read_bytes()
        for reference, labels in subject.references.items():
            write_labels(file, labels, affine)
            yield paths.reference_path(name, reference), file.read_bytes()
        for rater, mask in subject.raters.items():
            write_labels(file, mask, affine)
            yield paths.rater_path(name, rater), file.read_bytes()
    yield paths.lesions_path(name), _tsv(subject.lesions)


def _about_all(rows: list[dict[str, object]], references: list[str]) -> Iterator[Member]:
    table = pd.DataFrame(rows)
    told = {name: COLUMNS.get(name, {"Description": name}) for name in table.columns}
    for reference in references:
        classes = enumerate(REFERENCE_CLASSES[reference])
        key = pd.DataFrame(list(classes), columns=pd.Index(["index", "name"]))
        yield paths.DERIVATIVES / f"desc-{paths.plain(reference)}_dseg.tsv", _tsv(key)
    yield paths.PARTICIPANTS.with_suffix(".json"), _json(told)
    yield paths.PARTICIPANTS, _tsv(table)


def _write_image(path: Path, image: npt.NDArray[np.float32], affine: Affine, *, what: str) -> None:
    """Write an image (i, j, k) as int16 with a slope, in mm, both forms set to the affine."""
    peak = float(np.abs(image).max())
    if not isfinite(peak):
        message = f"{what}: the simulated image holds NaN or infinity; report it with the card"
        raise ImageError(message)
    # A power of two loses nothing when a reader multiplies by it.
    slope = ldexp(1.0, frexp(peak / _LEVELS)[1] - 1) if peak > 0 else 1.0
    header = Nifti1Header()
    header.set_data_shape(image.shape)
    header.set_data_dtype(np.int16)
    header.set_sform(affine, code="scanner")
    header.set_qform(affine, code="scanner")
    header.set_xyzt_units("mm")
    header["descrip"] = b"simulated by radflow"
    header["scl_slope"], header["scl_inter"] = slope, 0
    header["magic"] = b"n+1"
    write_raw(path, header, np.rint(image / slope).astype(np.int16).tobytes(order="F"))


def _tsv(table: pd.DataFrame) -> bytes:
    text = table.to_csv(
        sep="\t", index=False, lineterminator="\n", na_rep="n/a", float_format="%.9g"
    )
    return text.encode()


def _json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=2, allow_nan=False) + "\n").encode()

"""At least one planted fault for each row of the catalogue that delivered files can have."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
from dicom_files import voxels, write_series
from planted_cohort import AFFINE, SHAPE, Cohort, hounsfield, labels, volume
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLosslessSV1

Make = Callable[[Cohort, str], None]


@dataclass(frozen=True)
class Plant:
    """A fault: its row in the catalogue, the case that has it, and how it gets there."""

    fault: int
    case: str
    make: Make


def _leave(cohort: Cohort, case: str) -> None:
    """Change nothing: the id alone is the fault."""


def _cells(**cells: str) -> Make:
    """Plant other cells in the row of the case."""
    return lambda cohort, case: cohort.row(case).update(cells)


def _bytes(change: Callable[[bytes], bytes], what: str = "first") -> Make:
    """Plant a change of a file's bytes."""

    def make(cohort: Cohort, case: str) -> None:
        path = cohort.file(case, what)
        path.write_bytes(change(path.read_bytes()))

    return make


def _header(**fields: Any) -> Make:
    """Plant values in the first channel's header."""

    def change(data: bytes) -> bytes:
        content = gzip.decompress(data)
        header = nib.Nifti1Header(content[:348], check=False)
        for name, value in fields.items():
            header[name] = value
        return gzip.compress(header.binaryblock + content[348:])

    return _bytes(change)


def _image(change: Callable[[np.ndarray], np.ndarray]) -> Make:
    """Plant other values in the first channel."""

    def make(cohort: Cohort, case: str) -> None:
        nib.save(volume(change(hounsfield(case))), cohort.file(case, "first"))

    return make


def _label(values: np.ndarray, affine: np.ndarray = AFFINE) -> Make:
    """Plant another label map."""
    return lambda cohort, case: nib.save(volume(values, affine), cohort.file(case, "label"))


def _grid(affine: np.ndarray) -> Make:
    """Plant an affine in every file of the case."""

    def make(cohort: Cohort, case: str) -> None:
        for what in ("first", "second"):
            nib.save(volume(hounsfield(case + what), affine), cohort.file(case, what))
        nib.save(volume(labels(), affine), cohort.file(case, "label"))

    return make


def _series(change: Callable[[Dataset, int], None] | None = None, **options: Any) -> Make:
    """Plant a DICOM series as the first channel."""

    def make(cohort: Cohort, case: str) -> None:
        write_series(cohort.root / f"{case}-dicom", change=change, patient=case, **options)
        cohort.row(case)["first"] = f"{case}-dicom"

    return make


def _missing(cohort: Cohort, case: str) -> None:
    cohort.file(case, "first").unlink()


def _shared(cohort: Cohort, case: str) -> None:
    cohort.row(case)["second"] = cohort.row("sound-1")["second"]


def _same_bytes(cohort: Cohort, case: str) -> None:
    cohort.file(case, "first").write_bytes(cohort.file("sound-3", "first").read_bytes())


def _cut_plain(cohort: Cohort, case: str) -> None:
    path = cohort.root / f"{case}-first.nii"
    path.write_bytes(gzip.decompress(cohort.file(case, "first").read_bytes())[:-100])
    cohort.row(case)["first"] = path.name


def _flipped(data: bytes) -> bytes:
    spoilt = bytearray(data)
    spoilt[len(data) // 2] ^= 0x10
    return bytes(spoilt)


def _half_pair(data: bytes) -> bytes:
    content = gzip.decompress(data)
    return content[:344] + b"ni1\0"


def _link(cohort: Cohort, case: str) -> None:
    (cohort.root / case).symlink_to("nowhere")


def _colour(cohort: Cohort, case: str) -> None:
    values = np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(values, AFFINE), cohort.file(case, "first"))


def _slice(cohort: Cohort, case: str) -> None:
    for what in ("first", "second"):
        nib.save(volume(hounsfield(case + what)[..., :1]), cohort.file(case, what))
    nib.save(volume(labels()[..., 6:7]), cohort.file(case, "label"))


def _big_endian(cohort: Cohort, case: str) -> None:
    image = volume(hounsfield(case))
    nib.Nifti1Image(image.dataobj, None, image.header.as_byteswapped(">")).to_filename(
        cohort.file(case, "first")
    )


def _twice(cohort: Cohort, case: str) -> None:
    cohort.rows.append(dict(cohort.row(case)))


def _set(index: tuple[int, int, int], value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        changed = values.astype(np.float32)
        changed[index] = value
        return changed

    return change


def _wrapped(values: np.ndarray) -> np.ndarray:
    return np.where(values > -500, values * 8 + 32700, 30000).astype(np.int16)


def _mixed(cohort: Cohort, case: str) -> None:
    _series()(cohort, case)
    write_series(cohort.root / f"{case}-dicom/other", patient=case, series="2")


def _tilted(made: Dataset, number: int) -> None:
    x, y, z = (float(value) for value in made.ImagePositionPatient)
    made.ImagePositionPatient = [x, y + 0.8 * number, z]


def _unscaled(made: Dataset, number: int) -> None:
    del made.RescaleSlope, made.RescaleIntercept


def _lossless(made: Dataset, number: int) -> None:
    made.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"])
    made.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    made["PixelData"].is_undefined_length = True


def _cut_series(cohort: Cohort, case: str) -> None:
    _series()(cohort, case)
    path = sorted((cohort.root / f"{case}-dicom").iterdir())[0]
    path.write_bytes(path.read_bytes()[:-50])


def _directory(cohort: Cohort, case: str) -> None:
    _series()(cohort, case)
    (cohort.root / f"{case}-dicom" / "DICOMDIR").write_bytes(b"../../etc/passwd")


def _named(made: Dataset, number: int) -> None:
    made.PatientIdentityRemoved, made.PatientName = "NO", "Doe^Jane"


def _burned_in(made: Dataset, number: int) -> None:
    made.BurnedInAnnotation = "YES"


def _inverted(made: Dataset, number: int) -> None:
    made.PhotometricInterpretation = "MONOCHROME1"


_SHEAR = AFFINE + np.pad([[0.3]], ((0, 3), (1, 2)))
_SHIFTED = AFFINE + np.pad([[5.0]], ((0, 3), (3, 0)))

FILES = (
    Plant(1, "missing", _missing),
    Plant(1, "shared", _shared),
    Plant(2, "empty", _bytes(lambda _: b"")),
    Plant(3, "login", _bytes(lambda _: b"<!DOCTYPE html><html><title>Log in</title></html>")),
    Plant(4, "cut-gz", _bytes(lambda data: data[: len(data) // 2])),
    Plant(5, "cut-nii", _cut_plain),
    Plant(6, "flipped-bit", _bytes(_flipped)),
    Plant(7, "trailer", _bytes(lambda data: data[:-8] + bytes(8))),
    Plant(8, "huge", _header(dim=[3, 30000, 30000, 30000, 1, 1, 1, 1])),
    Plant(9, "bomb", _bytes(lambda data: gzip.compress(gzip.decompress(data) + bytes(1 << 24)))),
    Plant(10, "not-gzip", _bytes(gzip.decompress)),
    Plant(11, "half-pair", _bytes(_half_pair)),
    Plant(12, "outside", _cells(first="../outside.nii.gz")),
    Plant(12, "dangling", _link),
    Plant(13, "Straße", _leave),
    Plant(13, "STRASSE", _leave),
    Plant(14, "p-7", _leave),
    Plant(14, "p-07", _leave),
)

GEOMETRY = (
    Plant(17, "two-forms", _header(qoffset_x=9.0)),
    Plant(18, "no-forms", _header(qform_code=0, sform_code=0)),
    Plant(19, "no-pixdim", _header(pixdim=[1, 0, 2, 2, 1, 1, 1, 1])),
    Plant(20, "other-pixdim", _header(pixdim=[1, 3, 2, 2, 1, 1, 1, 1], qform_code=0)),
    Plant(21, "sheared", _grid(_SHEAR)),
    Plant(22, "singular", _header(srow_z=[0, 0, 0, 0])),
    Plant(23, "mirrored", _label(labels(), np.diag([-2.0, 2.0, 2.0, 1.0]))),
    Plant(24, "turned", _grid(np.diag([-2.0, -2.0, 2.0, 1.0]))),
    Plant(25, "singleton", _image(lambda values: values[..., None])),
    Plant(26, "frames", _image(lambda values: np.stack([values] * 3, axis=-1))),
    Plant(26, "colour", _colour),
    Plant(27, "slice", _slice),
    Plant(28, "label-grid", _label(labels(), _SHIFTED)),
    Plant(29, "channel-grid", _image(lambda values: values[:-2])),
    Plant(30, "micrometres", _grid(np.diag([2e-3, 2e-3, 2e-3, 1.0]))),
    Plant(31, "big-endian", _big_endian),
    Plant(32, "coarse", _grid(np.diag([6.0, 6.0, 6.0, 1.0]))),
)

INTENSITIES = (
    Plant(33, "not-a-number", _image(_set((8, 9, 7), np.nan))),
    Plant(33, "infinite", _image(_set((8, 9, 7), np.inf))),
    Plant(34, "constant", _image(lambda values: np.full_like(values, 7))),
    Plant(35, "slope", _header(scl_slope=2.0, scl_inter=np.nan)),
    Plant(35, "twice-rescaled", _image(lambda values: values - np.int16(1024))),
    Plant(36, "float-label", _label(labels().astype(np.float32))),
    Plant(37, "wide-label", _label(labels().astype(np.int64))),
    Plant(38, "clipped", _image(lambda values: np.minimum(values * 20 + 4000, 4095))),
    Plant(39, "padded", _image(_set((slice(0, 2),), -3024))),
    Plant(40, "inverted", _header(scl_slope=-1.0, scl_inter=0.0)),
    Plant(40, "monochrome-1", _series(_inverted, array=voxels().astype(np.uint16))),
    Plant(41, "wrapped", _image(_wrapped)),
)

LABELS = (
    Plant(43, "other-value", _label(np.where(labels() == 2, 255, labels()).astype(np.uint8))),
    Plant(44, "between", _label(labels() * np.float32(0.988))),
    Plant(45, "no-mask", _label(np.zeros(SHAPE, np.uint8))),
    Plant(46, "unlabelled", _cells(label="")),
    Plant(47, "swapped-box", _cells(x0="11", x1="9")),
    Plant(48, "box-twice", _twice),
    Plant(49, "disputed", _cells(reader_2="cyst")),
)

SERIES = (
    Plant(50, "two-series", _mixed),
    Plant(51, "gap", _series(keep=lambda number: number != 2)),
    Plant(52, "tilted", _series(_tilted)),
    Plant(53, "unscaled", _series(_unscaled, modality="CT")),
    Plant(54, "undecodable", _series(_lossless)),
    Plant(55, "cut-slice", _cut_series),
    Plant(56, "directory", _directory),
    Plant(57, "named", _series(_named)),
    Plant(57, "burned-in", _series(_burned_in)),
    Plant(57, "described", _header(descrip=b"Doe^Jane 1952-01-01")),
    Plant(57, "aged", _cells(age="93")),
)

SHEET = (
    Plant(58, "dataset", lambda cohort, _: cohort.rows[0].update({"remark": "a column too many"})),
    Plant(59, "nobody", _cells(subject="")),
    Plant(60, "again", _same_bytes),
)

PLANTS = (*FILES, *GEOMETRY, *INTENSITIES, *LABELS, *SERIES, *SHEET)

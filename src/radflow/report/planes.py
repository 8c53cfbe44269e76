"""A case in three planes: grey-scale slice, both outlines, orientation letters, scale bar.

Pictures are SVG in millimetres: a slice is a PNG stretched to its physical size, outlines follow
voxel edges, so nothing is smoothed or interpolated but by the reader's screen.
"""

import base64
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import numpy.typing as npt

from radflow.errors import EvaluationError
from radflow.imaging.orientation import Orientation
from radflow.imaging.volume import read_volume

REFERENCE_COLOUR = "#ffd92f"
PREDICTION_COLOUR = "#56b4e9"
MARGIN_MM = 30.0
"""What is shown around the structure in each direction."""

GREY_PERCENTILES = (0.5, 99.5)

_BAR_MM = (1, 2, 5, 10, 20, 50, 100, 200)
_BAR_SHARE = 1 / 3
_LETTER_SHARE = 0.085  # height of a letter, share of the picture's longer side

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class _Plane:
    """A plane of an RAS+ volume, as radiologists look at it.

    The right of the patient, or else the front, is at the left of the picture; up is up or front.
    Both picture axes therefore run against the RAS axes.
    """

    name: str
    axis: int
    across: int
    down: int
    letters: tuple[str, str, str, str]  # left, right, top, bottom


_PLANES = (
    _Plane("axial", 2, 0, 1, ("R", "L", "A", "P")),
    _Plane("coronal", 1, 0, 2, ("R", "L", "S", "I")),
    _Plane("sagittal", 0, 1, 2, ("A", "P", "S", "I")),
)


@dataclass(frozen=True)
class CaseVolumes:
    """A case brought into RAS+ axis order; axes are not resampled.

    Attributes
    ----------
    image
        (i, j, k) intensities of the first channel.
    reference, prediction
        (i, j, k) label maps; a case without a prediction has none.
    spacing_mm
        Voxel size along the RAS axes, mm.
    """

    image: Floats
    reference: Labels
    prediction: Labels | None
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True)
class PlanePicture:
    """One plane of a case: its name, its SVG element, and the width of its frame in mm."""

    name: str
    svg: str
    width_mm: float


def read_case(image: Path, reference: Path, prediction: Path | None) -> CaseVolumes:
    """Read a case and bring it into RAS+ order by its affine.

    An oblique volume stays on its own grid: letters then name the nearest axis.

    Raises
    ------
    ImageError
        When a file can't be read as a volume.
    EvaluationError
        When the image and a label map have different shapes.
    """
    volume = read_volume(image)
    shape = volume.array.shape[-3:]
    orientation = Orientation.of(volume.affine)
    spacing_mm = volume.spacing_mm
    i, j, k = (spacing_mm[axis] for axis in orientation.axes)
    return CaseVolumes(
        image=orientation.apply(volume.array.reshape(-1, *shape)[0].astype(np.float64)),
        reference=orientation.apply(_labels(reference, shape)),
        prediction=None if prediction is None else orientation.apply(_labels(prediction, shape)),
        spacing_mm=(i, j, k),
    )


def draw_planes(case: CaseVolumes, *, description: str) -> tuple[PlanePicture, ...]:
    """Draw axial, coronal and sagittal slices where the reference is largest.

    Parameters
    ----------
    case
        Volumes in RAS+ order.
    description
        What is shown, for readers who can't see it; the plane's name is put before it.
    """
    present = case.reference > 0
    if case.prediction is not None:
        present = present | (case.prediction > 0)
    window = _window(present, case.spacing_mm)
    low, high = _grey_range(case.image)
    grey = np.clip((case.image - low) / (high - low), 0, 1) if high > low else case.image * 0
    levels = np.round(np.nan_to_num(grey) * 255).astype(np.uint8)
    extent = levels[window].shape
    letter = max(n * mm for n, mm in zip(extent, case.spacing_mm, strict=True)) * _LETTER_SHARE
    return tuple(
        PlanePicture(
            plane.name,
            *_frame(
                _cut(case, levels, plane, window),
                plane,
                letter=letter,
                label=f"{plane.name.capitalize()} plane. {description}",
            ),
        )
        for plane in _PLANES
    )


def outline(labels: Labels) -> list[tuple[int, int, int, int]]:
    """Trace the voxel edges between different labels, straight runs as one.

    Parameters
    ----------
    labels
        (rows, columns); beyond the picture is background.

    Returns
    -------
    list
        (x0, y0, x1, y1) in voxel edges, x along columns.
    """
    padded = np.pad(labels, 1)
    upright = padded[1:-1, 1:] != padded[1:-1, :-1]
    level = padded[1:, 1:-1] != padded[:-1, 1:-1]
    return [
        *((x, y0, x, y1) for x, y0, y1 in _runs(upright.T)),
        *((x0, y, x1, y) for y, x0, x1 in _runs(level)),
    ]


def scale_bar_mm(width_mm: float) -> int:
    """Choose the longest round length, mm, that takes at most a third of the picture's width."""
    fitting = [length for length in _BAR_MM if length <= width_mm * _BAR_SHARE]
    return fitting[-1] if fitting else _BAR_MM[0]


def png(levels: Labels) -> bytes:
    """Encode (rows, columns) grey levels, 0 to 255, as PNG; no metadata."""
    rows, columns = levels.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    pixels = np.pad(levels, ((0, 0), (1, 0))).tobytes()  # filter 0 before each row
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _labels(path: Path, shape: tuple[int, ...]) -> Labels:
    array = read_volume(path).array
    if array.shape[-3:] != shape or array.size != np.prod(shape):
        message = (
            f"{path} has {array.shape} voxels, its image {shape}; label maps must lie on the grid "
            "of the image: predict and evaluate again"
        )
        raise EvaluationError(message)
    return array.reshape(shape).astype(np.uint8)


@dataclass(frozen=True)
class _Slice:
    """A slice as it is looked at: its marks in SVG, and its size in mm."""

    marks: str
    width: float
    height: float


def _cut(case: CaseVolumes, levels: Labels, plane: _Plane, window: tuple[slice, ...]) -> _Slice:
    """Cut a plane out of the volumes, as image and outlines."""
    place = _largest(case, plane.axis)
    dx, dy = case.spacing_mm[plane.across], case.spacing_mm[plane.down]
    kept = tuple(window[axis] if axis != plane.axis else place for axis in range(3))

    def seen(volume: Labels) -> Labels:
        """Cut (down, across)."""
        return np.ascontiguousarray(volume[kept].T[::-1, ::-1])

    grey = seen(levels)
    width, height = grey.shape[1] * dx, grey.shape[0] * dy
    data = base64.b64encode(png(grey)).decode()
    marks = [
        f'<image width="{width:.6g}" height="{height:.6g}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{data}"/>',
        _path(seen(case.reference), dx, dy, kind="reference"),
    ]
    if case.prediction is not None:
        marks.append(_path(seen(case.prediction), dx, dy, kind="prediction"))
    return _Slice("".join(marks), width, height)


def _frame(cut: _Slice, plane: _Plane, *, letter: float, label: str) -> tuple[str, float]:
    """Put a slice into a black frame with letters and scale bar: SVG, and its width in mm."""
    pad = letter * 1.3
    middle, centre = cut.width / 2, cut.height / 2
    places = (
        (-pad / 2, centre), (cut.width + pad / 2, centre),
        (middle, -pad / 2), (middle, cut.height + pad / 2),
    )  # fmt: skip
    letters = "".join(
        f'<text x="{x:.6g}" y="{y:.6g}" font-size="{letter:.6g}">{text}</text>'
        for text, (x, y) in zip(plane.letters, places, strict=True)
    )
    bar = scale_bar_mm(cut.width)
    y = cut.height + pad * 1.2
    scale = (
        f'<rect class="scale" x="0" y="{y:.6g}" width="{bar}" height="{letter * 0.16:.6g}"/>'
        f'<text class="unit" x="{bar + letter * 0.4:.6g}" y="{y + letter * 0.1:.6g}" '
        f'font-size="{letter * 0.85:.6g}">{bar} mm</text>'
    )
    width = cut.width + 2 * pad
    box = f"{-pad:.6g} {-pad:.6g} {width:.6g} {cut.height + 2.9 * pad:.6g}"
    svg = (
        f'<svg class="plane" viewBox="{box}" role="img" aria-label="{escape(label, quote=True)}" '
        f'style="--mm:{width:.6g}">{cut.marks}{letters}{scale}</svg>'
    )
    return svg, width


def _path(labels: Labels, dx: float, dy: float, *, kind: str) -> str:
    lines = "".join(
        f"M{x0 * dx:.6g} {y0 * dy:.6g}" + (f"V{y1 * dy:.6g}" if x0 == x1 else f"H{x1 * dx:.6g}")
        for x0, y0, x1, y1 in outline(labels)
    )
    return f'<path class="{kind}" d="{lines}"/>'


def _runs(edges: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    """Yield (row, start, end) of each run of true values along the rows."""
    steps = np.diff(np.pad(edges.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    yield from zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True)


def _largest(case: CaseVolumes, axis: int) -> int:
    """Find the slice with most voxels of the reference; else of the prediction; else the middle."""
    others = tuple(each for each in range(3) if each != axis)
    for labels in (case.reference, case.prediction):
        if labels is not None and labels.any():
            return int(np.argmax(np.count_nonzero(labels, axis=others)))
    return case.image.shape[axis] // 2


def _window(
    present: npt.NDArray[np.bool_], spacing_mm: tuple[float, float, float]
) -> tuple[slice, ...]:
    """Bound the structure with a margin in mm; the whole volume where there is none."""
    if not present.any():
        return (slice(None),) * 3
    window: list[slice] = []
    for axis, size in enumerate(spacing_mm):
        others = tuple(each for each in range(3) if each != axis)
        places = np.flatnonzero(present.any(axis=others))
        margin = round(MARGIN_MM / size)
        window.append(slice(max(int(places[0]) - margin, 0), int(places[-1]) + margin + 1))
    return tuple(window)


def _grey_range(image: Floats) -> tuple[float, float]:
    finite = image[np.isfinite(image)]
    low, high = np.percentile(finite, GREY_PERCENTILES) if finite.size else (0.0, 0.0)
    return float(low), float(high)

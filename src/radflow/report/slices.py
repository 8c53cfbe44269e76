"""One slice of an image as SVG in millimetres: grey levels, outlines, letters, scale bar.

A slice is a PNG stretched to its physical size, outlines follow voxel edges, so nothing is smoothed
or interpolated but by the reader's screen.
"""

import base64
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

GREY_PERCENTILES = (0.5, 99.5)

_BAR_MM = (1, 2, 5, 10, 20, 50, 100, 200)
_BAR_SHARE = 1 / 3
_LETTER_SHARE = 0.085  # height of a letter, share of the picture's longer side

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Plane:
    """A plane of an RAS+ volume, as radiologists look at it.

    The right of the patient, or else the front, is at the left of the picture; up is up or front.
    Both picture axes therefore run against the RAS axes.
    """

    name: str
    axis: int
    across: int
    down: int
    letters: tuple[str, str, str, str]  # left, right, top, bottom


PLANES = (
    Plane("axial", 2, 0, 1, ("R", "L", "A", "P")),
    Plane("coronal", 1, 0, 2, ("R", "L", "S", "I")),
    Plane("sagittal", 0, 1, 2, ("A", "P", "S", "I")),
)


@dataclass(frozen=True)
class PlanePicture:
    """One plane of a case: its name, its SVG element, and the width of its frame in mm."""

    name: str
    svg: str
    width_mm: float


@dataclass(frozen=True)
class Slice:
    """A slice as it is looked at: its marks in SVG, and its size in mm."""

    marks: str
    width: float
    height: float


def letter_height(sizes_mm: Iterable[float]) -> float:
    """Choose the height of letters, mm, for pictures of these sides."""
    return max(sizes_mm) * _LETTER_SHARE


def grey_levels(image: Floats) -> Labels:
    """Turn intensities into grey levels, 0 to 255, between `GREY_PERCENTILES`."""
    low, high = _grey_range(image)
    grey = np.clip((image - low) / (high - low), 0, 1) if high > low else image * 0
    return np.round(np.nan_to_num(grey) * 255).astype(np.uint8)


def cut(
    levels: Labels,
    outlines: Mapping[str, Labels],
    plane: Plane,
    *,
    kept: tuple[slice | int, ...],
    spacing_mm: tuple[float, float, float],
) -> Slice:
    """Cut a plane out of volumes in RAS+ order.

    Parameters
    ----------
    levels
        (i, j, k) grey levels.
    outlines
        Kind of line (a class of the style sheet) to the label map that it outlines.
    plane
        Which plane.
    kept
        What is kept along each axis: one voxel of `plane.axis`, ranges of the others.
    spacing_mm
        Voxel size along the axes, mm.
    """
    dx, dy = spacing_mm[plane.across], spacing_mm[plane.down]

    def seen(volume: Labels) -> Labels:
        """Cut (down, across)."""
        return np.ascontiguousarray(volume[kept].T[::-1, ::-1])

    grey = seen(levels)
    width, height = grey.shape[1] * dx, grey.shape[0] * dy
    data = base64.b64encode(png(grey)).decode()
    marks = [
        f'<image width="{width:.6g}" height="{height:.6g}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{data}"/>',
        *(_path(seen(labels), dx, dy, kind=kind) for kind, labels in outlines.items()),
    ]
    return Slice("".join(marks), width, height)


def frame(
    cut: Slice, letters: Sequence[str], *, letter: float, label: str, scale: bool = True
) -> tuple[str, float]:
    """Put a slice into a black frame with letters and scale bar: SVG, and its width in mm.

    Parameters
    ----------
    cut
        The slice.
    letters
        At the left, right, top and bottom; empty where directions are unknown.
    letter
        Their height, mm.
    label
        What is shown, for readers who can't see it.
    scale
        Whether millimetres are known, so that there is a scale bar.
    """
    pad = letter * 1.3
    middle, centre = cut.width / 2, cut.height / 2
    places = (
        (-pad / 2, centre), (cut.width + pad / 2, centre),
        (middle, -pad / 2), (middle, cut.height + pad / 2),
    )  # fmt: skip
    texts = "".join(
        f'<text x="{x:.6g}" y="{y:.6g}" font-size="{letter:.6g}">{text}</text>'
        for text, (x, y) in zip(letters, places, strict=bool(letters))
    )
    bar = _scale_bar(cut, letter) if scale else ""
    width = cut.width + 2 * pad
    box = f"{-pad:.6g} {-pad:.6g} {width:.6g} {cut.height + 2.9 * pad:.6g}"
    svg = (
        f'<svg class="plane" viewBox="{box}" role="img" aria-label="{escape(label, quote=True)}" '
        f'style="--mm:{width:.6g}">{cut.marks}{texts}{bar}</svg>'
    )
    return svg, width


def _scale_bar(cut: Slice, letter: float) -> str:
    length, y = scale_bar_mm(cut.width), cut.height + letter * 1.56
    return (
        f'<rect class="scale" x="0" y="{y:.6g}" width="{length}" height="{letter * 0.16:.6g}"/>'
        f'<text class="unit" x="{length + letter * 0.4:.6g}" y="{y + letter * 0.1:.6g}" '
        f'font-size="{letter * 0.85:.6g}">{length} mm</text>'
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


def _grey_range(image: Floats) -> tuple[float, float]:
    finite = image[np.isfinite(image)]
    low, high = np.percentile(finite, GREY_PERCENTILES) if finite.size else (0.0, 0.0)
    return float(low), float(high)

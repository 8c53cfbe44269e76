"""Points on a plane as inline SVG; pointing at one shows the small image of its case."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from radflow.report.svg import ACCENT, INK, QUIET

COLOURS = (ACCENT, "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8a6d00", QUIET)
"""Of classes, told apart without red and green (Okabe & Ito 2008)."""

_PLOT, _WIDTH, _HEIGHT, _EDGE = 300, 440, 316, 14
_PICTURE = 112
_LINE = 15


@dataclass(frozen=True)
class Sheet:
    """Small images of cases in one picture.

    Attributes
    ----------
    name
        Identifier in the page.
    path
        PNG.
    tile, columns
        Pixels of an image's side, images in a row.
    rows
        Rows of images.
    """

    name: str
    path: Path
    tile: int
    columns: int
    rows: int

    @property
    def svg(self) -> str:
        """Give the element that holds the picture, once for all figures that use it."""
        width, height = self.columns * self.tile, self.rows * self.tile
        data = base64.b64encode(self.path.read_bytes()).decode()
        return (
            '<svg class="sheet" width="0" height="0" aria-hidden="true"><defs>'
            f'<image id="{escape(self.name, quote=True)}" width="{width}" height="{height}" '
            f'href="data:image/png;base64,{data}"/></defs></svg>'
        )

    def picture(self, tile: int, *, x: float, y: float, side: float) -> str:
        """Give the element that shows one small image."""
        row, column = divmod(tile, self.columns)
        return (
            f'<svg x="{x:g}" y="{y:g}" width="{side:g}" height="{side:g}" '
            f'viewBox="{column * self.tile} {row * self.tile} {self.tile} {self.tile}">'
            f'<use href="#{escape(self.name, quote=True)}"/></svg>'
        )


@dataclass(frozen=True)
class Dot:
    """A case on the plane: place, name of its class, what is said of it, and its small image."""

    x: float
    y: float
    name: str
    lines: tuple[str, ...]
    right: bool
    tile: int


def scatter(
    dots: Sequence[Dot], sheet: Sheet, *, names: Sequence[str], title: str, description: str
) -> str:
    """Draw points with the colours of their classes; those answered wrong have a dark ring.

    Pointing at one shows its image and lines beside the plot, by style alone.

    Parameters
    ----------
    dots
        Cases.
    sheet
        Of their small images; its `Sheet.svg` stands in the same page.
    names
        Of the classes, in the order of the colours.
    title, description
        Over the plot; for readers who don't see it.
    """
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    across, down = (_scale([getattr(dot, axis) for dot in dots]) for axis in "xy")
    drawn = "".join(
        _dot(
            dot,
            sheet,
            at=(_EDGE + across(dot.x), _EDGE + _PLOT - 2 * _EDGE - down(dot.y)),
            colour=colours.get(dot.name, QUIET),
        )
        for dot in dots
    )
    legend = "".join(
        f'<circle cx="{_PLOT + 12}" cy="{24 + _LINE * place}" r="4" fill="{colours[name]}"/>'
        f'<text x="{_PLOT + 21}" y="{28 + _LINE * place}">{escape(name)}</text>'
        for place, name in enumerate(names)
    )
    label = escape(description, quote=True)
    return (
        f'<svg class="scatter" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f'<rect x="0.5" y="14.5" width="{_PLOT}" height="{_PLOT}" fill="none" '
        f'stroke="{QUIET}" stroke-width="0.7"/>'
        f'<text class="title" x="0" y="9">{escape(title)}</text>'
        f'{legend}<g transform="translate(0 14)">{drawn}</g></svg>'
    )


def _dot(dot: Dot, sheet: Sheet, *, at: tuple[float, float], colour: str) -> str:
    ring = (
        f'stroke="{INK}" stroke-width="1.6"' if not dot.right else 'stroke="#fff" stroke-width=".5"'
    )
    left, top = _PLOT + 12, _PLOT - _PICTURE - _LINE * (len(dot.lines) - 1) - 8
    lines = "".join(
        f'<text x="{left}" y="{top + _PICTURE + _LINE * (place + 0.9):g}">{escape(line)}</text>'
        for place, line in enumerate(dot.lines)
    )
    picture = sheet.picture(dot.tile, x=left, y=top - 4, side=_PICTURE)
    return (
        f'<g class="dot"><title>{escape("; ".join(dot.lines))}</title>'
        f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="4" fill="{colour}" {ring}/>'
        f'<g class="about">{picture}{lines}</g></g>'
    )


def _scale(values: Sequence[float]) -> "_Scale":
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    size = _PLOT - 2 * _EDGE
    return _Scale(low, size / (high - low)) if high > low else _Scale(low - size / 2, 1.0)


@dataclass(frozen=True)
class _Scale:
    low: float
    factor: float

    def __call__(self, value: float) -> float:
        return (value - self.low) * self.factor

"""Matplotlib figures as SVG that is the same on every run and can stand inside a page."""

import io
import re
from collections.abc import Generator
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

ACCENT = "#0a5fa5"
QUIET = "#767676"
INK = "#1f2328"
RULE = "#d4d8dd"

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.constrained_layout.use": True,
    "path.simplify": True,
}
# What a reader's own matplotlibrc sets must not change the bytes.
_SETTINGS: Any = {
    **{key: value for key, value in mpl.rcParamsDefault.items() if key != "backend"},
    **_STYLE,
}
_NO_METADATA: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_IDENTIFIER = re.compile(r'(\bid="|url\(#|href="#)')
_OPENING = re.compile(r"<svg [^>]*>")
_VIEW_BOX = re.compile(r'viewBox="[^"]*"')


@contextmanager
def style() -> Generator[None]:
    """Draw in the report's style, whatever the user's own settings are."""
    with mpl.rc_context(_SETTINGS):
        yield


def render(figure: Figure, *, name: str) -> str:
    """Render a figure as a stand-alone SVG document; call it inside `style`.

    Parameters
    ----------
    figure
        Drawn inside `style`.
    name
        Salts the identifiers inside the file.
    """
    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        FigureCanvasSVG(figure).print_svg(stream, metadata=_NO_METADATA)
    return stream.getvalue()


def inline(document: str, *, name: str, description: str) -> str:
    """Turn an SVG document into an element that can stand in a page beside others.

    The size gives way to the page, identifiers get the prefix `name`, and the picture is announced
    as one image with `description`.
    """
    body = document[document.index("<svg") :]
    opening = _OPENING.match(body)
    box = _VIEW_BOX.search(opening.group(0)) if opening else None
    if opening is None or box is None:
        message = f"the figure {name} is no SVG document"
        raise ValueError(message)
    rest = _IDENTIFIER.sub(rf"\g<1>{name}-", body[opening.end() :]).replace("xlink:href", "href")
    label = escape(description, quote=True)
    return f'<svg {box.group(0)} role="img" aria-label="{label}">{rest.strip()}'

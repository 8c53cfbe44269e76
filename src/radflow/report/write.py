"""Write the report of a study: one HTML file that needs nothing beside it."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from radflow.files import write_text
from radflow.progress import say
from radflow.report.context import context_of
from radflow.report.sections import Kind, Study

TEMPLATES = files("radflow.report") / "templates"


def write_page(data: Study, kind: Kind[Study], output: Path) -> None:
    """Write the report of a study, of its data and of its models if it has any.

    It is the same to the byte on every run.

    The page holds its style, figures and pictures; it loads nothing, runs no script, and names no
    date and no machine. Text of configuration and data is escaped.

    Parameters
    ----------
    data
        What the report draws on.
    kind
        What its family of tasks has of its own.
    output
        HTML file to write, whole or not at all.

    Raises
    ------
    EvaluationError
        When a label map does not lie on its image's grid.
    ImageError
        When an image or label map of a case to show can't be read.
    """
    write_text(output, render("report.html.j2", context_of(data, kind)))
    say(f"report: {data.inputs.study} -> {output}")


def render(template: str, context: dict[str, Any]) -> str:
    """Fill a template of this package; all text is escaped unless it is marked as safe."""
    style = Markup(_source("style.css"))  # noqa: S704 (a file of this package)
    return _environment().get_template(template).render(style=style, **context)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")

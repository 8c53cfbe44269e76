"""Read configuration files; all problems of a file are told at once, with line and remedy."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from radflow.config import strict_yaml
from radflow.config.base import Section
from radflow.config.check import check_study
from radflow.config.dataset import DatasetCard
from radflow.config.project import Project
from radflow.config.study import Study
from radflow.errors import ConfigError

__all__ = ["check_study", "load", "load_card", "load_project", "load_studies", "load_study"]

_Model = TypeVar("_Model", bound=Section)
_MOST_VALUE_CHARACTERS = 60
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def load_project(path: Path) -> Project:
    """Read `config/config.yaml`."""
    return load(path, Project)


def load_study(folder: Path, name: str) -> Study:
    """Read the study `name` from the folder of studies."""
    return load(_named(folder, name, "study"), Study)


def load_studies(folder: Path, names: Iterable[str]) -> dict[str, Study]:
    """Read studies, those that stand beside them, and those that their models start from.

    Returns
    -------
    dict
        Name to study: those asked for, in their order, then the others.

    Raises
    ------
    ConfigError
        When a study can't be read, or one beside it trains nothing and so has no numbers.
    """
    found: dict[str, Study] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = load_study(folder, name)
            waiting += found[name].beside
            waiting += (study for study, _ in found[name].origins)
    silent = [
        f"{name}: `beside` names {other}, which trains nothing and has no numbers to show"
        for name, study in found.items()
        for other in study.beside
        if found[other].describes
    ]
    if silent:
        raise ConfigError("; ".join(silent))
    return found


def load_card(folder: Path, name: str) -> DatasetCard:
    """Read the card of the dataset `name` from the folder of cards."""
    return load(_named(folder, name, "dataset"), DatasetCard)


def load(path: Path, model: type[_Model]) -> _Model:
    """Read a YAML file as a configuration model.

    Types are strict: `"5"` and `true` are no numbers, `5` is no text.

    Raises
    ------
    ConfigError
        Naming the file and every problem in it; for a missing file, the files there are.
    """
    text = _read(path)
    try:
        return _build(text, model)
    except ConfigError as error:
        problems = str(error).splitlines()
    count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
    listed = "\n".join(f"  {problem}" for problem in problems)
    message = f"{path} has {count}:\n{listed}"
    raise ConfigError(message)


def _build(text: str, model: type[_Model]) -> _Model:
    """Parse and validate; the error has one line per problem."""
    data, lines = strict_yaml.parse(text)
    if not isinstance(data, dict):
        what = "is empty" if data is None else f"holds a {type(data).__name__}"
        message = f"the file {what}; it must hold keys and values: {_key_list(model)}"
        raise ConfigError(message)
    try:
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems = [_problem(details, model, lines) for details in found]
    raise ConfigError("\n".join(problems))


def _problem(
    details: ErrorDetails, model: type[Section], lines: Mapping[strict_yaml.Loc, int]
) -> str:
    loc = details["loc"]
    known = next((loc[:end] for end in range(len(loc), 0, -1) if loc[:end] in lines), None)
    place = f"line {lines[known]}: " if known else ""
    dotted = ".".join(str(key) for key in loc if key != "[key]")
    place += f"`{dotted}`" if loc else "the file"
    if details["type"] == "extra_forbidden":
        return f"{place} is an unknown key{_suggestion(model, loc)}"
    if details["type"] == "missing":
        return f"{place} is missing{_description(model, loc)}"
    text = details["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    if details["type"] == "value_error":
        return f"{place}: {text}"
    return f"{place}: {text}, got {_short(details['input'])}{_quote_hint(details)}"


def _quote_hint(details: ErrorDetails) -> str:
    if details["type"] == "string_type" and isinstance(details["input"], int | float):
        return " (put it in quotes)"
    return ""


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    cut = len(text) > _MOST_VALUE_CHARACTERS
    return text[: _MOST_VALUE_CHARACTERS - 3] + "..." if cut else text


def _suggestion(model: type[Section], loc: tuple[str | int, ...]) -> str:
    section = _section_at(model, loc[:-1]) or model
    name = str(loc[-1])
    names = list(section.model_fields)
    near = difflib.get_close_matches(name.lower().replace("-", "_"), names, n=1, cutoff=0.5)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; the keys here are {_key_list(section)}"


def _key_list(section: type[Section]) -> str:
    return ", ".join(section.model_fields)


def _description(model: type[Section], loc: tuple[str | int, ...]) -> str:
    section = _section_at(model, loc[:-1])
    field = section.model_fields.get(str(loc[-1])) if section else None
    if field is None:
        return ""
    inner = _sections(field.annotation)
    text = field.description or (inner[0].__doc__ or "" if inner else "")
    return f": {text.strip().splitlines()[0]}" if text else ""


def _section_at(model: type[Section], loc: tuple[str | int, ...]) -> type[Section] | None:
    """Find the model of the section at a path of keys; None where the path leaves the models."""
    section: type[Section] | None = model
    keys = iter(loc)
    for key in keys:
        field = section.model_fields.get(str(key)) if section else None
        inner = _sections(field.annotation) if field else []
        section = inner[0] if inner else None
        if field and get_origin(field.annotation) in (dict, tuple):
            next(keys, None)  # the name or number of a section among several
    return section


def _sections(annotation: Any) -> list[type[Section]]:
    """Find the section models in a type such as `dict[str, ModelRules]` or `Budget | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections(part)]


def _named(folder: Path, name: str, what: str) -> Path:
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name of a {what}: use letters, digits, '-' and '_'"
        raise ConfigError(message)
    return folder / f"{name}.yaml"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        there = sorted(file.name for file in path.parent.glob("*.y*ml"))
        near = difflib.get_close_matches(path.name, there, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        listed = f"{path.parent} holds {', '.join(there) or 'no YAML file'}"
        message = f"there is no {path}: {listed}{hint}"
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8"
    except OSError as error:
        message = f"{path} can't be read: {error.strerror}"
    raise ConfigError(message)

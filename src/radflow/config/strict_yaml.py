"""YAML as a person means it: no surprises of YAML 1.1, and nothing that could run or explode."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from radflow.errors import ConfigError

Loc = tuple[str | int, ...]

_MOST_ALIASES = 20
_MOST_LEVELS = 50
_TAGS = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(
    _TAGS + name for name in ("str", "int", "float", "bool", "null", "map", "seq")
)


class _Loader(yaml.SafeLoader):
    """The safe loader, reading plain scalars by the core schema of YAML 1.2.

    So `1e-3` is a number, `on`, `off`, `yes` and `no` are words, `2026-01-01` is text, and `010`
    is text too (YAML 1.1 reads 8).
    """


_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(0|[1-9][0-9_]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?((0|[1-9][0-9_]*)?\.[0-9]+|(0|[1-9][0-9_]*)\.?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(_TAGS + _name, re.compile(rf"^(?:{_pattern})$"), list(_first))


def parse(text: str) -> tuple[Any, dict[Loc, int]]:
    """Read one YAML document.

    Returns
    -------
    tuple
        Plain dicts, lists and scalars, and the line (from 1) of each value by its path of keys.
        Keys in a path are text.

    Raises
    ------
    ConfigError
        With every duplicate key, tag and surplus alias in the text, or its first syntax error.
    """
    try:
        _refuse_bombs(text)
        return _load(_Loader(text))
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_explain(error, text)) from None
    except yaml.YAMLError as error:
        message = " ".join(f"not YAML: {error}".split())
        raise ConfigError(message) from None
    except RecursionError:
        message = "an alias (`*name`) stands within the value it names; write the value out"
        raise ConfigError(message) from None


def _load(loader: _Loader) -> tuple[Any, dict[Loc, int]]:
    root = loader.get_single_node()
    if root is None:
        return None, {}
    nodes = list(_walk(root, ()))
    problems = [problem for loc, node in nodes for problem in _problems(loc, node)]
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    return loader.construct_document(root), {loc: _line(node) for loc, node in nodes}


def _refuse_bombs(text: str) -> None:
    """Refuse text that grows when its aliases are followed, or nests without end."""
    depth = aliases = 0
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if depth > _MOST_LEVELS:
            message = f"line {_line(event)}: nested more than {_MOST_LEVELS} levels deep"
            raise ConfigError(message)
        if aliases > _MOST_ALIASES:
            message = (
                f"line {_line(event)}: more than {_MOST_ALIASES} aliases (`*name`); write the "
                "values out"
            )
            raise ConfigError(message)


def _walk(node: yaml.Node, loc: Loc) -> Iterator[tuple[Loc, yaml.Node]]:
    yield loc, node
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _walk(value, (*loc, _text(key)))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _walk(value, (*loc, number))


def _problems(loc: Loc, node: yaml.Node) -> Iterator[str]:
    if node.tag not in _PLAIN_TAGS:
        yield f"line {_line(node)}: the tag {node.tag.replace(_TAGS, '!!')} is not read; remove it"
    if not isinstance(node, yaml.MappingNode):
        return
    first: dict[str, int] = {}
    for key, _ in node.value:
        name, line = _text(key), _line(key)
        dotted = ".".join(map(str, (*loc, name)))
        if not isinstance(key, yaml.ScalarNode):
            yield f"line {line}: a key must be one word or number"
        elif name == "<<":
            yield f"line {line}: merge keys (`<<`) are not read; write the keys out"
        elif name in first:
            yield f"line {line}: `{dotted}` stands twice, first in line {first[name]}; remove one"
        first.setdefault(name, line)


def _text(key: yaml.Node) -> str:
    return key.value if isinstance(key, yaml.ScalarNode) else str(key.tag)


def _line(node: yaml.Node | yaml.Event) -> int:
    return node.start_mark.line + 1


def _explain(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return " ".join(f"not YAML: {error}".split())
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: mark.column + 1]:
        return f"line {mark.line + 1}: a tab; YAML is indented with spaces, replace the tab"
    if "found undefined alias" in str(error.problem):
        return f"line {mark.line + 1}: {error.problem}; no `&name` stands before it"
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"

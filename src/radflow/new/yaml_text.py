"""Write YAML that reads back as it was meant, with a comment above what needs one."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from radflow.new.found import Entry

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"])
_WIDTH = 100


def scalar(value: Any) -> str:
    """Write one value; text is quoted wherever any YAML could take it for something else."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def lines(entries: Iterable[Entry], indent: int = 0) -> Iterator[str]:
    """Write keys and values; a value that does not fit its line is written below its key."""
    margin = " " * indent
    for entry in entries:
        if entry.comment:
            comment = "".join(letter if letter.isprintable() else " " for letter in entry.comment)
            yield f"{margin}# {' '.join(comment.split())}"
        head = f"{margin}{scalar(entry.key)}:"
        flow = f"{head} {_flow(entry.value)}"
        nested = isinstance(entry.value, Sequence) and any(
            isinstance(item, Entry) for item in entry.value
        )
        if nested:
            yield head
            yield from lines(entry.value, indent + 2)
        elif len(flow) <= _WIDTH or not isinstance(entry.value, Mapping | list | tuple):
            yield flow
        else:
            yield head
            yield from _block(entry.value, indent + 2)


def _block(value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from lines((Entry(key, inner) for key, inner in value.items()), indent)
        return
    for item in value:
        yield f"{' ' * indent}- {_flow(item)}"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = (f"{scalar(key)}: {_flow(each)}" for key, each in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return scalar(value)


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    if letter.isprintable() and letter not in "\ufeff\ufffe\uffff":
        return letter
    code = ord(letter)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )

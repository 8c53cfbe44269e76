"""What a dataset's own description says: title, licence, citation."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

_MOST_BYTES = 1 << 26
_MOST_LETTERS = 1000


def read_record(path: Path) -> dict[str, Any]:
    """Read a JSON object; empty where the file is none."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return {}
        record = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", record) if isinstance(record, dict) else {}


def about_in(path: Path, keys: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Read texts from a JSON object.

    Parameters
    ----------
    path
        The file.
    keys
        Key of the card to the keys that may hold it, the best first.

    Returns
    -------
    dict
        Key of the card to text; without those that are missing or empty.
    """
    record = read_record(path)
    found: dict[str, str] = {}
    for name, places in keys.items():
        texts = (_text(record.get(place)) for place in places)
        if text := next((text for text in texts if text), ""):
            found[name] = text
    return found


def _text(value: object) -> str:
    parts = cast("list[Any]", value) if isinstance(value, list) else [value]
    whole = "; ".join(" ".join(part.split()) for part in parts if isinstance(part, str))
    return whole[:_MOST_LETTERS]

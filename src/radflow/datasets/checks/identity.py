"""Checks of a header's text and extensions: whether they tell whose image it is.

Messages name the field and what its text looks like, never the text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import Check, Level, Problem
from radflow.datasets.checks.recognise import MADE_UP, Kind, kinds_in_id, kinds_in_text

FIELDS = ("descrip", "aux_file", "db_name", "intent_name", "data_type")
"""Fields of a NIfTI header that hold free text."""
_DICOM_CODE = 2
_WRITTEN = re.compile(rb"[\x20-\x7e]{4,}")
_DECLARE = "where names and record numbers are made up, set `intake: identity: pseudonyms`"


def level_of(kinds: Sequence[Kind], *, pseudonyms: bool) -> Level:
    """Give what follows from text of these kinds; `pseudonyms` is what the card declares."""
    return Level.NOTE if pseudonyms and MADE_UP.issuperset(kinds) else Level.QUAR


def name_problem(names: Mapping[str, Iterable[str]], *, pseudonyms: bool) -> Problem | None:
    """Look whether ids or names of files look like a person's data.

    Parameters
    ----------
    names
        Where each of them was found, e.g. "the id".
    pseudonyms
        Whether the card declares that names and record numbers are made up.
    """
    seen: dict[Kind, str] = {}
    for where, texts in names.items():
        for kind in (kind for text in texts for kind in kinds_in_id(text)):
            seen.setdefault(kind, where)
    if not seen:
        return None
    message = ", ".join(f"{seen[kind]} looks like {kind}" for kind in sorted(seen))
    if seen.keys() == {Kind.UID}:
        remedy = "Kept; a UID can be traced to its patient where its source is known"
        return Problem(Level.NOTE, message, remedy)
    level = level_of([kind for kind in seen if kind is not Kind.UID], pseudonyms=pseudonyms)
    if level is Level.NOTE:
        return Problem(level, message, "Kept: the card declares pseudonyms")
    return Problem(level, message, f"Rename it; {_DECLARE} in the dataset card")


def _field(examined: Examined, *, name: str) -> Problem | None:
    if name not in examined.raw.header.keys():  # noqa: SIM118 - a header is no mapping
        return None
    text = bytes(examined.raw.header[name].tobytes()).replace(b"\0", b" ").decode("latin-1")
    kinds = kinds_in_text(text.strip())
    if not kinds:
        return None
    level = level_of(kinds, pseudonyms=examined.rules.pseudonyms)
    message = f"the header's {name} holds what looks like {' and '.join(kinds)}"
    if level is Level.NOTE:
        return Problem(level, message, "Kept: the card declares pseudonyms")
    return Problem(level, message, f"Blank the field at its source; {_DECLARE} in the dataset card")


def _extensions(examined: Examined) -> Problem | None:
    raw, remedy = examined.raw, "Remove the header extensions at their source"
    if _DICOM_CODE in raw.extension_codes:
        message = "a header extension holds a DICOM header (code 2), which names the patient"
        return Problem(Level.QUAR, message, remedy)
    written = "\n".join(text.decode("ascii") for text in _WRITTEN.findall(raw.extensions))
    kinds = kinds_in_text(written)
    if not kinds:
        return None
    level = level_of(kinds, pseudonyms=examined.rules.pseudonyms)
    message = f"a header extension holds what looks like {' and '.join(kinds)}"
    if level is Level.NOTE:
        return Problem(level, message, "Dropped; the card declares pseudonyms")
    return Problem(level, message, remedy)


IDENTITY_CHECKS: tuple[Check[Examined], ...] = (
    *(
        Check(f"identity-{name}", 57, "what looks like a person's data", partial(_field, name=name))
        for name in FIELDS
    ),
    Check("identity-extension", 57, "what looks like a person's data", _extensions),
)

"""What in a text looks like a person's data: dates, record numbers, names. Never what it says.

Two kinds of text are told apart: what programs write into headers, where short numbers and the
versions of tools are common, and ids and file names, where numbers are. Both lists were made to
leave alone what published datasets and common tools write; what they let pass is no proof.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cache


class Kind(StrEnum):
    """What a piece of text looks like, in words for a message."""

    MAIL = "an e-mail address"
    NAME = "a name"
    WORD = "words of a patient record"
    DATE = "a date"
    TIME = "a time of day"
    EIGHT_DIGITS = "a date or record number"
    RECORD = "a record number"
    UID = "a UID"


MADE_UP = frozenset({Kind.NAME, Kind.WORD, Kind.TIME, Kind.EIGHT_DIGITS, Kind.RECORD})
"""What may stand in files whose names and record numbers the card declares to be pseudonyms."""

_Pattern = tuple[Kind | None, re.Pattern[str]]


def _pattern(kind: Kind | None, *alternatives: str) -> _Pattern:
    return kind, re.compile("|".join(alternatives), re.IGNORECASE)


_DAY, _MONTH, _YEAR = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[1-9]|1[0-2])", "(?:19|20)[0-9]{2}"
_TWO_DIGITS = "(?:0[1-9]|1[0-2])[-./_](?:0[1-9]|[12][0-9]|3[01])"
_NAMED = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_HARMLESS = _pattern(
    None,
    # FreeSurfer's date of compilation, FSL's version with its commit, UUIDs, hashes.
    rf"^FreeSurfer {_NAMED} +[0-9]{{1,2}} {_YEAR}",
    r"(?<![0-9.])[0-9]+(?:\.[0-9]+){1,3}:[0-9a-f]{6,10}(?![0-9a-f])",
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
    r"(?<![0-9a-z])(?=[0-9]*[a-f][0-9]*[a-f])[0-9a-f]{8,}(?![0-9a-z])",
)
_MAIL = _pattern(Kind.MAIL, r"\w@[\w-]+\.\w")
_NAME = _pattern(Kind.NAME, r"[^\W\d_]{2}\^+[^\W\d_]")
_DATE = _pattern(
    Kind.DATE,
    rf"(?<![0-9.]){_YEAR}[-./_]{_TWO_DIGITS}(?![0-9])",
    rf"(?<![0-9.]){_DAY}(?P<a>[-./]){_MONTH}(?P=a){_YEAR}(?![0-9.])",
    rf"(?<![0-9.]){_MONTH}(?P<b>[-./]){_DAY}(?P=b){_YEAR}(?![0-9.])",
    rf"(?<![0-9a-z]){_DAY}[-. ]{{1,2}}{_NAMED}[-., ]{{1,2}}{_YEAR}(?![0-9])",
    rf"(?<![a-z]){_NAMED}[. ]{{1,2}}{_DAY},? (?:[0-9:]{{5,8}} )?(?:[A-Z]{{3,4}} )?{_YEAR}(?![0-9])",
)
_EIGHT_DIGITS = _pattern(
    Kind.EIGHT_DIGITS,
    rf"(?<![0-9.]){_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?![0-9]|\.[0-9])",
)
_IN_TEXT: tuple[_Pattern, ...] = (
    _HARMLESS,
    _MAIL,
    _NAME,
    _pattern(
        Kind.WORD,
        r"(?<![a-z])(?:(?:sur)?name|patient(?:.?s)?|physician|hospital)[ _]*[:=]",
        r"(?<![a-z])(?:dob|mrn|ssn|born|birth ?(?:day|date)|patient[ _]?(?:id|name))(?![a-z])",
    ),
    _DATE,
    _pattern(
        Kind.TIME,
        r"(?<![0-9:])(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?(?![0-9:])",
        r"(?<![a-z])time ?[=:] ?[0-9]{4,6}(?:\.[0-9]+)?(?![0-9])",
    ),
    _EIGHT_DIGITS,
    _pattern(Kind.RECORD, r"(?<![0-9.])[0-9]{6,}(?![0-9]|\.[0-9])"),
)
_IN_ID: tuple[_Pattern, ...] = (
    _HARMLESS,
    _pattern(Kind.UID, r"(?<![0-9.])[0-2](?:\.[0-9]+){5,}"),
    _MAIL,
    _NAME,
    _pattern(Kind.NAME, r"^[^\W\d_]{2,}, ?[^\W\d_]{2,}$"),
    _DATE,
    _EIGHT_DIGITS,
    # Zeros in front are those of a counter.
    _pattern(Kind.RECORD, r"(?<![0-9])0*[1-9][0-9]{6,}(?![0-9])"),
)


def kinds_in_text(text: str) -> tuple[Kind, ...]:
    """Say what in a text of a header looks like a person's data, in a fixed order."""
    return _kinds(text, _IN_TEXT)


@cache
def kinds_in_id(name: str) -> tuple[Kind, ...]:
    """Say what in an id, or in the name of a file or folder, looks like a person's data."""
    return _kinds(name, _IN_ID)


def _kinds(text: str, patterns: Sequence[_Pattern]) -> tuple[Kind, ...]:
    """Look for one pattern after the other; what one has found is out of the way of the next."""
    kinds: list[Kind] = []
    for kind, pattern in patterns:
        text, times = pattern.subn("\N{BULLET}", text)
        if times and kind is not None and kind not in kinds:
            kinds.append(kind)
    return tuple(kinds)

"""Names of files that some system can't hold, or takes for another's."""

import unicodedata
from collections.abc import Iterator

MOST_NAME_BYTES = 255
"""What common file systems (ext4, XFS, NTFS, APFS) take as one name."""


def name_problems(name: str) -> Iterator[str]:
    """Say what is wrong with a path by itself: its letters, and the length of each part."""
    if any(unicodedata.category(letter) == "Cc" or letter == "\\" for letter in name):
        yield "control characters or backslashes in the name"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        yield "a name that is no UTF-8"
    parts = name.split("/")
    if any(len(part.encode(errors="surrogateescape")) > MOST_NAME_BYTES for part in parts):
        yield f"a name of more than {MOST_NAME_BYTES} bytes"


def folded(name: str) -> str:
    """Give the name that a system sees which knows neither case nor Unicode's compositions."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())

"""Text and places in a picture's metadata, which may say who the patient is."""

import re
from collections.abc import Mapping
from typing import Any, cast

from PIL import ExifTags, Image

from radflow.datasets.checks.finding import Level, Problem

_TECHNICAL = frozenset(
    {"software", "date:create", "date:modify", "date:timestamp", "creation time", "creationtime"}
    | {"make", "model", "datetime", "datetimeoriginal", "datetimedigitized", "hostcomputer"}
    | {"lensmake", "lensmodel", "exifversion", "flashpixversion", "icc_profile", "warning"}
)
"""Metadata of programs and cameras; all are dropped, none is searched."""
_KEY = re.compile(r"patient|\bname\b|birth|\bdob\b|\bmrn\b|accession|physician|\bssn\b", re.I)
_WORD = re.compile(
    r"patient|\bbirth|\bborn\b|\bdob\b|\bmrn\b|accession|physician|\bhospital\b|\bssn\b|\baddress\b"
    r"|\bmrs?\.\s|[A-Za-z]\^[A-Za-z]|[\w.]+@[\w-]+\.\w",
    re.I,
)
_DATE = re.compile(
    r"\b(19|20)\d\d[-/.:]?(0[1-9]|1[0-2])[-/.:]?(0[1-9]|[12]\d|3[01])\b"
    r"|\b\d{1,2}[-/.]\d{1,2}[-/.](19|20)\d\d\b"
)
_XMP = ("xmp", "xml:com.adobe.xmp")
_UTF16 = range(0x9C9B, 0x9CA0)  # title, comment, author, keywords, subject of Windows

_Problem = tuple[str, int, str, Problem]


def text_problems(picture: Image.Image) -> list[_Problem]:
    """Search the metadata of a decoded picture; keys alone are named, never what they say."""
    exif = picture.getexif()
    texts = {**_texts(exif), **_texts(exif.get_ifd(ExifTags.IFD.Exif)), **_infos(picture)}
    suspicious = sorted(key for key, text in texts.items() if _names_somebody(key, text))
    if suspicious:
        message = f"the metadata {suspicious} hold what looks like a name, number or date of birth"
        remedy = "Remove the picture's metadata at its source (`intake: identity` in the card)"
        problem = Problem(Level.QUAR, message, remedy)
        return [("picture-text", 57, "metadata that may name a patient", problem)]
    located = bool(exif.get_ifd(ExifTags.IFD.GPSInfo))
    if not texts and not located:
        return []
    place = ", and where it was taken (GPS)" if located else ""
    message = f"metadata {sorted(texts)}{place}"
    problem = Problem(Level.FIX, message, "Dropped", len(texts) + located, "entries")
    return [("picture-metadata", 57, "metadata", problem)]


def _infos(picture: Image.Image) -> dict[str, str]:
    text = cast("Mapping[Any, Any]", getattr(picture, "text", {}))
    every = {**picture.info, **text}
    named = {str(key): value for key, value in every.items()}
    keys = {*map(str, text), "comment", *_XMP}
    return {key: _plain(named[key]) for key in keys if key in named}


def _texts(tags: Mapping[int, Any]) -> dict[str, str]:
    """Keep what is text of a block of EXIF tags, by the tags' names."""
    found: dict[str, str] = {}
    for tag, value in tags.items():
        name = ExifTags.TAGS.get(tag, f"tag {tag}")
        if tag in _UTF16 and isinstance(value, bytes | tuple):
            found[name] = bytes(value).decode("utf-16-le", "replace")
        elif isinstance(value, str) or name == "UserComment":
            found[name] = _plain(value)
    return {name: text for name, text in found.items() if text.strip("\0 ")}


def _plain(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _names_somebody(key: str, text: str) -> bool:
    if key.lower() in _TECHNICAL or not text.strip():
        return False
    if key.lower() in _XMP:  # always holds dates of its own
        return bool(_WORD.search(text))
    return bool(_KEY.search(key) or _WORD.search(text) or _DATE.search(text))

"""Items of CLAIM that read otherwise where no model was trained and nothing was divided.

They take the place of the items of `radflow.report.claim_items` with the same number; what is said
of simulated subjects stays.
"""

from collections.abc import Iterable
from dataclasses import replace

from radflow.report.claim_items import By, ClaimItem

_NO_MODEL = "no model was trained"
_NOT_DIVIDED = "nothing was divided"

_OF_MODELS = (1, 10, 22, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 37, 38, 39)
_OF_PARTITIONS = (17, 19, 20)
_OTHERWISE: dict[int, tuple[By, str, str]] = {
    2: ("workflow", "card", "the card"),
    9: ("workflow", "quality", "nothing was pre-processed; repairs at intake with their size"),
    12: ("workflow", "quality", "cases that can't be used are put aside, with the reason"),
    21: ("nobody", "data", "all accepted cases; no size was calculated beforehand"),
    35: ("workflow", "data", "flow diagram from intake"),
    43: ("workflow", "reproduce", "source and licence of data; code version"),
}


def described(items: Iterable[ClaimItem]) -> tuple[ClaimItem, ...]:
    """Give all 44 items for a study that describes its data."""
    return tuple(_described(item) for item in items)


def _described(item: ClaimItem) -> ClaimItem:
    if item.number in _OF_MODELS:
        return replace(item, by="none", anchor="card", note=_NO_MODEL, fields=())
    if item.number in _OF_PARTITIONS:
        return replace(item, by="none", anchor="card", note=_NOT_DIVIDED, fields=())
    if item.number in _OTHERWISE:
        by, anchor, note = _OTHERWISE[item.number]
        return ClaimItem(item.number, item.text, by, anchor, note)
    return item

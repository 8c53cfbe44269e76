"""The layout of the Medical Segmentation Decathlon: `dataset.json`, `imagesTr`, `labelsTr`.

Reference: Simpson et al., arXiv:1902.09063. The file `dataset.json` lists training cases as pairs
of image and label; images without label (`test`) are not used.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from radflow.config.dataset import DatasetCard
from radflow.datasets.checks.file import stem
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.checks.listing import Candidate, check_listing, without_refused
from radflow.datasets.inside import inside
from radflow.errors import IntakeError

_LIST = "dataset.json"
_CHANNEL = re.compile(r"_\d{4}$")


def list_cases(folder: Path, card: DatasetCard) -> tuple[list[Candidate], int, list[Finding]]:
    """List the labelled cases of an unpacked archive.

    Parameters
    ----------
    folder
        Holds `dataset.json`, itself or in its one folder that has it, at most two levels below.
    card
        Names channels and classes.

    Returns
    -------
    tuple
        Cases whose files are all there, sorted by id; how many cases are listed; and findings,
        each a STOP: missing or shared files, ids that can be confused, paths that leave the folder,
        other classes than the card's.

    Raises
    ------
    IntakeError
        When `dataset.json` is missing, not unique or not readable.
    """
    root = _root(folder)
    record = _record(root / _LIST)
    entries = cast("list[Any]", record["training"])
    findings = list(_check_classes(record, card))
    candidates: list[Candidate] = []
    for number, entry in enumerate(entries):
        candidate = _candidate(root, entry)
        if isinstance(candidate, Candidate):
            candidates.append(candidate)
        else:
            findings.append(_bad_entry(number, candidate))
    findings += check_listing(candidates, card)
    return without_refused(candidates, findings), len(entries), findings


def _root(folder: Path) -> Path:
    depths = [sorted(folder.glob(pattern)) for pattern in (_LIST, f"*/{_LIST}", f"*/*/{_LIST}")]
    places = next((found_here for found_here in depths if found_here), [])
    if len(places) != 1:
        message = (
            f"the archive holds {len(places)} files {_LIST} at its top, the layout 'msd' "
            "needs one. Choose another layout in the dataset card, or repack the archive"
        )
        raise IntakeError(message)
    return places[0].parent


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{_LIST} is not valid JSON: {error}. Get the archive again from its source"
        raise IntakeError(message) from error
    listed = cast("dict[str, Any]", record).get("training") if isinstance(record, dict) else None
    if not isinstance(listed, list) or not listed:
        message = f"{_LIST} has no list of cases under 'training'. Get the archive again"
        raise IntakeError(message)
    return cast("dict[str, Any]", record)


def _candidate(root: Path, entry: object) -> Candidate | str:
    """Give the case of an entry, or say why it is none."""
    if not isinstance(entry, dict):
        return f"{ascii(entry)[:80]} is no pair of image and label"
    row = cast("dict[str, Any]", entry)
    images: Any = row.get("image")
    images = images if isinstance(images, list) and images else [images]
    label = row.get("label")
    texts = [*images, *([] if label is None else [label])]
    for text in texts:
        if not isinstance(text, str) or not inside(root, text):
            return f"the path {text!a} does not lie in the dataset's folder"
    paths = [root.joinpath(text) for text in images]
    case = stem(paths[0])
    if len(paths) > 1:
        case = _CHANNEL.sub("", case)
    return Candidate(case, case, tuple(paths), None if label is None else root / label)


def _bad_entry(number: int, message: str) -> Finding:
    problem = Problem(Level.STOP, message, f"Correct `training` in {_LIST}")
    return found("path", 12, "a path leaves the dataset", problem, case=f"entry {number}")


def _check_classes(record: dict[str, Any], card: DatasetCard) -> Iterator[Finding]:
    labels = record.get("labels")
    if not isinstance(labels, dict):
        return
    delivered = {str(value): str(name) for value, name in cast("dict[Any, Any]", labels).items()}
    expected = {str(value): name for value, name in card.classes.items()}
    reason, remedy = "other classes than the card's", "Correct `classes` in the dataset card"
    if set(delivered) != set(expected):
        message = f"{_LIST} has the classes {delivered}, the card {expected}"
        problem = Problem(Level.STOP, message, remedy)
        yield found("classes", 43, reason, problem, case="dataset")
        return
    for value, name in expected.items():
        if delivered[value].casefold() != name.casefold():
            message = f"{_LIST} calls class {value} {delivered[value]!r}, the card {name!r}"
            problem = Problem(Level.NOTE, message, remedy)
            yield found("class-name", 43, reason, problem, case="dataset")

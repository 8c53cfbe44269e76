"""The layout of simulated subjects: a BIDS dataset in each archive (`radflow.phantom.paths`)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from radflow.config.dataset import DatasetCard
from radflow.datasets.checks.finding import Finding
from radflow.datasets.checks.listing import Candidate, check_listing, without_refused
from radflow.errors import IntakeError
from radflow.phantom.paths import PARTICIPANTS, image_path, reference_path

_COLUMN, _DIAGNOSIS = "participant_id", "diagnosis"
_UNKNOWN = "n/a"
_SUBJECT = re.compile(r"sub-\d{5,}")
_AGAIN = "Remove the archives and run again: they are simulated anew"


def list_cases(folder: Path, card: DatasetCard) -> tuple[list[Candidate], int, list[Finding]]:
    """List the subjects of unpacked archives; every subject is one case.

    Parameters
    ----------
    folder
        Each of its folders holds an unpacked archive.
    card
        Names channels, and the reference that is the label; without `classes` there is none.

    Returns
    -------
    tuple
        Subjects whose files are all there, sorted by id; how many are listed; and findings, each a
        STOP: missing files, subjects listed twice.

    Raises
    ------
    IntakeError
        When an archive does not list its subjects, or lists what is no simulated subject.
    """
    candidates = [each for root in sorted(folder.iterdir()) for each in _candidates(root, card)]
    findings = check_listing(candidates, card)
    return without_refused(candidates, findings), len(candidates), findings


def _candidates(root: Path, card: DatasetCard) -> Iterator[Candidate]:
    if card.phantom is None:
        message = "the card has no section `phantom`: it says which reference is the label"
        raise IntakeError(message)
    for case, facts in _subjects(root):
        images = tuple(root / image_path(case, channel) for channel in card.channels)
        label = root / reference_path(case, card.phantom.reference) if card.classes else None
        target = facts.pop(_DIAGNOSIS, "") if card.targets else ""
        yield Candidate(case, case, images, label, target=target, covariates=facts)


def _subjects(root: Path) -> list[tuple[str, dict[str, str]]]:
    """Give each subject of an archive with what its table of participants tells."""
    table = root / PARTICIPANTS
    if not table.is_file():
        message = f"archive {root.name} holds no {PARTICIPANTS}. {_AGAIN}"
        raise IntakeError(message)
    rows = pd.read_csv(table, sep="\t", dtype=str, keep_default_na=False)
    if _COLUMN not in rows:
        message = f"archive {root.name}: {PARTICIPANTS} has no column {_COLUMN}. {_AGAIN}"
        raise IntakeError(message)
    listed = [str(name) for name in rows[_COLUMN]]
    wrong = [name for name in listed if not _SUBJECT.fullmatch(name)]
    if wrong:
        message = (
            f"archive {root.name}: {PARTICIPANTS} lists {len(wrong)} that are no simulated subject "
            f"(sub- and five or more digits), e.g. {wrong[0]!a}. {_AGAIN}"
        )
        raise IntakeError(message)
    facts = rows.drop(columns=_COLUMN).to_dict(orient="records")
    told = [{str(k): str(v) for k, v in row.items() if v != _UNKNOWN} for row in facts]
    return list(zip(listed, told, strict=True))

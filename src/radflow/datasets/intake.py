"""Intake: every byte of every delivered case read, checked and hashed before anything learns."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.datasets.cases import write_cases
from radflow.datasets.checks.finding import Level, findings_table, refusals
from radflow.datasets.examination import Examination, examine_archives
from radflow.datasets.storage import storage_problem
from radflow.errors import IntakeError
from radflow.files import write_json, write_tsv
from radflow.progress import say

CASES_NAME = "cases.tsv"
FINDINGS_NAME = "findings.tsv"
COUNTS_NAME = "intake.json"


def intake(archives: Sequence[Path], card: DatasetCard, folder: Path, *, jobs: int = 1) -> None:
    """Unpack a dataset's archives, check every case, and keep the accepted ones.

    Parameters
    ----------
    archives
        The verified tars, all of the dataset; the card's bounds of an archive hold for each.
    card
        Layout, channels, classes and bounds.
    folder
        ``data/cases/DATASET``. It is replaced as a whole, and only by a complete result:
        `cases.tsv`, `findings.tsv`, `intake.json`, `images/` and `labels/`.
    jobs
        Threads that check cases; the result does not depend on it.

    Raises
    ------
    ArchiveError
        When an archive holds what must not be unpacked.
    IntakeError
        When there is any STOP, more than ``intake.most_quarantined`` of the cases are quarantined,
        or none is accepted. It lists every problem; all findings, notes too, are then in
        ``DATASET.rejected.tsv`` beside `folder`, and `folder` is as it was before.
    """
    scratch = folder.with_name(f".tmp-{folder.name}")
    rejected = folder.with_name(f"{folder.name}.rejected.tsv")
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        rejected.unlink(missing_ok=True)
        examined = examine_archives(archives, card, scratch, jobs=jobs)
        _decide(examined, card=card, rejected=rejected)
        kept, counts = examined.kept, counts_of(examined)
        write_cases(kept / CASES_NAME, examined.accepted)
        write_tsv(kept / FINDINGS_NAME, findings_table(examined.findings))
        write_json(kept / COUNTS_NAME, counts)
        _publish(kept, folder)
    except OSError as error:
        message = storage_problem(error, folder.parent)
        if message is None:
            raise
        raise IntakeError(message) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    say(f"{folder.name}: {_summary(counts)}")


def _decide(examined: Examination, *, card: DatasetCard, rejected: Path) -> None:
    """Raise where the study must not go on, after writing all findings to `rejected`."""
    listed, findings = examined.listed, examined.findings
    quarantined = listed - len(examined.accepted)
    stops = [finding for finding in findings if finding.level is Level.STOP]
    bound = card.intake.most_quarantined
    if not stops and quarantined <= bound * listed and quarantined < listed:
        return
    write_tsv(rejected, findings_table(findings))
    problems = refusals(findings)
    if stops:
        why = f"{len(stops)} of {len(problems)} problems forbid to go on (STOP)"
    else:
        why = (
            f"{quarantined} of {listed} cases would be left out ({quarantined / listed:.1%}), "
            f"the bound `intake: most_quarantined` is {bound:.1%}"
        )
    lines = "\n".join(f"  {problem}" for problem in problems)
    message = f"intake: {why}:\n{lines}\nAll findings: {rejected}"
    raise IntakeError(message)


def counts_of(examined: Examination) -> dict[str, object]:
    """Count cases for the flow diagram; a case is left out for the first reason that was found."""
    first: dict[str, str] = {}
    for finding in refusals(examined.findings):
        first.setdefault(finding.case, finding.reason)
    accepted = {case.case for case in examined.accepted}
    repaired = {finding.case for finding in examined.findings if finding.level is Level.FIX}
    reasons = Counter(reason for case, reason in first.items() if case not in accepted)
    return {
        "listed": examined.listed,
        "accepted": len(accepted),
        "quarantined": examined.listed - len(accepted),
        "repaired": len(repaired & accepted),
        "reasons": dict(reasons),
    }


def _summary(counts: dict[str, object]) -> str:
    return ", ".join(f"{counts[key]} {key}" for key in ("listed", "accepted", "quarantined"))


def _publish(kept: Path, folder: Path) -> None:
    """Put the complete result in the place of an earlier one, with all that lay there."""
    old = kept.with_name("old")
    if folder.exists():
        folder.replace(old)
    kept.replace(folder)

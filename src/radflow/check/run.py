"""Everything that would stop or mark a study's data, found in one go, and nothing left behind."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from radflow.check.obtain import WHOLE, Delivery, obtain
from radflow.check.targets import check_targets
from radflow.config.dataset import DatasetCard
from radflow.config.load import check_study, load_card, load_study
from radflow.config.study import Study
from radflow.datasets.archive import unpack
from radflow.datasets.cases import Case, read_cases
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.examination import examine_unpacked
from radflow.datasets.intake import CASES_NAME
from radflow.errors import ArchiveError, ConfigError, IntakeError, LeakError
from radflow.progress import say
from radflow.splits import write_split


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Attributes
    ----------
    study, card
        What was checked.
    findings
        Of the study's file, the archive or folder, the layout, every case, and the split.
    accepted
        Cases that a run would use; their files are gone.
    listed
        How many cases the dataset names; None where they could not be listed.
    """

    study: Study
    card: DatasetCard
    findings: tuple[Finding, ...]
    accepted: tuple[Case, ...]
    listed: int | None


def check(name: str, *, root: Path, mirror: Path | None, jobs: int = 1) -> Checked:
    """Examine the data of a study as its run would, in a folder that is removed afterwards.

    Parameters
    ----------
    name
        Of the study.
    root
        The project's folder, with `config` and `data`.
    mirror
        Folder of archives, or None.
    jobs
        Threads that check cases; the result does not depend on it.

    Raises
    ------
    ConfigError
        When the study's file or its dataset's card is not valid; it names the problems of both.
    DownloadError
        When the data are not on this machine.
    """
    study, card = _configuration(root, name)
    findings = list(_disagreements(name, study, card))
    data = root / "data"
    data.mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".tmp-check-{name}-", dir=data))
    try:
        delivery = obtain(study, card, name=name, raw=data / "raw", mirror=mirror, scratch=scratch)
        say(f"{name}: checking {delivery.origin}")
        findings += delivery.findings
        findings += _unpacked(delivery, card, scratch)
        accepted, listed = _examined(card, scratch, findings=findings, jobs=jobs)
        if study.split is not None and not _stopped(findings):
            findings += _divided(study, accepted, data / "cases", scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Checked(study, card, tuple(findings), accepted, listed)


def _configuration(root: Path, name: str) -> tuple[Study, DatasetCard]:
    study = load_study(root / "config" / "studies", name)
    return study, load_card(root / "config" / "datasets", study.dataset)


def _disagreements(name: str, study: Study, card: DatasetCard) -> Iterator[Finding]:
    """Give what no single file of the configuration can know as findings."""
    try:
        check_study(study, card)
    except ConfigError as error:
        files = f"config/studies/{name}.yaml or config/datasets/{study.dataset}.yaml"
        for line in str(error).splitlines()[1:]:
            problem = Problem(Level.STOP, line.strip(), f"Correct {files}")
            yield found("study", 68, "study and dataset do not fit", problem, case="study")


def _unpacked(delivery: Delivery, card: DatasetCard, scratch: Path) -> Iterator[Finding]:
    """Unpack each archive; one that must not be unpacked is told, member by member."""
    reason = "the archive can't be unpacked"
    remedy = "Repack it as plain files and folders, or get it again from its source"
    for number, archive in enumerate(delivery.archives):
        try:
            unpack(archive, scratch / "unpacked" / f"{number:03d}", card.archive)
        except ArchiveError as error:
            messages = [f"{archive.name}: {each}" for each in error.offenders]
            for message in messages or [" ".join(str(error).split())]:
                problem = Problem(Level.STOP, message, remedy)
                yield found("archive", 12, reason, problem, case=WHOLE)


def _examined(
    card: DatasetCard, scratch: Path, *, findings: list[Finding], jobs: int
) -> tuple[tuple[Case, ...], int | None]:
    """Examine what could be unpacked, and add what is found to `findings`."""
    if not (scratch / "unpacked").is_dir():
        return (), None
    try:
        examined = examine_unpacked(card, scratch, jobs=jobs)
    except IntakeError as error:
        remedy = "Correct `layout` or its section in the dataset card, or the files"
        problem = Problem(Level.STOP, " ".join(str(error).split()), remedy)
        findings.append(found("layout", 1, "the cases can't be listed", problem, case=WHOLE))
        return (), None
    findings += examined.findings
    return examined.accepted, examined.listed


def _stopped(findings: list[Finding]) -> bool:
    return any(finding.level is Level.STOP for finding in findings)


def _divided(
    study: Study, accepted: tuple[Case, ...], taken_in: Path, scratch: Path
) -> Iterator[Finding]:
    """Say whether the accepted subjects can be divided as the study wants."""
    if study.split is None:
        return
    tables = {name: taken_in / name / CASES_NAME for name in study.split.apart_from}
    for name in (name for name, table in tables.items() if not table.is_file()):
        message = f"{name} has not been taken in: whether it shares patients is not known yet"
        problem = Problem(Level.NOTE, message, "The run takes it in, and compares")
        yield found("apart-from", 66, "another dataset is not compared", problem, case="study")
    apart = {name: read_cases(table) for name, table in tables.items() if table.is_file()}
    places = {"tsv": scratch / "split.tsv", "record": scratch / "split.json"}
    try:
        split = write_split(accepted, study.split, apart=apart, **places)
    except LeakError as error:
        problem = Problem(Level.STOP, str(error), "Correct `split` in the study, or the cases")
        yield found("split", 63, "the subjects can't be divided", problem, case="study")
    else:
        yield from check_targets(study, accepted, split)

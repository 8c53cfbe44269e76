"""The layout of DICOM folders: a patient's study is a case, one series of it a channel."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from radflow.config.dataset import DatasetCard, IntakeRules
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.checks.listing import Candidate, check_listing, without_refused
from radflow.datasets.dicom.acquisition import describe
from radflow.datasets.dicom.choice import choose
from radflow.datasets.dicom.convert import convert_series
from radflow.datasets.dicom.reading import quiet
from radflow.datasets.dicom.series import Contents, Series, notes_of_others, sort_files
from radflow.datasets.dicom.walk import walk
from radflow.errors import IntakeError

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
CONVERTED = "converted"


@dataclass(frozen=True)
class _Study:
    """One study of a patient, under the names that it has in the project."""

    case: str
    subject: str
    session: str
    series: tuple[Series, ...]
    named: bool


def list_cases(folder: Path, card: DatasetCard) -> tuple[list[Candidate], int, list[Finding]]:
    """List the examinations of a folder of DICOM files, of any nesting and any names.

    Parameters
    ----------
    folder
        Searched for files; converted volumes go to ``converted`` beside it.
    card
        Says which series is which channel, and what is declared of identity.

    Returns
    -------
    tuple
        Cases with one series for every channel, sorted by id; how many examinations there are; and
        findings: files that can't be read, channels without one series, what is left aside.

    Raises
    ------
    IntakeError
        When the folder holds no DICOM file.
    """
    if card.dicom is None:
        message = "the card has no section `dicom`: it says which series is which channel"
        raise IntakeError(message)
    walked = walk(folder)
    with quiet():
        contents = sort_files(walked.files, len(walked.files))
    if not contents.series:
        message = (
            f"none of {len(walked.files)} files is a DICOM file that can be read. Choose another "
            "layout in the dataset card, or get the archive again"
        )
        raise IntakeError(message)
    studies, collisions = _studies(contents.series, card.intake)
    listing = _Listing(contents, card, folder.with_name(CONVERTED))
    candidates, findings = listing.candidates(studies)
    findings += collisions
    findings += check_listing(candidates, card)
    kept = without_refused(candidates, findings)
    every = [*walked.findings, *notes_of_others(contents), *listing.strays(studies), *findings]
    return kept, len(studies), every


@dataclass(frozen=True)
class _Listing:
    contents: Contents
    card: DatasetCard
    converted: Path

    def candidates(self, studies: Sequence[_Study]) -> tuple[list[Candidate], list[Finding]]:
        """Give the case of each study that has a series for every channel."""
        candidates: list[Candidate] = []
        findings: list[Finding] = []
        rules = self.card.dicom.series if self.card.dicom else {}
        for study in studies:
            choice = choose(study.series, rules, case=study.case, named=study.named)
            findings += choice.findings
            findings += self._damaged(study)
            if len(choice.chosen) == len(rules):
                candidates.append(self._candidate(study, choice.chosen))
        return candidates, findings

    def _candidate(self, study: _Study, chosen: Mapping[str, Series]) -> Candidate:
        channels = [chosen[channel] for channel in self.card.channels]
        targets = tuple(
            self.converted / f"{study.case}_{number}.nii.gz" for number in range(len(channels))
        )
        roles = [f"image {channel}" for channel in self.card.channels]
        files = [tuple(series.files) for series in channels]
        acquisition, covariates = describe(files[0][0])
        return Candidate(
            case=study.case,
            subject=study.subject,
            images=targets,
            label=None,
            prepare=partial(_convert, study.case, files, targets, roles, rules=self.card.intake),
            session=study.session,
            covariates=covariates,
            acquisition=acquisition,
        )

    def _damaged(self, study: _Study) -> Iterator[Finding]:
        """Refuse a study in whose folders lie files that can't be read: they may be its slices."""
        folders = {path.parent for series in study.series for path in series.files}
        for each in self.contents.unreadable:
            if each.path.parent in folders:
                yield self.contents.finding(each.path, case=study.case)

    def strays(self, studies: Sequence[_Study]) -> Iterator[Finding]:
        """Give unreadable files that lie beside no study."""
        folders = {
            path.parent for study in studies for series in study.series for path in series.files
        }
        for each in self.contents.unreadable:
            if each.path.parent not in folders:
                yield self.contents.finding(each.path, case="dataset")


def _convert(
    case: str,
    files: Sequence[Sequence[Path]],
    targets: Sequence[Path],
    roles: Sequence[str],
    *,
    rules: IntakeRules,
) -> list[Finding]:
    """Convert every channel of a case, so that all problems are told at once."""
    return [
        finding
        for each, target, role in zip(files, targets, roles, strict=True)
        for finding in convert_series(each, target, case=case, role=role, rules=rules)
    ]


def _studies(series: Sequence[Series], rules: IntakeRules) -> tuple[list[_Study], list[Finding]]:
    """Name patients and order their studies in time; ids that can't be told apart are a STOP."""
    patients: dict[str, dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
    for each in series:
        patients[each.patient][each.study].append(each)
    studies: list[_Study] = []
    findings: list[Finding] = []
    owners: dict[str, str] = {}
    for number, patient in enumerate(sorted(patients), 1):
        of_patient = patients[patient]
        named = rules.pseudonyms or all(
            each.removed for found_here in of_patient.values() for each in found_here
        )
        subject = _NOT_PLAIN.sub("-", patient).strip(".-") if named else ""
        subject = subject or f"unnamed-{number:03d}"
        if not patient:
            findings += _without_id(subject, len(of_patient))
        other = owners.setdefault(subject.casefold(), patient)
        if other != patient:
            findings.append(_same_name(subject))
            subject = f"{subject}-{number:03d}"
        studies += _sessions(subject, of_patient, named=named)
    return studies, findings


def _sessions(
    subject: str, of_patient: Mapping[str, list[Series]], *, named: bool
) -> Iterator[_Study]:
    """Give a patient's studies numbers by date, time and UID; the dates themselves go nowhere."""
    order = sorted(of_patient, key=lambda study: (min(e.moment for e in of_patient[study]), study))
    for number, study in enumerate(order, 1):
        session = f"ses-{number:02d}" if len(order) > 1 else ""
        case = f"{subject}_{session}" if session else subject
        yield _Study(case, subject, session, tuple(of_patient[study]), named)


def _without_id(subject: str, studies: int) -> Iterator[Finding]:
    message = f"no PatientID in {studies} studies: nobody knows which belong to one patient"
    problem = Problem(Level.QUAR, message, "Give every patient an id at the source")
    for number in range(1, studies + 1):
        case = f"{subject}_ses-{number:02d}" if studies > 1 else subject
        yield found("dicom-patient", 59, "no patient is named", problem, case=case)


def _same_name(subject: str) -> Finding:
    message = "two PatientIDs become one once letters that files can't have are replaced"
    problem = Problem(Level.STOP, message, "Give patients ids of letters, digits, - and _")
    return found("twin-names", 13, "names taken for others", problem, case=subject)

"""What would tie two parts of a split, or two datasets, together: shared images, shared patients.

Hashes find the same bytes, signatures the same scan after copying, shifting or rescaling, and the
`patients` of a dataset card those whom no file gives away.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from radflow.datasets.cases import Case
from radflow.datasets.near_duplicates import near_duplicates
from radflow.errors import LeakError

_MOST_NAMED = 10


def unit_of(case: Case) -> str:
    """Name who must not be divided: the patient where the card tells, else the subject."""
    return case.patient or case.subject


def shared_images(cases: Iterable[Case], parts: Mapping[str, str]) -> list[dict[str, Any]]:
    """List images that stand under several cases of one part, byte for byte.

    Parameters
    ----------
    cases
        All cases.
    parts
        Subject to part.

    Raises
    ------
    LeakError
        When subjects of different parts share an image, naming all of them.
    """
    owners: defaultdict[str, dict[str, Case]] = defaultdict(dict)
    for case in cases:
        for digest in case.image_sha256:
            owners[digest][case.case] = case
    shared = {digest: sorted(found) for digest, found in owners.items() if len(found) > 1}
    crossing: set[str] = set()
    listed: dict[tuple[str, ...], dict[str, Any]] = {}
    for digest in sorted(shared):
        twins = [owners[digest][name] for name in shared[digest]]
        if len({parts[twin.subject] for twin in twins}) > 1:
            crossing.add(" = ".join(f"{t.case} ({parts[t.subject]})" for t in twins))
        subjects = sorted({twin.subject for twin in twins})
        listed.setdefault(
            tuple(shared[digest]),
            {"cases": shared[digest], "part": parts[twins[0].subject], "subjects": subjects},
        )
    if crossing:
        message = (
            f"the same image stands under subjects of different parts, {len(crossing)} times: "
            f"{'; '.join(sorted(crossing))}. Remove one of each from the dataset, or give both the "
            "same subject"
        )
        raise LeakError(message)
    return [listed[names] for names in sorted(listed)]


def similar_images(
    cases: Sequence[Case], parts: Mapping[str, str], *, accepted: bool = False
) -> list[dict[str, Any]]:
    """List near-duplicates under different subjects; equal bytes are not listed again.

    Parameters
    ----------
    cases
        All cases.
    parts
        Subject to part.
    accepted
        Whether pairs of different parts are listed, too, and not refused: a split that is known to
        leak, as a lesson.

    Raises
    ------
    LeakError
        When a pair crosses parts, naming cases, subjects, parts and similarity of every pair.
    """
    pairs = [
        pair
        for pair in near_duplicates(cases)
        if not set(pair.one.image_sha256) & set(pair.other.image_sha256)
    ]
    crossing = [
        f"{_placed(pair.one, parts)} and {_placed(pair.other, parts)}: "
        f"similarity {pair.similarity:.3f}"
        for pair in pairs
        if parts[pair.one.subject] != parts[pair.other.subject]
    ]
    if crossing and not accepted:
        message = (
            f"nearly the same image stands under subjects of different parts, {len(crossing)} "
            f"times: {_some(crossing)}. Give both the same subject (or the same id under "
            "`patients` of the dataset card), or remove one of each"
        )
        raise LeakError(message)
    return [
        {
            "cases": [pair.one.case, pair.other.case],
            "part": parts[pair.one.subject],
            "other_part": parts[pair.other.subject],
            "subjects": [pair.one.subject, pair.other.subject],
            "similarity": pair.similarity,
        }
        for pair in pairs
    ]


def refuse_divided_patients(cases: Iterable[Case], parts: Mapping[str, str]) -> None:
    """Refuse a split in which cases of one patient stand in different parts.

    Parameters
    ----------
    cases
        Any cases whose subjects are in `parts`.
    parts
        Subject to part.

    Raises
    ------
    LeakError
        Naming patients, their cases with sessions, and the parts.
    """
    of_patient: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.patient:
            of_patient[case.patient].append(case)
    divided = [
        f"{patient}: " + ", ".join(_placed(case, parts) for case in owned)
        for patient, owned in sorted(of_patient.items())
        if len({parts[case.subject] for case in owned}) > 1
    ]
    if divided:
        message = (
            f"{len(divided)} patients are divided between parts, so that one examination of theirs "
            f"trains what another tests: {_some(divided)}. Make the split again: it keeps those "
            "whom `patients` of the dataset card names together"
        )
        raise LeakError(message)


def refuse_overlap(cases: Sequence[Case], others: Mapping[str, Sequence[Case]]) -> None:
    """Refuse a dataset that shares patients with those it must stay apart from.

    Parameters
    ----------
    cases
        Cases of the study's dataset.
    others
        Name of each dataset of `split.apart_from`, and its cases.

    Raises
    ------
    LeakError
        Naming every pair and how it was found: equal bytes, nearly equal images, one patient.
    """
    found = [
        f"{one.case} and {other.case} of {name} ({why})"
        for name, theirs in others.items()
        for one, other, why in _overlaps(cases, theirs)
    ]
    if found:
        message = (
            f"the dataset shares patients with {' and '.join(others)} (`split.apart_from`), "
            f"{len(found)} times: {_some(found)}. Leave these cases out of one of the datasets "
            "(those that a model starts from count, too)"
        )
        raise LeakError(message)


def _overlaps(cases: Sequence[Case], others: Sequence[Case]) -> Iterator[tuple[Case, Case, str]]:
    by_hash = {digest: case for case in others for digest in case.image_sha256}
    by_name: dict[str, Case] = {}
    for case in others:
        by_name.setdefault(case.subject, case)
    by_patient = {case.patient: case for case in others if case.patient}
    told: set[tuple[str, str]] = set()
    for case in cases:
        for digest in case.image_sha256:
            if digest in by_hash:
                told.add((case.case, by_hash[digest].case))
                yield case, by_hash[digest], "the same image, byte for byte"
                break
        patient = case.patient
        alias = by_patient.get(patient) or by_name.get(patient) if patient else None
        alias = alias or by_patient.get(case.subject)
        if alias is not None:
            told.add((case.case, alias.case))
            yield case, alias, f"the same patient, {alias.patient or patient}"
    for pair in near_duplicates(cases, others):
        if (pair.one.case, pair.other.case) not in told:
            yield pair.one, pair.other, f"nearly the same image, similarity {pair.similarity:.3f}"


def _placed(case: Case, parts: Mapping[str, str]) -> str:
    session = f", session {case.session}" if case.session else ""
    return f"{case.case} (subject {case.subject}{session}, {parts[case.subject]})"


def _some(found: Sequence[str]) -> str:
    more = len(found) - _MOST_NAMED
    return "; ".join(found[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")

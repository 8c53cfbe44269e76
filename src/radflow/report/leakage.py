"""The eight kinds of leakage: how each was checked, and with what result.

The kinds are those of Kapoor and Narayanan, Patterns 4 (2023) 100804.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from radflow.parts import part_names
from radflow.report.inputs import TEST
from radflow.report.load import AnyTrained, FoldData
from radflow.report.names import names_patients
from radflow.report.numbers import count
from radflow.report.tables import Table, table

NOT_STATED = "not stated by the authors"

_RECORDED = "near_duplicates"
_MOST_NAMED = 3
_MOST_ROWS = 40
_NO_TEST_PART = (
    "there is none: every subject takes part in the cross-validation, so all results are internal"
)


@dataclass(frozen=True)
class LeakageRow:
    """One kind of leakage.

    Attributes
    ----------
    code, kind
        ``L1.1`` and so on; the kind in our words.
    how
        How it was checked.
    result
        What was found.
    status
        ``passed``, ``failed``, ``stated`` by the authors, or ``open``.
    """

    code: str
    kind: str
    how: str
    result: str
    status: str


def leakage_rows(data: AnyTrained, *, chosen: str) -> tuple[LeakageRow, ...]:
    """Fill the table: five kinds from the records, three by the authors.

    Parameters
    ----------
    data
        The study.
    chosen
        What the family selects, and on which cases.
    """
    return tuple(_rows(data, chosen))


def _rows(data: AnyTrained, chosen: str) -> Iterator[LeakageRow]:
    text = data.inputs.text
    yield _test_part(data)
    yield _preprocessing(data)
    yield LeakageRow(
        "L1.3",
        "features selected on training and test cases",
        f"by construction: {chosen}",
        "nothing was chosen on test cases",
        "passed",
    )
    yield _duplicates(data)
    yield _stated("L2", "inputs that give the answer away", text.illegitimate_features)
    yield _stated("L3.1", "the future leaks into the past", text.temporal_leakage)
    yield _independence(data)
    yield _stated("L3.3", "test cases of another population than claimed", text.test_distribution)


def _test_part(data: AnyTrained) -> LeakageRow:
    subjects = int(data.split_record["subjects"].get(TEST, 0))
    opened = len(data.accesses)
    state = (
        f"opened; {count(opened, 'access', 'accesses')} in the ledger"
        if (TEST in data.parts)
        else "locked, not evaluated"
    )
    chosen = data.chosen_on_tuning
    internal = f", and the tuning cases of each fold also chose {chosen}" if chosen else ""
    found = f"{count(subjects, 'subject')} set aside; {state}"
    return LeakageRow(
        "L1.1",
        "no separate test part",
        "record of the split, frozen with its hash before training; ledger of accesses",
        found if subjects else f"{_NO_TEST_PART}{internal}",
        "passed" if subjects else "failed",
    )


def _preprocessing(data: AnyTrained) -> LeakageRow:
    problems = [
        f"{model.name} fold {fold.fold}"
        for model in data.models
        for fold in model.folds
        if not _counts_agree(data, fold)
    ]
    development = sum(of != TEST for of in _parts_of_used(data))
    planned = _planned_cases(data.plan)
    if planned not in (None, development):
        problems.append(f"plan ({planned} cases)")
    if problems:
        result = f"numbers of cases differ from the split's: {', '.join(problems)}"
    else:
        seen = "" if planned is None else f" plan from {planned} of {development};"
        result = f"development cases only:{seen} numbers of training cases agree with the split"
    return LeakageRow(
        "L1.2",
        "pre-processing fitted on training and test cases",
        "the plan reads development cases; intensities are normalised per image, per fold or on "
        "fixed windows; numbers of cases in plan and models held against the split",
        result,
        "failed" if problems else "passed",
    )


def _counts_agree(data: AnyTrained, fold: FoldData) -> bool:
    training = fold.record.get("training", {})
    of = _parts_of_used(data)
    tuning = sum(part == f"fold-{fold.fold}" for part in of)
    fitted = len(of) - tuning - sum(part == TEST for part in of)
    return (
        training.get("training_cases", fitted) == fitted
        and training.get("tuning_cases", tuning) == tuning
    )


def _parts_of_used(data: AnyTrained) -> list[str]:
    return [data.parts_of_cases[case.case] for case in data.used_cases]


def _planned_cases(plan: dict[str, Any]) -> int | None:
    fingerprint = plan.get("fingerprint", {})
    cases = fingerprint.get("value", fingerprint).get("cases")
    return cases if isinstance(cases, int) else None


def _duplicates(data: AnyTrained) -> LeakageRow:
    parts: defaultdict[str, set[str]] = defaultdict(set)
    cases: defaultdict[str, set[str]] = defaultdict(set)
    for case in data.cases:
        for digest in case.image_sha256:
            parts[digest].add(data.parts_of_cases[case.case])
            cases[digest].add(case.case)
    crossing = sorted(
        " = ".join(sorted(cases[digest])) for digest, found in parts.items() if len(found) > 1
    )
    within = sum(len(found) > 1 for found in cases.values()) - len(crossing)
    result = f"no image in two parts, among {count(len(cases), 'image hash', 'image hashes')}"
    if within:
        result += f"; {count(within, 'image')} twice within one part"
    if crossing:
        result = f"in two parts: {', '.join(crossing)}"
    return LeakageRow(
        "L1.4",
        "duplicates across parts",
        "SHA-256 of every image compared over all parts; the same scan shifted, rescaled or stored "
        "anew is searched for by what the images look like",
        result if crossing else f"{result}; {_alike(data)}",
        "failed" if crossing or _crossing(data) else "passed",
    )


def near_duplicates(data: AnyTrained) -> Table | None:
    """List the images that look alike though their bytes differ; None where there are none."""
    twins = _twins(data)
    if not twins:
        return None
    return table(
        "Images that look alike",
        ("Part", "Found"),
        [(_parts_of(data, names), " = ".join(names)) for names in twins[:_MOST_ROWS]],
        note=f"{len(twins) - _MOST_ROWS:,} more in split.json." if len(twins) > _MOST_ROWS else "",
    )


def _alike(data: AnyTrained) -> str:
    found = len(_twins(data))
    crossing = [" = ".join(names) for names in _crossing(data)]
    if crossing:
        more = "; ..." if len(crossing) > _MOST_NAMED else ""
        return (
            f"FAILED: {count(len(crossing), 'pair')} of images look alike and lie in two parts: "
            f"{', '.join(crossing[:_MOST_NAMED])}{more}. Models were tried on images much like "
            "those they were trained on, so their scores are too good"
        )
    return f"{count(found, 'near-duplicate')}, listed below" if found else "no near-duplicate"


def _twins(data: AnyTrained) -> list[list[str]]:
    """Give the cases of each group of near-duplicates that the split recorded."""
    return [list(map(str, each["cases"])) for each in data.split_record.get(_RECORDED, [])]


def _crossing(data: AnyTrained) -> list[list[str]]:
    of = data.parts_of_cases
    return [names for names in _twins(data) if len({of[n] for n in names if n in of}) > 1]


def _parts_of(data: AnyTrained, names: list[str]) -> str:
    of = data.parts_of_cases
    return ", ".join(sorted({of[name] for name in names if name in of}))


def _independence(data: AnyTrained) -> LeakageRow:
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for model in data.models:
        for score in (score for scores in model.scores.values() for score in scores):
            seen[score.subject].add(score.part)
    for case in data.cases:
        seen[case.subject].add(data.split.part_of(case.subject))
    crossing = sorted(subject for subject, parts in seen.items() if len(parts) > 1)
    parts = part_names(int(data.split_record["folds"]))
    result = f"no subject in two of {len(parts)} parts, among {count(len(seen), 'subject')}"
    if data.inputs.card.simulated:
        result += "; each was simulated by itself"
    elif not names_patients(data.inputs.card):
        result += "; every case is a subject of its own, as the dataset names no patients"
    if crossing:
        result = f"subjects in two parts: {', '.join(crossing)}"
    return LeakageRow(
        "L3.2",
        "test cases not independent of training cases",
        "divided by subject; subjects of the split and of every table of scores compared",
        result,
        "failed" if crossing else "passed",
    )


def _stated(code: str, kind: str, text: str) -> LeakageRow:
    return LeakageRow(
        code, kind, "authors' statement", text or NOT_STATED, "stated" if text else "open"
    )

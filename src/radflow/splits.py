"""The split: which subjects are locked away for the test, and which fold each of the others is in.

A keyed hash of the subject id decides, and nothing else (of the patient's id where the dataset card
tells it, so that subjects of one patient stay together). So a subject's part depends on no other
subject, nor on the order of rows, the operating system or a library's version: subjects that join
later move nobody. The price is that the sizes of the parts are binomial, not exact.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from radflow.config.split import SplitRules
from radflow.datasets.cases import Case
from radflow.errors import LeakError
from radflow.files import read_json, read_tsv, sha256_file, write_json, write_tsv
from radflow.leaks import (
    refuse_divided_patients,
    refuse_overlap,
    shared_images,
    similar_images,
)
from radflow.parts import TEST, fixed_parts, fold_name, fold_number, hashed_parts, part_names
from radflow.selections import TrainingCases

_COLUMNS = ("subject", "part")


@dataclass(frozen=True)
class Split:
    """Subjects and their parts.

    The methods that select cases keep their order, and refuse a case whose subject is in no part,
    and cases of one patient (`Case.patient`) in different parts. Test cases come from `test_cases`
    alone.

    Attributes
    ----------
    parts
        Subject to ``"test"`` or ``"fold-K"``, K from 0.
    folds
        Number of folds.
    sha256
        Hash of the bytes of the file the split was read from.
    """

    parts: Mapping[str, str]
    folds: int
    sha256: str

    def part_of(self, subject: str) -> str:
        """Tell the part of a subject: ``"test"`` or ``"fold-K"``.

        Raises
        ------
        LeakError
            When the subject is in no part.
        """
        if subject not in self.parts:
            message = (
                f"subject {subject!r} is in no part of the split ({len(self.parts)} subjects): the "
                "cases changed after the split; make the split again (the others keep their parts)"
            )
            raise LeakError(message)
        return self.parts[subject]

    def training_cases(self, cases: Sequence[Case], fold: int) -> TrainingCases:
        """Select the cases that a fold's model is fitted to: all other folds, no test case."""
        tuning = self._name(fold)
        chosen = [case for case in self.development_cases(cases) if self._part(case) != tuning]
        return TrainingCases(tuple(chosen), tuple(map(self._part, chosen)), fold)

    def tuning_cases(self, cases: Sequence[Case], fold: int) -> list[Case]:
        """Select the held-out cases of a fold: early stopping, thresholds, calibration."""
        tuning = self._name(fold)
        return [case for case in self._whole(cases) if self._part(case) == tuning]

    def development_cases(self, cases: Sequence[Case]) -> list[Case]:
        """Select the cases of all folds: everything but the test part."""
        return [case for case in self._whole(cases) if self._part(case) != TEST]

    def test_cases(self, cases: Sequence[Case]) -> list[Case]:
        """Select the locked cases. Only the evaluation of finished models may ask for them."""
        return [case for case in self._whole(cases) if self._part(case) == TEST]

    def cases_of(self, part: str, cases: Sequence[Case]) -> list[Case]:
        """Select the cases of a part that finished models answer: ``"test"`` or ``"fold-K"``."""
        if part == TEST:
            return self.test_cases(cases)
        return self.tuning_cases(cases, fold_number(part))

    def refuse_test_cases(self, cases: Sequence[Case], *, step: str) -> None:
        """Refuse that a step before `evaluate` sees a test case.

        Raises
        ------
        LeakError
            Naming the step and the test cases among `cases`.
        """
        seen = [case.case for case in cases if self._part(case) == TEST]
        if seen:
            message = (
                f"{step} would see {len(seen)} cases of the test part ({', '.join(seen[:5])}) "
                "before `evaluate`: only finished models may be tried on them; run the steps from "
                "`split` on again"
            )
            raise LeakError(message)

    def _whole(self, cases: Sequence[Case]) -> Sequence[Case]:
        """Give the cases back once no patient among them is divided between parts."""
        for case in cases:
            self._part(case)
        refuse_divided_patients(cases, self.parts)
        return cases

    def _part(self, case: Case) -> str:
        return self.part_of(case.subject)

    def _name(self, fold: int) -> str:
        if not 0 <= fold < self.folds:
            message = f"there is no fold {fold}: the split has folds 0 to {self.folds - 1}"
            raise LeakError(message)
        return fold_name(fold)


def write_split(
    cases: Sequence[Case],
    rules: SplitRules,
    *,
    tsv: Path,
    record: Path,
    apart: Mapping[str, Sequence[Case]] | None = None,
) -> Split:
    """Divide the subjects of `cases`, and write the split with its hash.

    Parameters
    ----------
    cases
        All accepted cases of the dataset, in any order.
    rules
        Key, share of the test part, number of folds.
    tsv
        Table to write: subject, part; sorted by subject.
    record
        JSON to write: the hash of `tsv`, the rules, subjects and cases per part, the same image
        under two cases of one part (`duplicates`), nearly the same under two subjects
        (`near_duplicates`; of two parts only where the rules accept that), cases of the datasets it
        was held against (`apart_from`), and what else a reader should know (`notes`).
    apart
        Name and cases of each dataset that may share no patient with this one; None: there is none.

    Raises
    ------
    LeakError
        When there are too few subjects, a part is empty, one image or nearly the same stands under
        two subjects of different parts, or a dataset of `apart` shares a patient.
    """
    apart = apart or {}
    parts = (fixed_parts if rules.column else hashed_parts)(cases, rules)
    _refuse_empty_parts(parts, rules)
    refuse_overlap(cases, apart)
    duplicates = shared_images(cases, parts)
    similar = similar_images(cases, parts, accepted=rules.similar_images == "accept")
    write_tsv(tsv, pd.DataFrame(list(parts.items()), columns=list(_COLUMNS)))
    digest = sha256_file(tsv)
    names = part_names(rules.folds)
    n_subjects = Counter(parts.values())
    n_cases = Counter(parts[case.subject] for case in cases)
    write_json(
        record,
        {
            "sha256": digest,
            "key": rules.key,
            "column": rules.column,
            "test_values": list(rules.test_values),
            "test_share": rules.test_share,
            "folds": rules.folds,
            "subjects": {name: n_subjects[name] for name in names},
            "cases": {name: n_cases[name] for name in names},
            "duplicates": duplicates,
            "near_duplicates": similar,
            "apart_from": {name: len(others) for name, others in sorted(apart.items())},
            "notes": _absent_classes(cases, parts, names),
        },
    )
    return Split(parts=parts, folds=rules.folds, sha256=digest)


def read_split(tsv: Path, json_path: Path) -> Split:
    """Read a split, and check that it is the one that was frozen.

    Raises
    ------
    LeakError
        When the table is not the one whose hash was recorded, or puts a subject into two parts.
    """
    record: dict[str, Any] = read_json(json_path)
    digest = sha256_file(tsv)
    if digest != record["sha256"]:
        message = (
            f"{tsv} was changed after it was frozen: its sha256 is {digest[:12]}..., "
            f"{json_path.name} records {record['sha256'][:12]}...; restore the file, or delete "
            "both to make the split again"
        )
        raise LeakError(message)
    table = read_tsv(tsv, strings=_COLUMNS)
    folds = int(record["folds"])
    _refuse_bad_rows(table, tsv=tsv, folds=folds)
    parts = dict(zip(table["subject"].tolist(), table["part"].tolist(), strict=True))
    return Split(parts=parts, folds=folds, sha256=digest)


def _refuse_empty_parts(parts: Mapping[str, str], rules: SplitRules) -> None:
    sizes = Counter(parts.values())
    if len(parts) < rules.folds + 1 and rules.column is None:
        message = (
            f"{len(parts)} subjects can't fill {rules.folds} folds and a test part: add cases, or "
            "lower split.folds"
        )
        raise LeakError(message)
    untested = rules.column is not None and not rules.test_values
    empty = [n for n in part_names(rules.folds) if not sizes[n] and not (n == TEST and untested)]
    if empty:
        shown = ", ".join(f"{name} {sizes[name]}" for name in part_names(rules.folds))
        message = (
            f"no subject falls into {' and '.join(empty)} ({len(parts)} subjects: {shown}; a hash "
            f"of the id decides, so sizes vary): lower split.folds ({rules.folds}), raise "
            f"split.test_share ({rules.test_share:g}), or choose another split.key before anything "
            "is trained"
        )
        raise LeakError(message)


def _absent_classes(
    cases: Sequence[Case], parts: Mapping[str, str], names: Sequence[str]
) -> list[str]:
    classes = sorted({label for case in cases for label in case.label_voxels})
    present: defaultdict[str, set[int]] = defaultdict(set)
    for case in cases:
        found = (label for label, voxels in case.label_voxels.items() if voxels > 0)
        present[parts[case.subject]].update(found)
    return [
        f"class {label} has no voxel in {name}: its scores there are not estimable"
        for name in names
        for label in classes
        if label not in present[name]
    ]


def _refuse_bad_rows(table: pd.DataFrame, *, tsv: Path, folds: int) -> None:
    subjects: list[str] = table["subject"].tolist()
    listed: defaultdict[str, list[str]] = defaultdict(list)
    for subject, part in zip(subjects, table["part"].tolist(), strict=True):
        listed[unicodedata.normalize("NFC", subject)].append(str(part))
    twice = [f"{name} ({' and '.join(of)})" for name, of in sorted(listed.items()) if len(of) > 1]
    if twice:
        message = (
            f"{tsv} lists subjects twice: {', '.join(twice)}; a subject is in one part with all "
            "its sessions, make the split again"
        )
        raise LeakError(message)
    unknown = sorted(set(table["part"].tolist()) - set(part_names(folds)))
    if unknown:
        message = (
            f"{tsv} names parts that the split does not have: {', '.join(map(str, unknown))}; make "
            "the split again"
        )
        raise LeakError(message)

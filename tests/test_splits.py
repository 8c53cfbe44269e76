"""A subject is in one part, decided by its id alone, and stays there."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radflow.config.split import SplitRules
from radflow.datasets.cases import Case
from radflow.errors import LeakError
from radflow.files import read_json, sha256_file, write_json
from radflow.parts import TEST, assign, part_names
from radflow.splits import Split, read_split, write_split

RULES = SplitRules(key="key", test_share=0.2, folds=3)
subjects_strategy = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=30, unique=True)
rules_strategy = st.builds(
    SplitRules,
    key=st.text(min_size=1, max_size=5),
    test_share=st.floats(0.05, 0.8),
    folds=st.integers(2, 20),
)


def _case(name: str, *, subject: str = "", digest: str = "", labels: str = "012") -> Case:
    return Case(
        case=name,
        subject=subject or name,
        images=(Path(f"{name}.nii.gz"),),
        label=Path(f"{name}-label.nii.gz"),
        shape=(35, 50, 35),
        spacing_mm=(1.0, 1.0, 1.0),
        orientation="RAS",
        image_sha256=(digest or f"image-{name}",),
        label_sha256=f"label-{name}",
        label_voxels={int(label): 10 for label in labels},
    )


def _cases(number: int = 60) -> list[Case]:
    """Two cases for every third subject."""
    first = [_case(f"s{n:03d}-a", subject=f"s{n:03d}") for n in range(number)]
    return first + [_case(f"s{n:03d}-b", subject=f"s{n:03d}") for n in range(0, number, 3)]


def _write(folder: Path, cases: list[Case], rules: SplitRules = RULES) -> Split:
    return write_split(cases, rules, tsv=folder / "split.tsv", record=folder / "split.json")


def _read(folder: Path) -> Split:
    return read_split(folder / "split.tsv", folder / "split.json")


def _subject_in(part: str, prefix: str = "x") -> str:
    return next(f"{prefix}{n}" for n in range(10_000) if assign(f"{prefix}{n}", RULES) == part)


def test_parts_are_those_of_every_machine_and_version() -> None:
    rules = SplitRules(key="hippocampus-2026", test_share=0.15, folds=5)
    found = [assign(f"hippocampus_{n:03d}", rules) for n in (1, 3, 4, 6, 7, 8, 11, 14)]
    assert found == ["fold-4", "fold-4", "fold-0", "fold-1", "fold-2", "fold-0", "fold-1", "test"]


@given(subjects_strategy, rules_strategy, st.randoms())
def test_the_order_of_subjects_and_the_presence_of_others_move_nobody(
    subjects: list[str], rules: SplitRules, order: random.Random
) -> None:
    before = {subject: assign(subject, rules) for subject in subjects}
    shuffled = order.sample(subjects, k=len(subjects))
    assert {subject: assign(subject, rules) for subject in shuffled} == before
    assert set(before.values()) <= set(part_names(rules.folds))


@given(st.text(min_size=1), rules_strategy)
def test_a_larger_test_share_only_moves_subjects_into_the_test_part(
    subject: str, rules: SplitRules
) -> None:
    more = rules.model_copy(update={"test_share": min(0.89, rules.test_share + 0.1)})
    before, after = assign(subject, rules), assign(subject, more)
    assert after in {before, TEST}


def test_ids_that_differ_only_in_unicode_composition_share_a_part() -> None:
    pairs = [(f"M\u00fcller{n}", f"Mu\u0308ller{n}") for n in range(50)]
    assert all(assign(a, RULES) == assign(b, RULES) for a, b in pairs)


def test_shares_converge_to_what_the_study_asks() -> None:
    number = 20_000
    sizes = Counter(assign(str(n), RULES) for n in range(number))
    assert sizes[TEST] / number == pytest.approx(0.2, abs=0.01)
    for fold in range(3):
        assert sizes[f"fold-{fold}"] / number == pytest.approx(0.8 / 3, abs=0.012)


def test_another_key_gives_an_independent_split() -> None:
    other = RULES.model_copy(update={"key": "other"})
    both = sum(assign(str(n), RULES) == assign(str(n), other) == TEST for n in range(5000))
    assert both / 5000 == pytest.approx(0.2 * 0.2, abs=0.01)


def test_written_files_do_not_depend_on_the_order_of_cases(tmp_path: Path) -> None:
    cases = _cases()
    for name, order in (("a", cases), ("b", cases[::-1])):
        _write(tmp_path / name, order)
    for name in ("split.tsv", "split.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_more_subjects_leave_the_rows_of_the_others_as_they_were(tmp_path: Path) -> None:
    _write(tmp_path / "a", _cases(60))
    _write(tmp_path / "b", _cases(90))
    rows = [(tmp_path / n / "split.tsv").read_text("utf-8").splitlines() for n in ("a", "b")]
    assert set(rows[0]) <= set(rows[1])


def test_the_record_counts_subjects_and_cases_and_holds_the_hash(tmp_path: Path) -> None:
    split = _write(tmp_path, _cases())
    record = read_json(tmp_path / "split.json")
    assert record["sha256"] == sha256_file(tmp_path / "split.tsv") == split.sha256
    assert sum(record["subjects"].values()) == 60
    assert sum(record["cases"].values()) == 80
    assert set(record["cases"]) == {"fold-0", "fold-1", "fold-2", TEST}
    assert (record["key"], record["test_share"], record["folds"]) == ("key", 0.2, 3)
    assert record["duplicates"] == record["notes"] == []


def test_a_split_comes_back_as_written(tmp_path: Path) -> None:
    cases = [*_cases(), _case("001"), _case("NA"), _case("1e5")]
    assert _write(tmp_path, cases) == _read(tmp_path)


def test_every_case_is_in_exactly_one_part_and_all_of_a_subject_together(tmp_path: Path) -> None:
    cases = _cases()
    split = _write(tmp_path, cases)
    parts = [split.test_cases(cases), *(split.tuning_cases(cases, fold) for fold in range(3))]
    assert [split.cases_of(name, cases) for name in (TEST, *part_names(3)[:-1])] == parts
    assert sorted(case.case for part in parts for case in part) == sorted(c.case for c in cases)
    owners = [{case.subject for case in part} for part in parts]
    assert sum(len(owner) for owner in owners) == len(set().union(*owners)) == 60


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_a_folds_training_tuning_and_test_cases_share_no_subject(tmp_path: Path, fold: int) -> None:
    cases = _cases()
    split = _write(tmp_path, cases)
    training = {case.subject for case in split.training_cases(cases, fold)}
    tuning = {case.subject for case in split.tuning_cases(cases, fold)}
    test = {case.subject for case in split.test_cases(cases)}
    development = {case.subject for case in split.development_cases(cases)}
    assert training | tuning == development
    assert not training & tuning
    assert not test & development
    assert all(split.part_of(subject) == TEST for subject in test)


def test_selections_keep_the_order_of_cases(tmp_path: Path) -> None:
    cases = _cases()[::-1]
    chosen = _write(tmp_path, cases).development_cases(cases)
    assert [cases.index(case) for case in chosen] == sorted(cases.index(case) for case in chosen)


@pytest.mark.parametrize("fold", [-1, 3])
def test_a_fold_that_does_not_exist_is_refused(tmp_path: Path, fold: int) -> None:
    cases = _cases()
    split = _write(tmp_path, cases)
    with pytest.raises(LeakError, match=f"there is no fold {fold}: the split has folds 0 to 2"):
        split.training_cases(cases, fold)
    with pytest.raises(LeakError, match="there is no fold"):
        split.tuning_cases(cases, fold)


def test_a_case_of_an_unknown_subject_is_refused(tmp_path: Path) -> None:
    split = _write(tmp_path, _cases())
    with pytest.raises(LeakError, match=r"subject 'late' is in no part of the split \(60 subj"):
        split.development_cases([_case("late")])


def test_an_edited_table_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, _cases())
    tsv = tmp_path / "split.tsv"
    tsv.write_text(tsv.read_text("utf-8").replace("\ttest\n", "\tfold-0\n", 1), "utf-8")
    with pytest.raises(LeakError, match=r"split\.tsv was changed after it was frozen"):
        _read(tmp_path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("s000\ttest\ns000\tfold-0\n", "lists subjects twice: s000"),
        ("s000\tfold-3\n", "parts that the split does not have: fold-3"),
        ("s000\t\n", "parts that the split does not have"),
    ],
)
def test_a_table_that_breaks_the_rules_is_refused_even_with_its_hash(
    tmp_path: Path, row: str, message: str
) -> None:
    _write(tmp_path, _cases())
    (tmp_path / "split.tsv").write_text("subject\tpart\n" + row, encoding="utf-8")
    record = read_json(tmp_path / "split.json")
    write_json(tmp_path / "split.json", record | {"sha256": sha256_file(tmp_path / "split.tsv")})
    with pytest.raises(LeakError, match=message):
        _read(tmp_path)


def test_one_image_under_subjects_of_different_parts_is_refused_with_all_pairs(
    tmp_path: Path,
) -> None:
    cases = _cases()
    for digest, part in (("same-1", "fold-0"), ("same-2", "fold-1")):
        cases += [
            _case(f"{digest}-a", subject=_subject_in(TEST, digest), digest=digest),
            _case(f"{digest}-b", subject=_subject_in(part, digest), digest=digest),
        ]
    with pytest.raises(LeakError) as caught:
        _write(tmp_path, cases)
    message = str(caught.value)
    assert "different parts, 2 times" in message
    assert "same-1-a (test) = same-1-b (fold-0); same-2-a (test) = same-2-b (fold-1)" in message
    assert list(tmp_path.iterdir()) == []


def test_one_image_twice_within_a_part_is_recorded(tmp_path: Path) -> None:
    a, b = _subject_in(TEST, "a"), _subject_in(TEST, "b")
    twins = [_case("twin-a", subject=a, digest="same"), _case("twin-b", subject=b, digest="same")]
    _write(tmp_path, [*_cases(), *twins])
    assert read_json(tmp_path / "split.json")["duplicates"] == [
        {"cases": ["twin-a", "twin-b"], "part": TEST, "subjects": sorted([a, b])}
    ]


def test_twins_with_several_channels_are_listed_once(tmp_path: Path) -> None:
    twins = [
        replace(_case(f"twin-{name}", subject="s000"), image_sha256=("t1", "t2")) for name in "ab"
    ]
    _write(tmp_path, [*_cases(), *twins])
    assert len(read_json(tmp_path / "split.json")["duplicates"]) == 1


def test_a_class_that_a_part_lacks_is_noted(tmp_path: Path) -> None:
    cases = [
        replace(case, label_voxels={0: 10, 1: 10, 2: 0})
        if assign(case.subject, RULES) == "fold-1"
        else case
        for case in _cases()
    ]
    _write(tmp_path, cases)
    assert read_json(tmp_path / "split.json")["notes"] == [
        "class 2 has no voxel in fold-1: its scores there are not estimable"
    ]


def test_too_few_subjects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LeakError, match="3 subjects can't fill 3 folds and a test part"):
        _write(tmp_path, [_case(f"c{n}", subject=f"s{n % 3}") for n in range(30)])


def test_an_empty_part_is_refused_with_the_sizes(tmp_path: Path) -> None:
    cases = [case for case in _cases() if assign(case.subject, RULES) != TEST]
    with pytest.raises(LeakError, match=r"no subject falls into test .*fold-0 \d+.*test 0"):
        _write(tmp_path, cases)
    assert list(tmp_path.iterdir()) == []


def _with_folds(number: int = 12) -> list[Case]:
    """Make two cases a subject, of which each third has the fold 1, 2 or 5."""
    return [replace(c, covariates={"fold": "125"[int(c.subject[1:]) % 3]}) for c in _cases(number)]


def test_a_column_fixes_the_parts_and_the_record_says_which(tmp_path: Path) -> None:
    rules = SplitRules(key="key", folds=2, column="fold", test_values=("5",))
    cases = _with_folds()
    split = _write(tmp_path, cases, rules)
    assert split.part_of("s000") == "fold-0"
    assert split.part_of("s004") == "fold-1"
    assert {case.covariates["fold"] for case in split.test_cases(cases)} == {"5"}
    record = read_json(tmp_path / "split.json")
    assert (record["column"], record["test_values"]) == ("fold", ["5"])
    assert _read(tmp_path) == split


def test_a_column_without_test_values_leaves_the_test_part_empty(tmp_path: Path) -> None:
    rules = SplitRules(key="key", folds=3, column="fold")
    cases = _with_folds()
    split = _write(tmp_path, cases, rules)
    assert split.test_cases(cases) == []
    assert len(split.development_cases(cases)) == len(cases)
    assert read_json(tmp_path / "split.json")["subjects"][TEST] == 0
    assert _read(tmp_path) == split


def test_a_column_that_does_not_fit_the_rules_writes_nothing(tmp_path: Path) -> None:
    rules = SplitRules(key="key", folds=2, column="fold")
    with pytest.raises(LeakError, match=r"has the values \['1', '2', '5'\]"):
        _write(tmp_path, _with_folds(), rules)
    assert not list(tmp_path.iterdir())

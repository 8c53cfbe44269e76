"""Planted leaks, each stopped with a message of its own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from selected import make_case, training_cases

from radflow.config.preprocess import PlanRules
from radflow.config.split import SplitRules
from radflow.datasets.cases import Case
from radflow.datasets.signature import signature_of
from radflow.errors import LeakError
from radflow.files import read_json, sha256_file, write_json
from radflow.imaging.normalise import Intensity
from radflow.networks.mean_shape import mean_shape
from radflow.parts import TEST, assign
from radflow.planning.segmentation import make_plan
from radflow.selections import TrainingCases
from radflow.splits import Split, read_split, write_split

RULES = SplitRules(key="key", test_share=0.2, folds=3)
AFFINE = np.eye(4)


def cases_of(number: int = 60) -> list[Case]:
    return [make_case(f"s{n:03d}") for n in range(number)]


def subject_in(part: str, prefix: str) -> str:
    return next(f"{prefix}{n}" for n in range(10_000) if assign(f"{prefix}{n}", RULES) == part)


def write(folder: Path, cases: list[Case], **options: object) -> Split:
    files = {"tsv": folder / "split.tsv", "record": folder / "split.json"}
    return write_split(cases, RULES, **files, **options)


def scan(seed: int) -> np.ndarray:
    """Make blobs of a few voxels, as different from seed to seed as anatomy can be."""
    coarse = np.random.default_rng(seed).normal(size=(10, 12, 9))
    return np.pad(np.kron(coarse, np.ones((4, 4, 4))), 6, constant_values=-4.0)


SIGNATURE = signature_of(scan(0), AFFINE)
MOVED = signature_of(np.roll(scan(0), (1, 1, 1), (0, 1, 2)) * 0.3 + 40, AFFINE)


def twins(part: str, other_part: str, **signatures: str) -> list[Case]:
    """Make two cases of different subjects, in these parts."""
    return [
        make_case("twin-a", subject=subject_in(part, "a"), signature=signatures["one"]),
        make_case("twin-b", subject=subject_in(other_part, "b"), signature=signatures["other"]),
    ]


def test_a_subject_under_two_ids_is_found_by_the_bytes_of_its_image(tmp_path: Path) -> None:
    same = [replace(c, image_sha256=("h",)) for c in twins(TEST, "fold-0", one="", other="")]
    with pytest.raises(LeakError, match=r"^the same image stands under .*twin-a \(test\) = twin-b"):
        write(tmp_path, [*cases_of(), *same])


def test_a_subject_under_two_ids_is_found_once_shifted_and_rescaled(tmp_path: Path) -> None:
    planted = twins(TEST, "fold-0", one=SIGNATURE, other=MOVED)
    with pytest.raises(LeakError) as caught:
        write(tmp_path, [*cases_of(), *planted])
    message = str(caught.value)
    assert message.startswith("nearly the same image stands under subjects of different parts")
    for case, part in zip(planted, (TEST, "fold-0"), strict=True):
        assert f"{case.case} (subject {case.subject}, {part})" in message
    assert "similarity 0.9" in message or "similarity 1.0" in message
    assert "Give both the same subject" in message
    assert list(tmp_path.iterdir()) == []


def test_near_duplicates_within_a_part_are_recorded(tmp_path: Path) -> None:
    planted = twins(TEST, TEST, one=SIGNATURE, other=MOVED)
    write(tmp_path, [*cases_of(), *planted])
    [row] = read_json(tmp_path / "split.json")["near_duplicates"]
    assert row.pop("similarity") > 0.84
    assert row == {
        "cases": ["twin-a", "twin-b"],
        "part": TEST,
        "other_part": TEST,
        "subjects": [case.subject for case in planted],
    }


def test_near_duplicates_across_parts_are_told_where_the_study_accepts_them(
    tmp_path: Path,
) -> None:
    cases = cases_of() + twins(TEST, "fold-0", one=SIGNATURE, other=MOVED)
    rules = RULES.model_copy(update={"similar_images": "accept"})
    write_split(cases, rules, tsv=tmp_path / "split.tsv", record=tmp_path / "split.json")
    (pair,) = read_json(tmp_path / "split.json")["near_duplicates"]
    assert pair["cases"] == ["twin-a", "twin-b"]
    assert (pair["part"], pair["other_part"]) == (TEST, "fold-0")
    assert pair["similarity"] > 0.9


def test_the_same_bytes_in_two_parts_are_refused_even_where_likeness_is_accepted(
    tmp_path: Path,
) -> None:
    same = [replace(c, image_sha256=("h",)) for c in twins(TEST, "fold-0", one="", other="")]
    rules = RULES.model_copy(update={"similar_images": "accept"})
    with pytest.raises(LeakError, match=r"^the same image stands under"):
        write_split(
            cases_of() + same, rules, tsv=tmp_path / "split.tsv", record=tmp_path / "split.json"
        )


def test_parts_fixed_by_a_column_do_not_hide_a_leak(tmp_path: Path) -> None:
    facts = [replace(c, covariates={"fold": str(n % 3)}) for n, c in enumerate(cases_of())]
    one, other = twins("fold-0", "fold-1", one=SIGNATURE, other=MOVED)
    leak = [replace(one, covariates={"fold": "0"}), replace(other, covariates={"fold": "1"})]
    rules = SplitRules(key="key", folds=3, column="fold")
    with pytest.raises(LeakError, match=r"^nearly the same image stands under"):
        write_split(facts + leak, rules, tsv=tmp_path / "split.tsv", record=tmp_path / "split.json")


def test_different_images_are_no_leak(tmp_path: Path) -> None:
    other = signature_of(scan(1), AFFINE)
    write(tmp_path, [*cases_of(), *twins(TEST, "fold-0", one=SIGNATURE, other=other)])
    assert read_json(tmp_path / "split.json")["near_duplicates"] == []


def sessions() -> list[Case]:
    """Make baseline and follow-up of one patient under two subject ids of different parts."""
    return [
        make_case("baseline", subject=subject_in("fold-0", "x"), session="01", patient="TCIA:1"),
        make_case("follow-up", subject=subject_in(TEST, "y"), session="02", patient="TCIA:1"),
    ]


def test_subjects_of_one_patient_are_put_into_one_part(tmp_path: Path) -> None:
    first, second = sessions()
    split = write(tmp_path, [*cases_of(), first, second])
    assert split.part_of(first.subject) == split.part_of(second.subject) == assign("TCIA:1", RULES)


@pytest.mark.parametrize("select", ["development_cases", "test_cases", "training", "tuning"])
def test_a_follow_up_in_test_and_its_baseline_in_training_are_refused(select: str) -> None:
    first, second = sessions()
    split = Split({first.subject: "fold-0", second.subject: TEST}, folds=3, sha256="")
    calls = {
        "training": lambda: split.training_cases([first, second], 1),
        "tuning": lambda: split.tuning_cases([first, second], 1),
    }
    with pytest.raises(LeakError) as caught:
        calls.get(select, lambda: getattr(split, select)([first, second]))()
    message = str(caught.value)
    assert "1 patients are divided between parts" in message
    assert f"TCIA:1: baseline (subject {first.subject}, session 01, fold-0)" in message
    assert f"follow-up (subject {second.subject}, session 02, test)" in message


@pytest.mark.parametrize(("one", "two"), [("s000", "s000"), ("M\u00fcller", "Mu\u0308ller")])
def test_two_sessions_split_apart_in_an_edited_table_are_refused(
    tmp_path: Path, one: str, two: str
) -> None:
    write(tmp_path, cases_of())
    table = tmp_path / "split.tsv"
    text = f"subject\tpart\n{one}\ttest\n{two}\tfold-0\n"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(LeakError, match="was changed after it was frozen"):
        read_split(table, tmp_path / "split.json")
    record = read_json(tmp_path / "split.json")
    write_json(tmp_path / "split.json", record | {"sha256": sha256_file(table)})
    with pytest.raises(LeakError, match=r"twice: .* \(test and fold-0\); .* with all its sessions"):
        read_split(table, tmp_path / "split.json")


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        ({"image_sha256": ("h",)}, {"image_sha256": ("h",)}, "the same image, byte for byte"),
        ({"signature": SIGNATURE}, {"signature": MOVED}, "nearly the same image, similarity"),
        ({"patient": "TCIA:1"}, {"patient": "TCIA:1"}, "the same patient, TCIA:1"),
        ({"patient": "elsewhere"}, {"subject": "elsewhere"}, "the same patient, elsewhere"),
        ({"subject": "here"}, {"patient": "here"}, "the same patient, here"),
    ],
)
def test_a_dataset_that_shares_a_patient_with_the_pretraining_set_is_refused(
    tmp_path: Path, ours: dict[str, object], theirs: dict[str, object], why: str
) -> None:
    cases = [*cases_of(), make_case("ours", **ours)]
    apart = {"pretraining": [make_case("s000"), make_case("theirs", **theirs)]}
    apart["pretraining"][0] = replace(apart["pretraining"][0], image_sha256=("other",))
    with pytest.raises(LeakError) as caught:
        write(tmp_path, cases, apart=apart)
    message = str(caught.value)
    assert "shares patients with pretraining (`split.apart_from`), 1 times" in message
    assert f"ours and theirs of pretraining ({why}" in message
    assert list(tmp_path.iterdir()) == []


def test_datasets_without_a_patient_in_common_are_recorded(tmp_path: Path) -> None:
    others = [replace(case, image_sha256=(f"other-{case.case}",)) for case in cases_of(5)]
    write(tmp_path, cases_of(), apart={"external": others})
    assert read_json(tmp_path / "split.json")["apart_from"] == {"external": 5}


def test_normalisation_fitted_on_all_cases_is_refused(tmp_path: Path) -> None:
    cases = cases_of()
    split = write(tmp_path, cases)
    read: list[str] = []

    def volumes(case: str) -> tuple[np.ndarray, np.ndarray]:
        read.append(case)
        return np.arange(8.0).reshape(1, 2, 2, 2), np.ones((2, 2, 2), np.uint8)

    Intensity.fit(split.training_cases(cases, 0), volumes)
    assert read == [case.case for case in split.training_cases(cases, 0)]
    read.clear()
    with pytest.raises(LeakError, match=r"CT normalisation .* 60 cases that no fold .*s000, s001"):
        Intensity.fit(cases, volumes)
    with pytest.raises(LeakError, match="the mean shape may be fitted on the training cases"):
        mean_shape(cases, lambda case: volumes(case)[1], outputs=2)
    assert read == []


def test_training_cases_cannot_be_made_of_all_cases(tmp_path: Path) -> None:
    cases = cases_of()
    split = write(tmp_path, cases)
    parts = tuple(split.part_of(case.subject) for case in cases)
    own, locked = parts.index("fold-1"), parts.index(TEST)
    with pytest.raises(LeakError, match=r"of 60 cases are no training cases of fold 1") as caught:
        TrainingCases(tuple(cases), parts, fold=1)
    assert f"s{min(own, locked):03d} ({parts[min(own, locked)]})" in str(caught.value)


def test_training_cases_keep_order_and_number() -> None:
    chosen = training_cases(["b", "a"])
    assert [case.case for case in chosen] == ["b", "a"]
    assert (len(chosen), chosen.parts) == (2, ("fold-1", "fold-1"))


def test_a_plan_that_would_see_test_cases_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = cases_of()
    split = write(tmp_path, cases)
    locked = split.test_cases(cases)
    monkeypatch.setattr(Split, "development_cases", lambda _, given: list(given))
    with pytest.raises(
        LeakError, match=rf"the plan would see {len(locked)} cases .*{locked[0].case}"
    ):
        make_plan(cases, split, modality="MR", rules=PlanRules(), output=tmp_path / "plan.json")
    assert not (tmp_path / "plan.json").exists()

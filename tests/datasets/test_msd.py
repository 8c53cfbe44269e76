import shutil

import pytest

from radflow.datasets.msd import list_cases
from radflow.errors import IntakeError


def test_cases_are_listed_with_their_files_sorted_by_id(msd, card):
    for name in ("b_2", "a_1"):
        msd.add(name)
    candidates, listed, findings = list_cases(msd.write_list().parent, card)
    assert [c.case for c in candidates] == ["a_1", "b_2"]
    assert candidates[0].subject == "a_1"
    assert candidates[0].images == (msd.image("a_1"),)
    assert candidates[0].label == msd.label("a_1")
    assert (listed, findings) == (2, [])


def test_a_list_at_the_top_of_the_archive_is_found_too(msd, card):
    msd.add("a_1")
    assert len(list_cases(msd.write_list(), card)[0]) == 1


def test_a_list_in_the_folder_of_an_unpacked_archive_is_found_too(msd, card, tmp_path):
    msd.add("a_1")
    msd.write_list()
    place = tmp_path / "unpacked/000"
    place.mkdir(parents=True)
    msd.root.rename(place / msd.root.name)
    assert [c.case for c in list_cases(place.parent, card)[0]] == ["a_1"]


def test_two_lists_are_refused(msd, card):
    msd.add("a_1")
    msd.write_list()
    shutil.copytree(msd.root, msd.root.with_name("Task98_Toy"))
    with pytest.raises(IntakeError, match=r"holds 2 files dataset\.json"):
        list_cases(msd.root.parent, card)


def test_several_images_of_a_case_are_its_channels(msd, card):
    two = card.model_copy(update={"channels": ("T1", "T2")})
    for name in ("a_0000", "a_0001"):
        msd.add(name)
    images = [f"imagesTr/{name}.nii.gz" for name in ("a_0000", "a_0001")]
    msd.entries = [{"image": images, "label": "labelsTr/a_0000.nii.gz"}]
    (candidate,), _, findings = list_cases(msd.write_list(), two)
    assert (candidate.case, len(candidate.images), findings) == ("a", 2, [])


def test_a_missing_file_is_a_stop_and_the_other_cases_go_on(msd, card):
    msd.add("a_1")
    msd.list("a_2")
    candidates, listed, findings = list_cases(msd.write_list(), card)
    assert [c.case for c in candidates] == ["a_1"]
    assert listed == 2
    assert {(f.case, f.rule, f.level) for f in findings} == {("a_2", "missing-file", "STOP")}


def test_a_case_listed_twice_is_a_stop(msd, card):
    msd.add("a_1")
    msd.list("a_1")
    _, _, findings = list_cases(msd.write_list(), card)
    assert [(f.rule, f.fault, f.level) for f in findings] == [("listed-twice", 1, "STOP")]


@pytest.mark.parametrize(
    "path", ["../secret.nii.gz", "/etc/passwd", "a/../../b", "", "a\0b", "a\\b", 7, None, []]
)
def test_a_path_that_leaves_the_dataset_is_a_stop(msd, card, path):
    msd.add("a_1")
    msd.entries.append({"image": path, "label": "labelsTr/a_1.nii.gz"})
    _, listed, findings = list_cases(msd.write_list(), card)
    assert listed == 2
    assert [(f.case, f.rule, f.fault, f.level) for f in findings] == [
        ("entry 1", "path", 12, "STOP")
    ]


def test_a_link_that_leaves_the_dataset_is_a_stop(msd, card, tmp_path):
    (tmp_path / "secret.nii.gz").touch()
    msd.add("a_1")
    msd.image("a_1").unlink()
    msd.image("a_1").symlink_to(tmp_path / "secret.nii.gz")
    _, _, findings = list_cases(msd.write_list(), card)
    assert [f.rule for f in findings] == ["path"]


def test_an_entry_that_is_no_pair_is_a_stop(msd, card):
    msd.add("a_1")
    msd.entries.append("imagesTr/a_2.nii.gz")
    _, _, findings = list_cases(msd.write_list(), card)
    assert "no pair of image and label" in findings[0].message


def test_a_case_without_a_label_is_a_stop(msd, card):
    msd.add("a_1")
    del msd.entries[0]["label"]
    _, _, findings = list_cases(msd.write_list(), card)
    assert [(f.rule, f.fault) for f in findings] == [("label-missing", 46)]


def test_other_classes_than_the_cards_are_a_stop_with_both(msd, card):
    msd.add("a_1")
    msd.record["labels"] = {"0": "background", "1": "tumour"}
    _, _, (finding,) = list_cases(msd.write_list(), card)
    assert (finding.rule, finding.fault, finding.level) == ("classes", 43, "STOP")
    assert "'tumour'" in finding.message
    assert "'posterior'" in finding.message


def test_another_name_of_a_class_is_noted(msd, card):
    msd.add("a_1")
    msd.record["labels"] = {"0": "Background", "1": "head", "2": "posterior"}
    _, _, (finding,) = list_cases(msd.write_list(), card)
    assert (finding.level, finding.message) == (
        "NOTE",
        "dataset: dataset.json calls class 1 'head', the card 'anterior'",
    )


def test_a_dataset_without_a_list_of_classes_is_accepted(msd, card):
    msd.add("a_1")
    msd.record = {}
    assert list_cases(msd.write_list(), card)[2] == []


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"training": []}', '{"training": 3}'])
def test_a_list_that_cannot_be_read_is_refused(msd, card, text):
    (msd.root / "dataset.json").write_text(text)
    with pytest.raises(IntakeError, match=r"dataset\.json .*"):
        list_cases(msd.root, card)


def test_an_archive_without_a_list_is_refused(tmp_path, card):
    with pytest.raises(IntakeError, match=r"holds 0 files dataset\.json.*layout 'msd'"):
        list_cases(tmp_path, card)

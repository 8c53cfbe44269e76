import pytest
from cards import folders_card
from mirror import mirrored
from pictures import grey
from PIL import Image

from radflow.datasets.examination import examine_archives, examine_unpacked
from radflow.datasets.images import list_cases
from radflow.errors import IntakeError

FOLDERS = {"Hand": "hand", "Chest": "chest"}


@pytest.fixture
def add(tmp_path):
    """Write a picture below the dataset's folder."""

    def _add(name, root="toy"):
        path = tmp_path / "scratch/unpacked/000" / root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey(top=200)).save(path)
        return path

    return _add


@pytest.fixture
def look(tmp_path):
    def _look(folders=None, **card):
        return list_cases(tmp_path / "scratch/unpacked", folders_card(folders or FOLDERS, **card))

    return _look


def found(findings):
    return [(finding.rule, finding.fault, finding.level) for finding in findings]


def test_the_folder_says_the_class_and_path_and_name_the_case(add, look):
    for name in ("Hand/000018.jpeg", "Chest/deep/a b.png", "Hand/2.tif"):
        add(name)
    candidates, listed, findings = look()
    assert [(c.case, c.target) for c in candidates] == [
        ("Chest-deep-a_b", "chest"),
        ("Hand-000018", "hand"),
        ("Hand-2", "hand"),
    ]
    assert listed == 3
    assert found(findings) == [("no-patients", 59, "NOTE")]
    assert all(candidate.subject == candidate.case for candidate in candidates)


def test_class_folders_may_stand_in_several_places(add, look):
    for name in ("train/Hand/1.png", "test/Hand/1.png", "train/Chest/1.png"):
        add(name)
    candidates, *_ = look()
    assert [c.case for c in candidates] == ["test-Hand-1", "train-Chest-1", "train-Hand-1"]


def test_the_nearest_and_longest_folder_counts(add, look):
    add("Hand/Chest/1.png")
    add("Hand/left/1.png")
    add("Hand/2.png")
    folders = {"Hand": "hand", "Chest": "chest", "Hand/left": "left hand"}
    candidates, *_ = look(folders)
    assert {c.case: c.target for c in candidates} == {
        "Hand-Chest-1": "chest",
        "Hand-left-1": "left hand",
        "Hand-2": "hand",
    }


def test_the_name_says_the_patient(add, look):
    for name in ("Hand/p1_a.png", "Chest/p1_b.png"):
        add(name)
    candidates, _, findings = look(subject=r"^(p\d+)_")
    assert {c.subject for c in candidates} == {"p1"}
    assert findings == []


def test_a_name_without_patient_stops(add, look):
    for name in ("Hand/p1_a.png", "Chest/b.png"):
        add(name)
    candidates, listed, (finding,) = look(subject=r"^(p\d+)_")
    assert (len(candidates), listed) == (1, 2)
    assert (finding.case, finding.rule, finding.level) == ("Chest-b", "no-patient", "STOP")
    assert "'b.png' has no patient" in finding.message


def test_a_class_without_pictures_stops(add, look):
    add("Hand/1.png")
    _, _, findings = look()
    assert ("class-folder", 1, "STOP") in found(findings)
    assert "the folder 'Chest' (class 'chest')" in findings[0].message


def test_other_files_are_noted_by_kind_and_hidden_ones_ignored(add, look):
    for name in ("Hand/1.png", "Chest/1.png"):
        place = add(name).parent
    for name in ("readme.txt", "a.txt", "notes", ".DS_Store", "Thumbs.db"):
        (place / name).write_text("x" * 200)
    candidates, _, findings = look()
    assert len(candidates) == 2
    (finding,) = [f for f in findings if f.rule == "other-files"]
    assert (finding.level, finding.size) == ("NOTE", 4)
    assert "2 .txt" in finding.message


def test_pictures_of_no_class_are_noted_with_their_folder(add, look):
    for name in ("Hand/1.png", "Chest/1.png", "Foot/1.png", "Foot/2.png"):
        add(name)
    candidates, _, findings = look()
    assert len(candidates) == 2
    (finding,) = [f for f in findings if f.rule == "unnamed-folder"]
    assert "2 in '000/toy/Foot'" in finding.message


def test_two_pictures_of_one_name_stop(add, look):
    for name in ("Hand/1.png", "Hand/1.jpg", "Chest/1.png"):
        add(name)
    _, _, findings = look()
    assert ("listed-twice", 1, "STOP") in found(findings)


def test_a_broken_picture_is_quarantined_by_its_name(add, tmp_path):
    for name in ("Hand/1.png", "Chest/1.png"):
        add(name)
    add("Hand/2.png").write_bytes(b"")
    examination = examine_unpacked(folders_card(FOLDERS), tmp_path / "scratch", jobs=2)
    assert [case.case for case in examination.accepted] == ["Chest-1", "Hand-1"]
    (finding,) = [f for f in examination.findings if f.level == "QUAR"]
    assert (finding.case, finding.rule) == ("Hand-2", "empty-file")


def test_a_card_of_another_layout_has_no_folders(tmp_path, card):
    with pytest.raises(IntakeError, match="no section `images`"):
        list_cases(tmp_path, card)


@pytest.mark.real_data
def test_all_600_real_pictures_are_accepted(tmp_path):
    folders = {
        name: name for name in ("AbdomenCT", "BreastMRI", "CXR", "ChestCT", "Hand", "HeadCT")
    }
    archive = mirrored("mednist-sample.tar")
    examination = examine_archives([archive], folders_card(folders), tmp_path / "scratch", jobs=2)
    assert (examination.listed, len(examination.accepted)) == (600, 600)
    assert examination.accepted[0].case == "AbdomenCT-000018"
    assert {case.shape for case in examination.accepted} == {(64, 64, 1)}
    assert all(case.target == case.case.split("-")[0] for case in examination.accepted)

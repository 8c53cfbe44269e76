import errno
import gzip
import json
import os
import tarfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import yaml
from mirror import mirrored
from simulated import make_subject, phantom_card

from radflow.config.dataset import DatasetCard
from radflow.datasets import take_in
from radflow.datasets.cases import read_cases, verify_case
from radflow.datasets.intake import intake
from radflow.errors import ArchiveError, IntakeError
from radflow.files import read_json, read_tsv, sha256_file
from radflow.phantom.bids import write_bids


def float_labels():
    array = np.zeros((12, 14, 10), np.float32)
    array[3:6], array[6:8] = 1, 2
    made = nib.Nifti1Image(array, np.eye(4))
    made.set_qform(np.eye(4), 1)
    return made


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cases/toy"


def loose(card, share=0.5):
    rules = card.intake.model_copy(update={"most_quarantined": share})
    return card.model_copy(update={"intake": rules})


def truncate(path):
    path.write_bytes(path.read_bytes()[:-200])


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_accepted_cases_keep_their_bytes_and_are_hashed_and_described(msd, card, folder, tmp_path):
    for number in range(6):
        msd.add(f"case_{number}")
    intake([msd.pack(tmp_path / "toy.tar")], card, folder)
    cases = read_cases(folder / "cases.tsv")
    assert [case.case for case in cases] == [f"case_{number}" for number in range(6)]
    first = cases[0]
    assert first.images == (folder / "images/case_0.nii.gz",)
    assert first.images[0].read_bytes() == msd.image("case_0").read_bytes()
    assert first.label_sha256 == sha256_file(msd.label("case_0"))
    assert (first.shape, first.spacing_mm, first.orientation) == ((12, 14, 10), (1, 1, 1), "RAS")
    assert first.label_voxels == {0: 1584, 1: 48, 2: 48}
    for case in cases:
        verify_case(case)
    assert read_json(folder / "intake.json") == {
        "listed": 6,
        "accepted": 6,
        "quarantined": 0,
        "repaired": 0,
        "reasons": {},
    }
    assert sorted(path.name for path in folder.parent.iterdir()) == ["toy"]


def test_broken_cases_are_quarantined_and_repaired_ones_kept_each_with_its_finding(
    msd, card, folder, tmp_path
):
    for number in range(4):
        msd.add(f"case_{number}")
    truncate(msd.image("case_1"))
    msd.add("case_4", label=float_labels())
    intake([msd.pack(tmp_path / "toy.tar")], loose(card), folder)
    assert [case.case for case in read_cases(folder / "cases.tsv")] == [
        *("case_0", "case_2", "case_3", "case_4")
    ]
    findings = read_tsv(folder / "findings.tsv", strings=("case",))
    assert findings[["case", "rule", "fault", "level"]].to_numpy().tolist() == [
        ["case_1", "truncated", 4, "QUAR"],
        ["case_4", "label-type", 36, "FIX"],
    ]
    assert read_json(folder / "intake.json") == {
        "listed": 5,
        "accepted": 4,
        "quarantined": 1,
        "repaired": 1,
        "reasons": {"the file is truncated": 1},
    }
    assert nib.load(folder / "labels/case_4.nii.gz").get_data_dtype() == np.uint8
    assert not (folder / "images/case_1.nii.gz").exists()


def test_three_broken_cases_give_three_findings_in_one_error(msd, card, folder, tmp_path):
    for number in range(6):
        msd.add(f"case_{number}")
    truncate(msd.image("case_1"))
    msd.label("case_3").unlink()
    nib.save(
        nib.Nifti1Image(nib.load(msd.label("case_5")).get_fdata() * 1.5, np.eye(4)),
        msd.label("case_5"),
    )
    with pytest.raises(IntakeError) as caught:
        intake([msd.pack(tmp_path / "toy.tar")], card, folder)
    message = str(caught.value)
    assert "2 of 3 problems forbid to go on (STOP)" in message
    assert "QUAR case_1 (image T1): the gzip stream breaks off" in message
    assert "STOP case_3: label 'case_3.nii.gz' is not in 'labelsTr'" in message
    assert "STOP case_5 (label): 48 of 1680 voxels are not integers, e.g. [1.5]" in message
    assert not folder.exists()
    rejected = folder.with_name("toy.rejected.tsv")
    assert str(rejected) in message
    table = read_tsv(rejected, strings=("case",))
    assert set(table["case"]) == {"case_1", "case_3", "case_5"}
    assert sorted(path.name for path in folder.parent.iterdir()) == ["toy.rejected.tsv"]


def test_too_many_quarantined_cases_stop_with_their_share_and_the_bound(
    msd, card, folder, tmp_path
):
    for number in range(4):
        msd.add(f"case_{number}")
    msd.image("case_0").write_bytes(b"")
    with pytest.raises(IntakeError, match=r"1 of 4 cases .*25\.0%.*most_quarantined` is 5\.0%"):
        intake([msd.pack(tmp_path / "toy.tar")], card, folder)


def test_a_study_without_any_case_stops_whatever_the_bound(msd, card, folder, tmp_path):
    msd.add("case_0")
    msd.image("case_0").write_bytes(b"")
    with pytest.raises(IntakeError, match="1 of 1 cases would be left out"):
        intake([msd.pack(tmp_path / "toy.tar")], loose(card, 1.0), folder)


def test_an_image_and_a_label_on_different_grids_stop(msd, card, folder, tmp_path):
    msd.add("case_0")
    shifted = np.eye(4)
    shifted[2, 3] = 4
    label = nib.load(msd.label("case_0"))
    nib.save(nib.Nifti1Image(np.asarray(label.dataobj), shifted), msd.label("case_0"))
    with pytest.raises(IntakeError, match=r"STOP case_0 \(label\): a corner lies 4 mm"):
        intake([msd.pack(tmp_path / "toy.tar")], card, folder)


def test_several_channels_are_stored_under_numbered_names(msd, card, folder, tmp_path):
    for name in ("a_0000", "a_0001"):
        msd.add(name)
    images = [f"imagesTr/{name}.nii.gz" for name in ("a_0000", "a_0001")]
    msd.entries = [{"image": images, "label": "labelsTr/a_0000.nii.gz"}]
    two = card.model_copy(update={"channels": ("T1", "T2")})
    intake([msd.pack(tmp_path / "toy.tar")], two, folder)
    (case,) = read_cases(folder / "cases.tsv")
    assert [path.name for path in case.images] == ["a.nii.gz", "a_1.nii.gz"]
    assert len(case.image_sha256) == 2
    verify_case(case)


def test_channels_on_different_grids_stop(msd, card, folder, tmp_path):
    msd.add("a_0000")
    msd.add(
        "a_0001", image=nib.Nifti1Image(np.ones((5, 5, 5), np.float32) * np.arange(5), np.eye(4))
    )
    images = [f"imagesTr/{name}.nii.gz" for name in ("a_0000", "a_0001")]
    msd.entries = [{"image": images, "label": "labelsTr/a_0000.nii.gz"}]
    two = card.model_copy(update={"channels": ("T1", "T2")})
    with pytest.raises(IntakeError, match=r"STOP a \(a_0001\.nii\.gz\): shape \(5, 5, 5\)"):
        intake([msd.pack(tmp_path / "toy.tar")], two, folder)


def test_the_result_depends_neither_on_the_number_of_jobs_nor_on_the_run(
    msd, card, folder, tmp_path
):
    for number in range(6):
        msd.add(f"case_{number}")
    truncate(msd.image("case_2"))
    msd.add("case_6", label=float_labels())
    archive = msd.pack(tmp_path / "toy.tar")
    results = []
    for jobs in (1, 3, 3):
        intake([archive], loose(card), folder, jobs=jobs)
        results.append(tree(folder))
    assert results[0] == results[1] == results[2]


def test_files_of_an_earlier_run_are_removed(msd, card, folder, tmp_path):
    msd.add("case_0")
    stale = folder / "images/case_9.nii.gz"
    for path in (stale, folder.with_name("toy.rejected.tsv"), folder.parent / ".tmp-toy/kept/x"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    intake([msd.pack(tmp_path / "toy.tar")], card, folder)
    assert not stale.exists()
    assert sorted(path.name for path in folder.parent.iterdir()) == ["toy"]


def test_a_rejected_archive_leaves_the_earlier_result_as_it_was(msd, card, folder, tmp_path):
    msd.add("case_0")
    intake([msd.pack(tmp_path / "toy.tar")], card, folder)
    before = tree(folder)
    truncate(msd.image("case_0"))
    with pytest.raises(IntakeError):
        intake([msd.pack(tmp_path / "toy.tar")], card, folder)
    assert tree(folder) == before


def test_a_hostile_archive_leaves_nothing_behind(card, folder, tmp_path):
    with tarfile.open(tmp_path / "toy.tar", "w") as tar:
        link = tarfile.TarInfo("dataset.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(ArchiveError, match="a link"):
        intake([tmp_path / "toy.tar"], card, folder)
    assert not folder.exists()


def test_a_full_disk_is_said_and_nothing_is_left(msd, card, folder, *, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    msd.add("case_0")
    monkeypatch.setattr(take_in, "store", full)
    with pytest.raises(IntakeError, match="the disk is full"):
        intake([msd.pack(tmp_path / "toy.tar")], card, folder)
    assert list(folder.parent.iterdir()) == []


def test_a_plain_file_with_spaces_and_quotes_in_its_name_is_taken_in(msd, card, folder, tmp_path):
    name = "it's; case Ü 1"
    msd.add(name)
    plain = gzip.decompress(msd.image(name).read_bytes())
    msd.image(name).unlink()
    (msd.root / "imagesTr" / f"{name}.nii").write_bytes(plain)
    msd.entries[0]["image"] = f"./imagesTr/{name}.nii"
    intake([msd.pack(tmp_path / "toy.tar")], card, folder)
    (case,) = read_cases(folder / "cases.tsv")
    assert case.case == name
    assert case.images[0].name == f"{name}.nii.gz"
    assert json.loads((folder / "intake.json").read_text())["repaired"] == 1


def test_all_archives_of_a_simulated_dataset_are_taken_in(folder, tmp_path):
    archives = [tmp_path / f"{place:03d}.tar" for place in range(2)]
    write_bids(archives[0], map(make_subject, (1, 2)))
    write_bids(archives[1], map(make_subject, (3, 4)))
    intake(archives, phantom_card(), folder)
    cases = read_cases(folder / "cases.tsv")
    assert [case.case for case in cases] == [f"sub-0000{number}" for number in (1, 2, 3, 4)]
    assert [path.name for path in cases[2].images] == ["sub-00003.nii.gz", "sub-00003_1.nii.gz"]
    assert cases[0].label_voxels.keys() == {0, 1, 2, 3}
    assert cases[0].spacing_mm == (5, 5, 5)
    assert read_json(folder / "intake.json") == {
        "listed": 4,
        "accepted": 4,
        "quarantined": 0,
        "repaired": 0,
        "reasons": {},
    }
    for case in cases:
        verify_case(case)


def test_one_hostile_archive_among_several_stops_before_anything_is_listed(folder, tmp_path):
    write_bids(tmp_path / "000.tar", [make_subject(1)])
    with tarfile.open(tmp_path / "001.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("../participants.tsv"))
    archives = [tmp_path / "000.tar", tmp_path / "001.tar"]
    with pytest.raises(ArchiveError, match=r"001\.tar: (.*\n)+.* a path that leaves the folder"):
        intake(archives, phantom_card(), folder)
    assert list(folder.parent.iterdir()) == []


def test_the_bounds_of_an_archive_hold_for_each_of_them(folder, tmp_path):
    archives = [tmp_path / f"{place:03d}.tar" for place in range(2)]
    write_bids(archives[0], [make_subject(1)])
    write_bids(archives[1], map(make_subject, (2, 3)))
    with tarfile.open(archives[0]) as tar:
        members = len(tar.getmembers())
    with pytest.raises(ArchiveError, match=rf"001\.tar: more than {members} members"):
        intake(archives, phantom_card(archive={"members": members}), folder)


@pytest.mark.real_data
def test_all_220_real_cases_are_accepted(folder):
    text = Path(__file__, "../../../config/datasets/msd-hippocampus.yaml").resolve().read_text()
    card = DatasetCard.model_validate(yaml.safe_load(text))
    archive = mirrored("Task04_Hippocampus_220.tar")
    intake([archive], card, folder, jobs=2)
    counts = read_json(folder / "intake.json")
    assert (counts["listed"], counts["accepted"], counts["repaired"]) == (220, 220, 2)

import json
import shutil

import pytest
from bids_tree import BidsFolder, bids_card
from pydantic import ValidationError
from simulated import make_subject

from radflow.config.split import SplitRules
from radflow.datasets.archive import unpack
from radflow.datasets.bids.layout import list_cases
from radflow.datasets.cases import read_cases
from radflow.datasets.intake import intake
from radflow.errors import IntakeError
from radflow.phantom.bids import write_bids
from radflow.splits import write_split


def listing(bids, card):
    candidates, listed, findings = list_cases(bids.folder.parent, card)
    return [c.case for c in candidates], listed, [(f.case, f.rule, f.level) for f in findings]


def test_subjects_are_cases_with_their_files_sorted_by_id(bids, card):
    bids.add("sub-02", "sub-01")
    candidates, listed, findings = list_cases(bids.folder.parent, card)
    assert [(c.case, c.subject, c.session) for c in candidates] == [
        ("sub-01", "sub-01", ""),
        ("sub-02", "sub-02", ""),
    ]
    assert candidates[0].images == (bids.file("T1w.nii.gz"), bids.file("FLAIR.nii.gz"))
    assert candidates[0].label == bids.derivatives / "sub-01/anat/sub-01_label-lesion_mask.nii.gz"
    assert (listed, findings) == (2, [])


def test_images_come_in_the_order_of_the_cards_channels(bids):
    bids.add("sub-01")
    card = bids_card({"images": {"flair": "FLAIR", "t1": "T1w"}})
    (candidate,), _, _ = list_cases(bids.folder.parent, card)
    assert [path.name for path in candidate.images] == ["sub-01_FLAIR.nii.gz", "sub-01_T1w.nii.gz"]


def test_two_sessions_are_two_cases_of_one_subject_in_one_part_of_the_split(bids, card, tmp_path):
    owners = [f"sub-{n:02d}_ses-{s}" for n in range(1, 9) for s in (1, 2)]
    bids.add(*owners)
    intake([bids.pack(tmp_path / "toy.tar")], card, tmp_path / "cases")
    cases = read_cases(tmp_path / "cases/cases.tsv")
    assert [case.case for case in cases] == owners
    assert {(case.subject, case.session) for case in cases[:2]} == {
        ("sub-01", "ses-1"),
        ("sub-01", "ses-2"),
    }
    rules = SplitRules(key="key", test_share=0.3, folds=2)
    split = write_split(cases, rules, tsv=tmp_path / "split.tsv", record=tmp_path / "split.json")
    parts = [split.test_cases(cases), *(split.tuning_cases(cases, fold) for fold in range(2))]
    assert sum(len({case.subject for case in part}) for part in parts) == 8
    assert sum(len(part) for part in parts) == 16


def test_images_in_derivatives_are_not_taken_for_raw_ones(bids, card):
    bids.add("sub-01")
    processed = bids.file("T1w.nii.gz", root=bids.derivatives)
    shutil.copy(bids.file("T1w.nii.gz"), processed)
    (candidate,), _, _ = list_cases(bids.folder.parent, card)
    assert candidate.images[0] == bids.file("T1w.nii.gz")
    bids.file("T1w.nii.gz").unlink()
    assert listing(bids, card) == ([], 1, [("sub-01", "missing-channel", "QUAR")])


@pytest.mark.parametrize("derivatives", ["derivatives", "derivatives/a/b", "masks"])
def test_raw_data_and_derivatives_may_stand_side_by_side(tmp_path, card, derivatives):
    bids = BidsFolder(tmp_path / "unpacked/000", "rawdata", derivatives)
    bids.add("sub-01")
    if derivatives == "masks":
        record = {"Name": "Masks", "BIDSVersion": "1.10.0", "DatasetType": "derivative"}
        (bids.derivatives / "dataset_description.json").write_text(json.dumps(record))
    assert listing(bids, card) == (["sub-01"], 1, [])


def test_processed_images_that_are_all_there_is_are_the_dataset(bids, card):
    bids.add("sub-01")
    shutil.move(bids.label(), bids.file("label-lesion_mask.nii.gz"))
    shutil.rmtree(bids.folder / "derivatives")
    bids.sidecar({"DatasetType": "derivative"}, "dataset_description.json")
    assert listing(bids, card) == (["sub-01"], 1, [])


def test_source_data_and_hidden_folders_are_left_out(bids, card):
    bids.add("sub-01")
    for name in ("sourcedata", ".git"):
        shutil.copytree(bids.root / "sub-01", bids.root / name / "sub-77")
    assert listing(bids, card) == (["sub-01"], 1, [])


def test_archives_of_other_subjects_are_one_dataset(tmp_path, bids, card):
    bids.add("sub-01")
    other = BidsFolder(tmp_path / "unpacked/001")
    other.add("sub-02")
    assert listing(bids, card) == (["sub-01", "sub-02"], 2, [])


def test_a_subject_of_two_datasets_is_a_stop(tmp_path, bids, card):
    bids.add("sub-01")
    BidsFolder(tmp_path / "unpacked/001").add("sub-01")
    assert listing(bids, card) == ([], 1, [("sub-01", "subject-twice", "STOP")])


def test_an_archive_without_raw_images_is_refused(bids, card):
    bids.label()
    with pytest.raises(IntakeError, match=r"holds 1 folders with subjects.*layout 'bids'"):
        list_cases(bids.folder.parent, card)


def test_several_runs_quarantine_the_case_unless_the_card_names_one(bids, card):
    bids.add("sub-01", "sub-02")
    bids.image("run-2_T1w")
    _, listed, (finding,) = list_cases(bids.folder.parent, card)
    assert (finding.case, finding.rule, finding.level) == ("sub-01", "several-files", "QUAR")
    assert "2 files fit 'T1w'" in finding.message
    assert "anat/sub-01_run-2_T1w.nii.gz" in finding.message
    assert listed == 2
    named = bids_card({"images": {"T1w": "run-2_T1w"}})
    assert "sub-01" in listing(bids, named)[0]


def test_a_file_twice_compressed_and_not_quarantines_the_case(bids, card):
    bids.add("sub-01")
    shutil.copy(bids.file("T1w.nii.gz"), bids.file("T1w.nii"))
    assert listing(bids, card) == ([], 1, [("sub-01", "several-files", "QUAR")])


def test_a_missing_channel_quarantines_the_case_and_tells_what_is_there(bids, card):
    bids.add("sub-01", "sub-02")
    bids.file("FLAIR.nii.gz").rename(bids.file("flair.nii.gz"))
    candidates, listed, (finding,) = list_cases(bids.folder.parent, card)
    assert ([c.case for c in candidates], listed) == (["sub-02"], 2)
    assert (finding.case, finding.rule, finding.level) == ("sub-01", "missing-channel", "QUAR")
    assert "image FLAIR" in finding.message
    assert "sub-01_flair.nii.gz" in finding.message


def test_a_subject_without_any_image_is_quarantined(bids, card):
    bids.add("sub-01")
    bids.file("events.tsv", "sub-02").touch()
    candidates, listed, (finding,) = list_cases(bids.folder.parent, card)
    assert ([c.case for c in candidates], listed) == (["sub-01"], 2)
    assert (finding.case, finding.rule, finding.level) == ("sub-02", "no-image", "QUAR")
    assert "sub-02_events.tsv" in finding.message


def test_a_session_without_images_is_no_case_and_noted(bids, card):
    bids.add("sub-01_ses-1")
    bids.file("events.tsv", "sub-01_ses-2").touch()
    assert listing(bids, card) == (["sub-01_ses-1"], 1, [("sub-01", "empty-session", "NOTE")])


def test_a_missing_label_stops_unless_the_card_leaves_such_cases_out(bids, card):
    bids.add("sub-01", "sub-02")
    bids.label().unlink()
    assert listing(bids, card) == (["sub-02"], 2, [("sub-01", "label-missing", "STOP")])
    card = bids_card(intake={"unlabelled": "leave-out"})
    assert listing(bids, card) == (["sub-02"], 2, [("sub-01", "label-missing", "QUAR")])


def test_two_labels_of_one_name_need_a_folder_in_the_card(bids, card):
    bids.add("sub-01")
    other = BidsFolder(bids.folder, derivatives="derivatives/auto")
    other.label()
    assert listing(bids, card) == ([], 1, [("sub-01", "several-files", "QUAR")])
    named = bids_card({"label": "auto/label-lesion_mask"})
    (candidate,), _, _ = list_cases(bids.folder.parent, named)
    assert candidate.label.is_relative_to(other.derivatives)


def test_a_label_without_session_is_that_of_the_only_session(bids, card):
    bids.add("sub-01_ses-1")
    shutil.rmtree(bids.derivatives)
    bids.label("sub-01")
    assert listing(bids, card)[0] == ["sub-01_ses-1"]
    bids.image("T1w", "sub-01_ses-2")
    bids.image("FLAIR", "sub-01_ses-2")
    assert listing(bids, card)[0] == []


def test_a_file_of_another_subject_quarantines_the_case(bids, card):
    bids.add("sub-01", "sub-02")
    bids.file("T1w.nii.gz").rename(bids.file("T1w.nii.gz").with_name("sub-02_T1w.nii.gz"))
    assert listing(bids, card) == (["sub-02"], 2, [("sub-01", "misplaced", "QUAR")])


def test_links_are_never_followed(bids, card, tmp_path):
    bids.add("sub-01", "sub-02")
    secret = tmp_path / "secret.nii.gz"
    bids.file("T1w.nii.gz").rename(secret)
    bids.file("T1w.nii.gz").symlink_to(secret)
    (bids.root / "sub-03").symlink_to(tmp_path)
    assert listing(bids, card) == (["sub-02"], 2, [("sub-01", "path", "STOP")])


def test_ids_that_can_be_confused_are_a_stop(bids, card):
    bids.add("sub-01", "sub-1")
    assert ("sub-01", "ambiguous-id", "STOP") in listing(bids, card)[2]


def test_the_archives_of_simulated_subjects_are_read_as_bids(tmp_path):
    write_bids(tmp_path / "shard.tar", map(make_subject, (1, 2)))
    card = bids_card(
        {
            "images": {"T1w": "T1w", "FLAIR": "FLAIR"},
            "label": "desc-tissue_dseg",
            "target": "diagnosis",
            "covariates": ("age", "sex", "treated"),
        },
        classes={0: "background", 1: "csf", 2: "grey", 3: "white"},
        targets=("tumour",),
    )
    unpack(tmp_path / "shard.tar", tmp_path / "unpacked/000", card.archive)
    candidates, _, findings = list_cases(tmp_path / "unpacked", card)
    assert [c.case for c in candidates] == ["sub-00001", "sub-00002"]
    assert candidates[0].covariates == {"age": "60", "sex": "F"}
    assert findings == []


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"images": {"T1w": "T1w", "FLAIR": "T1w"}}, "name one file twice"),
        ({"images": {"T1w": "sub-01_T1w", "FLAIR": "FLAIR"}}, "leave out sub- and ses-"),
        ({"images": {"T1w": "acq-", "FLAIR": "FLAIR"}}, "should match pattern"),
        ({"target": "diagnosis"}, "`targets` and `bids: target` belong together"),
        ({"label": None}, "`classes` and `bids: label` belong together"),
    ],
)
def test_a_card_that_can_not_be_meant_is_refused(section, message):
    with pytest.raises(ValidationError, match=message):
        bids_card(section, classes={0: "background", 1: "lesion"})


def test_a_card_without_the_section_is_refused(bids, card):
    with pytest.raises(IntakeError, match="no section `bids`"):
        list_cases(bids.folder, card.model_copy(update={"bids": None}))

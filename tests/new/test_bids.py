import json

import numpy as np
from own_data import intensities, labels, write_bids, write_nifti

from radflow.new.bids import detect


def rules(found):
    return {entry.key: entry.value for entry in found.rules}


def test_suffixes_are_channels_and_masks_are_labels(tmp_path):
    found = detect(write_bids(tmp_path / "x"))
    assert (found.cases, found.subjects, found.labelled) == (3, ("sub-01", "sub-02", "sub-03"), 3)
    assert rules(found) == {"images": {"FLAIR": "FLAIR", "T1w": "T1w"}, "label": "desc-lesion_mask"}
    assert (found.modality, found.classes) == ("MR", {0: "background", 1: "foreground"})
    assert found.intake == ()


def test_sessions_are_cases_of_one_subject(tmp_path):
    for session in ("ses-1", "ses-2"):
        write_nifti(
            tmp_path / "sub-1" / session / f"sub-1_{session}_acq-hi_T1w.nii.gz", intensities()
        )
    found = detect(tmp_path)
    assert (found.cases, found.subjects) == (2, ("sub-1",))
    assert rules(found) == {"images": {"acq-hi_T1w": "acq-hi_T1w"}}
    assert found.classes == {}


def test_the_first_channel_is_one_on_the_label_maps_grid_and_others_are_resampled(tmp_path):
    write_bids(tmp_path, suffixes=("FLAIR",))
    for number in (1, 2, 3):
        path = tmp_path / f"sub-{number:02d}" / "anat" / f"sub-{number:02d}_DWI.nii.gz"
        write_nifti(path, intensities(), np.diag([2.0, 2.0, 2.0, 1.0]))
    found = detect(tmp_path)
    assert found.channels == ("FLAIR", "DWI")
    assert [(entry.key, entry.value) for entry in found.intake] == [("other_grids", "resample")]


def test_what_only_some_have_and_series_of_volumes_are_told_and_left_out(tmp_path):
    write_bids(tmp_path, mask="")
    write_nifti(tmp_path / "sub-01" / "anat" / "sub-01_T2w.nii.gz", intensities())
    (tmp_path / "sub-03" / "anat" / "sub-03_FLAIR.nii.gz").unlink()
    for number in (1, 2, 3):
        path = tmp_path / f"sub-0{number}" / "dwi" / f"sub-0{number}_dwi.nii.gz"
        write_nifti(path, np.zeros((4, 4, 4, 3), np.float32))
    found = detect(tmp_path)
    assert found.channels == ("FLAIR", "T1w")
    told = "; ".join(found.remarks)
    assert "T2w (1)" in told
    assert "1 of 3 examinations have no FLAIR" in told
    assert "dwi is left out: sub-01_dwi.nii.gz has the shape (4, 4, 4, 3)" in told


def test_classes_are_the_values_of_the_maps(tmp_path):
    write_bids(tmp_path)
    path = tmp_path / "derivatives" / "sub-02" / "anat" / "sub-02_desc-lesion_mask.nii.gz"
    write_nifti(path, labels([1, 2]))
    assert detect(tmp_path).classes == {0: "background", 1: "class-1", 2: "class-2"}
    write_nifti(path, labels([255]))
    assert any("classes must count 0, 1, 2" in remark for remark in detect(tmp_path).remarks)


def test_participants_give_class_and_covariates_but_no_names(tmp_path):
    write_bids(tmp_path, subjects=4, mask="")
    rows = [
        "participant_id\tname\tage\tDiagnosis",
        *(f"sub-0{n}\tx{n}\t{n}0\tAB"[:-1] for n in (1, 2)),
    ]
    rows += [f"sub-0{n}\tx{n}\t{n}0\tB" for n in (3, 4)]
    (tmp_path / "participants.tsv").write_text("\n".join(rows) + "\n")
    found = detect(tmp_path)
    assert found.targets == ("A", "B")
    assert rules(found)["target"] == "Diagnosis"
    assert rules(found)["covariates"] == ["age"]


def test_what_the_dataset_says_of_itself_is_taken_over(tmp_path):
    write_bids(tmp_path)
    record = {"Name": "Brains", "License": "CC0", "ReferencesAndLinks": ["one", "two"]}
    (tmp_path / "dataset_description.json").write_text(json.dumps(record))
    expected = {"title": "Brains", "licence": "CC0", "citation": "one; two"}
    assert detect(tmp_path).about == expected


def test_other_data_are_not_taken(tmp_path):
    assert detect(tmp_path) is None
    write_nifti(tmp_path / "sub-01" / "image.nii.gz", intensities())
    write_nifti(tmp_path / "patient" / "sub-01_T1w.nii.gz", intensities())
    assert detect(tmp_path) is None

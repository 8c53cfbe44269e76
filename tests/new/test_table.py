from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from own_data import intensities, labels, write_nifti, write_picture

from radflow.errors import ConfigError
from radflow.new.table import detect

HEAD = ["Patient ID", "date", "T1", "mask", "Diagnosis", "age", "name"]


def rules(found):
    return {entry.key: entry.value for entry in found.rules}


@pytest.fixture
def scans(tmp_path):
    rows = []
    for number in range(6):
        for column, array in (("T1", intensities(number)), ("mask", labels([1]))):
            write_nifti(tmp_path / "scans" / f"{column}_{number}.nii.gz", array)
        files = [f"scans/T1_{number}.nii.gz", f"scans/mask_{number}.nii.gz"]
        rows.append([f"0{number // 2}", f"day {number % 2}", *files, "AB"[number % 2], "50", "X"])
    return pd.DataFrame(rows, columns=HEAD)


@pytest.mark.parametrize("name", ["list.csv", "list.tsv", "list.xlsx", "list.parquet"])
def test_columns_are_told_by_name_and_by_the_files_they_name(scans, tmp_path, name):
    path = tmp_path / name
    if name.endswith("xlsx"):
        scans.to_excel(path, index=False)
    elif name.endswith("parquet"):
        scans.to_parquet(path)
    else:
        scans.to_csv(path, index=False, sep="\t" if name.endswith("tsv") else ";")
    found = detect(tmp_path)
    assert (found.cases, found.subjects, found.labelled) == (6, ("00", "01", "02"), 6)
    assert (found.channels, found.modality, found.sure) == (("T1",), "MR", True)
    assert (found.classes, found.targets) == ({0: "background", 1: "foreground"}, ("A", "B"))
    assert rules(found) == {
        "file": name,
        "images": ["T1"],
        "subject": "Patient ID",
        "session": "date",
        "label": "mask",
        "target": "Diagnosis",
        "covariates": ["age"],
    }


def pictures(root: Path, **columns) -> Path:
    count = len(next(iter(columns.values())))
    names = [f"{number}.png" for number in range(count)]
    for name in names:
        write_picture(root / name)
    pd.DataFrame({"file": names, **columns}).to_csv(root / "list.csv", index=False)
    return root


def test_folds_fix_the_parts_where_no_column_tells_the_patients(tmp_path):
    found = detect(pictures(tmp_path / "a", id=["1", "2", "3"], fold=["1", "1", "2"]))
    assert (found.folds, found.subjects) == ({"fold": ("1", "2")}, ("1", "2", "3"))
    assert rules(found)["covariates"] == ["fold"]
    assert "subject" not in rules(found)
    assert "only safe unit" in found.remarks[0]
    assert (found.channels, found.modality, found.sure) == (("image",), "other", False)
    assert found.flat


def test_patients_come_before_folds_and_groups_stand_in_for_them(tmp_path):
    known = pictures(tmp_path / "a", patient=["p", "p", "q"], fold=["1", "1", "2"])
    found = detect(known)
    assert (rules(found)["subject"], found.folds) == ("patient", {})
    grouped = detect(pictures(tmp_path / "b", group_id=["g", "g", "h"]))
    assert (rules(grouped)["subject"], grouped.subjects) == ("group_id", ("g", "h"))
    assert "only safe unit" in grouped.remarks[0]


def test_a_fold_without_a_value_or_with_one_alone_fixes_nothing(tmp_path):
    gaps = detect(pictures(tmp_path / "a", id=["1", "2", "3"], fold=["1", "", "2"]))
    same = detect(pictures(tmp_path / "b", id=["1", "2", "3"], fold=["1", "1", "1"]))
    assert (gaps.folds, same.folds) == ({}, {})


def test_the_classes_of_each_patient_are_told(tmp_path):
    columns = {"patient": ["p", "p", "q", "q"], "diagnosis": ["a", "b", "a", "b"]}
    found = detect(pictures(tmp_path / "a", **columns))
    assert found.classes_of == {"p": {"a", "b"}, "q": {"a", "b"}}


def test_without_any_unit_each_case_is_its_own_patient(tmp_path):
    found = detect(pictures(tmp_path / "a", id=["1", "2"]))
    assert found.subjects == ("1", "2")
    assert "each case counts as a patient" in found.remarks[0]


@pytest.mark.parametrize(
    ("names", "lower"),
    [
        (("box_x0", "box_y0", "box_x1", "box_y1"), ["box_x0", "box_y0"]),
        (("xmin", "ymin", "xmax", "ymax"), ["xmin", "ymin"]),
        (("x1", "y1", "z1", "x2", "y2", "z2"), ["x1", "y1", "z1"]),
    ],
)
def test_corners_are_a_lesions_box(tmp_path, names, lower):
    found = detect(pictures(tmp_path / "a", **{name: ["1", "2"] for name in names}))
    lesions = rules(found)["lesions"]
    assert (lesions["kind"], lesions["units"], lesions["lower"]) == ("box", "voxel", lower)


def test_intensities_down_to_air_are_ct(scans, tmp_path):
    for number in range(6):
        write_nifti(tmp_path / "scans" / f"T1_{number}.nii.gz", intensities() - np.float32(1100))
    scans.to_csv(tmp_path / "list.csv", index=False)
    assert detect(tmp_path).modality == "CT"


def test_a_sheet_whose_files_are_not_there_is_no_list(scans, tmp_path):
    scans["T1"] = scans["mask"] = "nowhere.nii.gz"
    scans.to_csv(tmp_path / "list.csv", index=False)
    (tmp_path / "broken.xlsx").write_bytes(b"no sheet")
    (tmp_path / "empty.csv").touch()
    assert detect(tmp_path) is None


def test_a_column_whose_images_are_not_there_is_told_and_not_passed_over(scans, tmp_path):
    """Passed over, the column of label maps would be that of the images."""
    scans.loc[3, "T1"] = "scans/t1_3.nii.gz"
    scans.to_csv(tmp_path / "list.csv", index=False)
    with pytest.raises(ConfigError, match=r"list.csv names files .* 1 of 6 files of 'T1', fi"):
        detect(tmp_path)

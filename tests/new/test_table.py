from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from own_data import intensities, labels, write_nifti, write_picture

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


def test_a_fold_stands_in_for_the_patient_and_is_called_the_only_safe_unit(tmp_path):
    found = detect(pictures(tmp_path / "a", id=["1", "2", "3"], fold=["1", "1", "2"]))
    assert (rules(found)["subject"], found.subjects) == ("fold", ("1", "2"))
    assert "only safe unit" in found.remarks[0]
    assert (found.channels, found.modality, found.sure) == (("image",), "other", False)


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

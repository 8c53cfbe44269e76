from pathlib import Path

import numpy as np
import openpyxl
import pytest
from cards import table_card
from mirror import mirrored
from pictures import grey
from PIL import Image

from radflow.config.dataset import ArchiveCaps
from radflow.datasets import delivered
from radflow.datasets.archive import unpack
from radflow.datasets.examination import examine_unpacked
from radflow.datasets.table import list_cases
from radflow.errors import IntakeError
from radflow.imaging.volume import read_volume


class TableFolder:
    """An unpacked dataset of pictures and a sheet; `listed` and `examined` give what comes of it.

    `scratch` is the folder of the examination.
    """

    def __init__(self, scratch: Path) -> None:
        self.scratch, self.root = scratch, scratch / "unpacked/000/toy"
        self.root.mkdir(parents=True)

    def picture(self, name, made=None):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grey(top=200) if made is None else made).save(path)

    def sheet(self, *lines, name="sheet.csv"):
        (self.root / name).write_text("\n".join(lines) + "\n")

    def listed(self, **card):
        return list_cases(self.scratch / "unpacked", table_card(**card))

    def examined(self, **card):
        return examine_unpacked(table_card(**card), self.scratch)


@pytest.fixture
def toy(tmp_path):
    return TableFolder(tmp_path / "scratch")


def found(findings, level="STOP"):
    return [(f.case, f.rule, f.fault) for f in findings if f.level == level]


BOX = {"kind": "box", "units": "voxel", "lower": ["x0", "y0"], "upper": ["x1", "y1"]}


def test_cases_carry_what_their_rows_say(toy):
    for name in ("a.png", "sub/b.png"):
        toy.picture(name)
    toy.sheet(
        "file,patient,visit,kind,age,sex",
        "sub/b.png,p2,v1,glioma,61,F",
        "a.png,p1,v2,pituitary,NA,M",
    )
    card = {
        "subject": "patient",
        "session": "visit",
        "target": "kind",
        "covariates": ["age", "sex"],
    }
    candidates, listed, findings = toy.listed(**card, targets=["glioma", "pituitary"])
    assert (listed, findings) == (2, [])
    one, other = candidates
    assert (one.case, one.subject, one.session, one.target) == ("a", "p1", "v2", "pituitary")
    assert one.covariates == {"sex": "M"}
    assert other.covariates == {"age": "61", "sex": "F"}


def test_pictures_become_flat_images_with_their_lesions(toy):
    toy.picture("a.png")
    toy.sheet("file,p,x0,y0,x1,y1,kind", "a.png,1,10,5,14,8.5,glioma", "a.png,1,30,20,40,30,other")
    card = {"subject": "p", "lesions": {**BOX, "name": "kind"}, "pixel_mm": 0.5}
    examination = toy.examined(**card)
    (case,) = examination.accepted
    assert {f.rule for f in examination.findings} == {"eight-bits"}
    assert (case.shape, case.spacing_mm, case.orientation) == ((60, 40, 1), (0.5, 0.5, 1), "LPS")
    assert [lesion.centre for lesion in case.lesions] == [(12, 6.75, 0), (35, 25, 0)]
    assert [lesion.extent for lesion in case.lesions] == [(4, 3.5, 1), (10, 10, 1)]
    assert [lesion.name for lesion in case.lesions] == ["glioma", "other"]
    assert case.images == (examination.kept / "images/a.nii.gz",)
    np.testing.assert_array_equal(read_volume(case.images[0]).array[..., 0].T, grey(top=200))


def test_a_box_lies_on_the_pixels_it_names(toy):
    made = grey(top=100)
    made[5:9, 10:14] = 199
    toy.picture("a.png", made)
    toy.sheet("file,p,x0,y0,x1,y1", "a.png,1,9.5,4.5,13.5,8.5")
    (case,) = toy.examined(subject="p", lesions=BOX).accepted
    array = read_volume(case.images[0]).array
    bright = np.argwhere(array == 199)
    assert tuple(bright.mean(axis=0)) == case.lesions[0].centre
    assert tuple(bright.max(axis=0) - bright.min(axis=0) + 1) == case.lesions[0].extent


def test_volumes_are_taken_as_delivered_and_label_maps_as_pictures_too(toy, make):
    make().rename(toy.root / "a.nii.gz")
    toy.sheet("file,p", "a.nii.gz,1")
    assert [case.shape for case in toy.examined(subject="p").accepted] == [(12, 14, 10)]


def test_a_mask_that_is_a_picture_becomes_a_label_map(toy):
    mask = np.zeros((40, 60), np.uint8)
    mask[3:6, 8:12] = 1
    toy.picture("a.png")
    toy.picture("mask/a.png", mask)
    toy.sheet("file,p,mask", "a.png,1,mask/a.png")
    card = {"subject": "p", "label": "mask", "classes": {0: "background", 1: "lesion"}}
    (case,) = toy.examined(**card, pixel_mm=1).accepted
    assert case.label_voxels == {0: 2388, 1: 12}


@pytest.mark.parametrize("name", ["series", "a.dcm"])
def test_dicom_is_converted_by_its_own_reader(toy, make, monkeypatch, name):
    volume, folder = make(), name == "series"
    seen = []

    def convert_series(files, target, *, case, role, rules):
        seen.append(([file.name for file in files], case, role, rules.most_voxels))
        target.parent.mkdir(parents=True)
        target.write_bytes(volume.read_bytes())
        return []

    monkeypatch.setattr(delivered, "convert_series", convert_series)
    if folder:
        (toy.root / name).mkdir()
        for file in ("2.dcm", "1.dcm", ".hidden", "DICOMDIR"):
            (toy.root / name / file).touch()
    else:
        (toy.root / name).write_bytes(bytes(128) + b"DICM")
    toy.sheet("case,file,p", f"c,{name},1")
    (case,) = toy.examined(case="case", subject="p").accepted
    assert case.shape == (12, 14, 10)
    files = ["1.dcm", "2.dcm"] if folder else ["a.dcm"]
    assert seen == [(files, "c", "image T1", 1_000_000_000)]


def test_all_problems_of_a_sheet_are_found_at_once(toy):
    toy.picture("a.png")
    toy.sheet(
        "case,file,p,kind,Name",
        "1,a.png,01,glioma,",
        "2,b.png,1,Glioma,Doe",
        "3,../c.png,2,glioma",
        "4,../d.png,3,glioma,",
        "5,,4,#REF!,",
        ",a.png,5,glioma,",
    )
    card = {"case": "case", "subject": "p", "target": "kind", "targets": ["glioma"]}
    candidates, listed, findings = toy.listed(**card)
    assert [candidate.case for candidate in candidates] == ["1"]
    assert listed == 5
    assert sorted(found(findings)) == [
        ("2", "missing-file", 1),
        ("4", "path", 12),
        ("5", "missing-file", 1),
        *[("dataset", "ambiguous-subject", 14), ("dataset", "identity-columns", 57)],
        ("dataset", "sheet-error-value", 58),
        ("dataset", "sheet-no-case", 58),
        ("dataset", "sheet-ragged", 58),
        *[("dataset", "target-value", 43)] * 2,
    ]


def test_a_missing_column_is_found_with_what_else_is_wrong(toy):
    toy.sheet("files,p,name", "a.png,1,Doe")
    candidates, listed, findings = toy.listed(subject="p")
    assert (candidates, listed) == ([], 1)
    assert [rule for _, rule, _ in found(findings)] == ["sheet-column", "identity-columns"]


def test_ids_that_lost_their_zeros_stop(toy):
    for name in ("a.png", "b.png"):
        toy.picture(name)
    toy.sheet("case,file,p", "00123,a.png,1", "123,b.png,2")
    _, _, findings = toy.listed(case="case", subject="p")
    assert found(findings) == [("00123", "ambiguous-id", 14)]


def test_a_case_that_is_listed_twice_and_a_file_of_two_cases_stop(toy):
    toy.picture("a.png")
    toy.sheet("case,file,p", "a,a.png,1", "a,a.png,1", "b,a.png,1")
    _, _, findings = toy.listed(case="case", subject="p")
    assert {rule for _, rule, _ in found(findings)} == {"listed-twice", "shared-file"}


def test_the_sheet_is_found_by_its_name(toy, tmp_path):
    with pytest.raises(IntakeError, match=r"holds 0 files 'sheet\.csv'.*Sheets in it: \[\]"):
        toy.listed()
    toy.sheet("a,b", name="other.csv")
    with pytest.raises(IntakeError, match=r"Sheets in it: \['other\.csv'\]"):
        toy.listed()
    with pytest.raises(IntakeError, match=r"'\.\./sheet\.csv' leaves the folder"):
        toy.listed(file="../sheet.csv")
    (toy.root.parent / "twin").mkdir()
    for root in (toy.root, toy.root.parent / "twin"):
        (root / "sheet.csv").touch()
    with pytest.raises(IntakeError, match="holds 2 files"):
        toy.listed()


def test_a_card_of_another_layout_has_no_sheet(toy, card):
    with pytest.raises(IntakeError, match="no section `table`"):
        list_cases(toy.scratch, card)


def test_a_spreadsheet_lists_cases_like_its_csv(toy):
    toy.picture("a.png")
    book = openpyxl.Workbook()
    for row in (["case", "file", "p"], [7, "a.png", 1]):
        book.active.append(row)
    book.save(toy.root / "sheet.xlsx")
    (candidate,), _, findings = toy.listed(file="sheet.xlsx", case="case", subject="p")
    assert (candidate.case, candidate.subject, findings) == ("7", "1", [])


def test_a_picture_of_unknown_size_has_no_bound_of_its_extent(toy):
    toy.picture("a.png", np.tile(grey(top=200), (1, 60)))
    toy.sheet("file,p", "a.png,1")
    assert len(toy.examined(subject="p").accepted) == 1


def test_a_wrong_size_of_pixels_is_quarantined(toy):
    toy.picture("a.png")
    toy.sheet("file,p", "a.png,1")
    examination = toy.examined(subject="p", pixel_mm=490)
    assert found(examination.findings, "QUAR") == [("a", "field-of-view", 30)]


def test_marks_outside_and_a_mask_that_contradicts_them_stop(toy):
    for name in ("a.png", "b.png"):
        toy.picture(name)
        toy.picture(f"mask/{name}", np.zeros((40, 60), np.uint8))
    lines = ["a.png,1,10,5,70,8,mask/a.png", "b.png,1,10,5,20,8,mask/b.png"]
    toy.sheet("file,p,x0,y0,x1,y1,mask", *lines)
    card = {"lesions": BOX, "label": "mask", "classes": {0: "background", 1: "lesion"}}
    examination = toy.examined(subject="p", pixel_mm=1, **card)
    assert examination.accepted == ()
    assert found(examination.findings) == [
        ("a", "label-presence", 45),
        ("a", "lesion-outside", 47),
        ("b", "label-presence", 45),
    ]


@pytest.mark.real_data
def test_real_slices_are_accepted_and_their_boxes_hold_the_tumour(tmp_path):
    archive = mirrored("figshare-brain-tumor_folds1-4.tar")
    root = tmp_path / "scratch/unpacked/000"
    unpack(archive, root, ArchiveCaps())
    (sheet,) = root.rglob("labels.csv")
    header, *lines = sheet.read_text().splitlines()
    sheet.write_text("\n".join([header, *lines[::24]]) + "\n")
    columns = {"lower": ["box_x0", "box_y0"], "upper": ["box_x1", "box_y1"], "name": "label_name"}
    card = table_card(
        **{"file": "labels.csv", "subject": "fold", "target": "label_name", "pixel_mm": 0.49},
        lesions={"kind": "box", "units": "voxel", **columns},
        targets=["meningioma", "glioma", "pituitary"],
    )
    examination = examine_unpacked(card, tmp_path / "scratch")
    assert (examination.listed, len(examination.accepted)) == (100, 100)
    assert {f.rule for f in examination.findings} == {"eight-bits", "sheet-extra-columns"}
    for case in examination.accepted:
        (lesion,) = case.lesions
        assert case.shape == (512, 512, 1)
        assert lesion.name == case.target
        half = np.divide(lesion.extent, 2)
        assert np.subtract(lesion.centre, half)[:2].min() >= 0
        assert np.add(lesion.centre, half)[:2].max() <= 512
    assert {case.subject for case in examination.accepted} == {"1", "2", "3", "4"}

import dataclasses

import pytest

from radflow.datasets.cases import Case, Lesion, read_cases, verify_case, write_cases
from radflow.errors import IntakeError
from radflow.files import sha256_file


@pytest.fixture
def case(tmp_path):
    image, label = tmp_path / "images/001.nii.gz", tmp_path / "labels/001.nii.gz"
    for path in (image, label):
        path.parent.mkdir()
        path.write_text(path.parent.name)
    return Case(
        case="001",
        subject="0012",
        images=(image,),
        label=label,
        shape=(35, 51, 36),
        spacing_mm=(1.0, 0.123456789, 3.0),
        orientation="RAS",
        image_sha256=(sha256_file(image),),
        label_sha256=sha256_file(label),
        label_voxels={0: 9, 1: 0, 2: 4},
    )


def test_cases_come_back_as_written_sorted_with_ids_as_text(tmp_path, case):
    second = dataclasses.replace(
        case,
        case="000",
        label=None,
        label_sha256=None,
        label_voxels={},
        session="02",
        patient="TCIA:1",
        target="glioma",
        lesions=(Lesion("box", (1.0, 2.5, 0.0), (3.0, 4.0, 1.0), "cyst"),),
        covariates={"age": "61"},
        acquisition={"TR": "2000"},
        signature="0f",
    )
    write_cases(tmp_path / "cases.tsv", [case, second])
    assert read_cases(tmp_path / "cases.tsv") == [second, case]


def test_files_are_named_relative_to_the_table_so_that_the_folder_can_move(tmp_path, case):
    write_cases(tmp_path / "cases.tsv", [case])
    text = (tmp_path / "cases.tsv").read_text()
    assert str(tmp_path) not in text
    assert text.splitlines()[0].split("\t") == [
        *("case", "subject", "images", "label", "shape", "spacing_mm", "orientation"),
        *("image_sha256", "label_sha256", "label_voxels", "session", "patient", "target"),
        *("lesions", "covariates", "acquisition", "signature"),
    ]
    row = text.splitlines()[1].split("\t")
    assert row[:2] == ["001", "0012"]
    assert row[3:7] == ["labels/001.nii.gz", "35x51x36", "1x0.123456789x3", "RAS"]


@pytest.mark.parametrize("name", ["NA", "None", "1E5", "nan", "a b", 'with "quotes"', "Über"])
def test_ids_that_tables_like_to_convert_stay_text(tmp_path, case, name):
    write_cases(tmp_path / "cases.tsv", [dataclasses.replace(case, case=name, subject=name)])
    (read,) = read_cases(tmp_path / "cases.tsv")
    assert (read.case, read.subject) == (name, name)


def test_no_cases_make_an_empty_table(tmp_path):
    write_cases(tmp_path / "cases.tsv", [])
    assert read_cases(tmp_path / "cases.tsv") == []


def test_a_table_with_other_columns_is_refused(tmp_path):
    (tmp_path / "cases.tsv").write_text("case\tsubject\na\tb\n")
    with pytest.raises(IntakeError, match=r"columns .*'subject'.*rerun intake"):
        read_cases(tmp_path / "cases.tsv")


def test_a_case_whose_files_are_those_that_were_accepted_passes(case):
    verify_case(case)
    verify_case(dataclasses.replace(case, label=None, label_sha256=None))


def test_a_file_that_changed_since_intake_stops(case):
    case.label.write_text("tampered")
    with pytest.raises(IntakeError, match=r"001: .*labels.001\.nii\.gz changed since intake"):
        verify_case(case)


def test_a_file_that_is_gone_stops(case):
    case.images[0].unlink()
    with pytest.raises(IntakeError, match="none, the file is gone"):
        verify_case(case)

"""Simulated subjects become a BIDS dataset in one tar: complete, exact enough, the same bytes."""

import json
import tarfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from simulated import CHANNELS, LESIONS, NOISE, SHAPE, make_subject, unpacked

from radflow.config.dataset import ArchiveCaps
from radflow.config.phantom import SEQUENCES
from radflow.datasets.archive import unpack
from radflow.errors import ImageError
from radflow.files import sha256_file
from radflow.phantom.bids import write_bids
from radflow.phantom.texts import COLUMNS


def _unpack(archive: Path, folder: Path) -> Path:
    unpack(archive, folder, ArchiveCaps())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_bids(tmp_path / "000.tar", (make_subject(number) for number in (7, 8)))
    return _unpack(tmp_path / "000.tar", tmp_path / "000")


def _table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", keep_default_na=False)


def test_images_lie_where_bids_puts_them(tmp_path: Path) -> None:
    image = np.ones(SHAPE, np.float32)
    subject = make_subject(7, images=dict.fromkeys(SEQUENCES, image))
    write_bids(tmp_path / "000.tar", [subject])
    names = [name for name in unpacked(_unpack(tmp_path / "000.tar", tmp_path / "x"))
             if name.startswith("sub-")]  # fmt: skip
    assert sorted(name.removeprefix("sub-00007/") for name in names) == [
        "anat/sub-00007_FLAIR.nii.gz",
        "anat/sub-00007_PDw.nii.gz",
        "anat/sub-00007_T1w.nii.gz",
        "anat/sub-00007_T2starw.nii.gz",
        "anat/sub-00007_T2w.nii.gz",
        "anat/sub-00007_ce-gadolinium_T1w.nii.gz",
        "ct/sub-00007_ct.nii.gz",
        "dwi/sub-00007_ADC.nii.gz",
        "dwi/sub-00007_S0map.nii.gz",
        "dwi/sub-00007_trace.nii.gz",
        "perf/sub-00007_cbf.nii.gz",
    ]


def test_the_dataset_says_that_it_is_simulated(folder: Path) -> None:
    for place, kind in ((".", "raw"), ("derivatives/reference", "derivative")):
        told = json.loads((folder / place / "dataset_description.json").read_text())
        assert (told["BIDSVersion"], told["DatasetType"]) == ("1.10.0", kind)
        assert "no patient" in told["Name"]
        assert told["GeneratedBy"][0]["Name"] == "radflow phantom"
    assert "No patient was examined" in (folder / "README").read_text()
    assert "above copyright\nnotice appear in all copies" in (folder / "README").read_text()
    assert (folder / ".bidsignore").read_text().split() == ["ct/", "*_cbf.nii.gz"]


def test_every_participant_has_a_row_and_every_column_a_meaning(folder: Path) -> None:
    table = _table(folder / "participants.tsv")
    assert list(table) == ["participant_id", "diagnosis", "age", "sex", "treated"]
    assert list(table["participant_id"]) == ["sub-00007", "sub-00008"]
    assert list(table["treated"]) == ["n/a", "n/a"]
    told = json.loads((folder / "participants.json").read_text())
    assert list(told) == list(table)
    assert set(table) <= set(COLUMNS)


def test_references_lesions_and_raters_are_derivatives(folder: Path) -> None:
    of_subject = folder / "derivatives/reference/sub-00007/anat"
    assert sorted(path.name for path in of_subject.iterdir()) == [
        "sub-00007_desc-lesions_dseg.nii.gz",
        "sub-00007_desc-rater1_mask.nii.gz",
        "sub-00007_desc-tissue_dseg.nii.gz",
        "sub-00007_lesions.tsv",
    ]
    labels = nib.load(of_subject / "sub-00007_desc-tissue_dseg.nii.gz")
    assert labels.get_data_dtype() == np.uint8
    assert np.array_equal(labels.dataobj, make_subject(7).references["tissue"])
    assert np.array_equal(labels.affine, make_subject(7).affine)


def test_classes_are_named_beside_the_label_maps(folder: Path) -> None:
    key = _table(folder / "derivatives/reference/desc-tissue_dseg.tsv")
    assert list(key["name"]) == ["background", "csf", "grey-matter", "white-matter"]
    assert list(key["index"]) == [0, 1, 2, 3]


def test_a_reference_with_a_hyphen_gets_a_label_that_bids_allows(tmp_path: Path) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    write_bids(tmp_path / "a.tar", [make_subject(7, references={"tissue-and-tumour": labels})])
    names = unpacked(_unpack(tmp_path / "a.tar", tmp_path / "a"))
    place = "derivatives/reference/sub-00007/anat/sub-00007_desc-tissueandtumour_dseg.nii.gz"
    assert place in names


def test_a_subject_without_lesions_has_an_empty_table_with_its_columns(folder: Path) -> None:
    of = folder / "derivatives/reference"
    with_one = _table(of / "sub-00007/anat/sub-00007_lesions.tsv")
    without = _table(of / "sub-00008/anat/sub-00008_lesions.tsv")
    assert (len(with_one), len(without)) == (1, 0)
    assert tuple(with_one) == tuple(without) == LESIONS


def test_images_are_16_bit_and_off_by_less_than_a_tenth_of_the_noise(folder: Path) -> None:
    for channel in CHANNELS:
        stored = nib.load(folder / f"sub-00007/anat/sub-00007_{channel}.nii.gz")
        wanted = make_subject(7).images[channel]
        assert stored.get_data_dtype() == np.int16
        assert np.abs(stored.get_fdata() - wanted).max() < NOISE / 10
        assert np.array_equal(stored.affine, make_subject(7).affine)
        assert (int(stored.header["qform_code"]), int(stored.header["sform_code"])) == (1, 1)


@pytest.mark.parametrize("peak", [1e-3, 1.0, 4095.0, 4096.0, 70_000.0, 3e6])
def test_images_of_any_scale_keep_twelve_bits(tmp_path: Path, peak: float) -> None:
    image = np.linspace(-peak / 3, peak, np.prod(SHAPE)).reshape(SHAPE).astype(np.float32)
    write_bids(tmp_path / "a.tar", [make_subject(7, images={"T1w": image})])
    folder = _unpack(tmp_path / "a.tar", tmp_path / "a")
    stored = nib.load(folder / "sub-00007/anat/sub-00007_T1w.nii.gz")
    slope = float(stored.dataobj.slope)
    assert np.frexp(slope)[0] == 0.5  # a power of two
    assert peak / 8190 < slope <= peak / 4095
    assert np.abs(stored.get_fdata() - image).max() <= slope / 2


def test_an_empty_image_stays_empty(tmp_path: Path) -> None:
    write_bids(tmp_path / "a.tar", [make_subject(7, images={"CBF": np.zeros(SHAPE, np.float32)})])
    folder = _unpack(tmp_path / "a.tar", tmp_path / "a")
    assert not nib.load(folder / "sub-00007/perf/sub-00007_cbf.nii.gz").get_fdata().any()


def test_equal_subjects_give_equal_bytes_without_date_owner_or_machine(tmp_path: Path) -> None:
    for name in ("a.tar", "b.tar"):
        write_bids(tmp_path / name, map(make_subject, (1, 2, 3)), total=3)
    assert sha256_file(tmp_path / "a.tar") == sha256_file(tmp_path / "b.tar")
    with tarfile.open(tmp_path / "a.tar") as tar:
        members = tar.getmembers()
        read: Any = tar.extractfile("sub-00001/anat/sub-00001_T1w.nii.gz")
        assert read.read(8)[4:8] == b"\0\0\0\0"  # date of the gzip stream
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {
        (0, 0, 0, "", "", 0o644)
    }
    assert all(member.isreg() for member in members)
    assert len({member.name for member in members}) == len(members)


def test_subjects_are_taken_one_at_a_time(tmp_path: Path) -> None:
    sizes: list[int] = []

    def subjects() -> Any:
        for number in (1, 2, 3):
            sizes.extend(path.stat().st_size for path in tmp_path.glob(".tmp-*"))
            yield make_subject(number)

    write_bids(tmp_path / "a.tar", subjects())
    assert sizes == sorted(sizes)
    assert sizes[2] > sizes[1]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused_and_leaves_no_archive(
    tmp_path: Path, value: float
) -> None:
    image = np.full(SHAPE, value, np.float32)
    with pytest.raises(ImageError, match=r"sub-00007, T2w: .* NaN or infinity"):
        write_bids(tmp_path / "a.tar", [make_subject(7, images={"T2w": image})])
    assert list(tmp_path.iterdir()) == []


def test_a_failing_simulation_leaves_an_older_archive_as_it_was(tmp_path: Path) -> None:
    def subjects() -> Any:
        yield make_subject(1)
        raise RuntimeError("no more")

    archive = tmp_path / "a.tar"
    archive.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="no more"):
        write_bids(archive, subjects())
    assert archive.read_bytes() == b"old"

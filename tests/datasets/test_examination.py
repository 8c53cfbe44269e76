import gzip

import nibabel as nib
import numpy as np
import pytest
from cards import toy_card
from mirror import mirrored

from radflow.config.dataset import ArchiveCaps
from radflow.datasets.archive import unpack
from radflow.datasets.cases import read_cases
from radflow.datasets.checks.finding import Level
from radflow.datasets.checks.identity import name_problem
from radflow.datasets.checks.image import examine_image
from radflow.datasets.examination import examine_archives
from radflow.datasets.intake import intake
from radflow.files import read_tsv
from radflow.imaging.volume import read_volume


@pytest.fixture
def examine(msd, tmp_path):
    def _examine(**rules):
        archive = msd.pack(tmp_path / "toy.tar")
        return examine_archives([archive], toy_card(intake=rules), tmp_path / "scratch")

    return _examine


def levels(examined):
    return {(finding.case, finding.rule): finding.level for finding in examined.findings}


def disorient(path):
    """Set both form codes to 0, which nibabel itself would not write."""
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[252:256] = bytes(4)
    path.write_bytes(gzip.compress(content))


def spoil(path, *, voxel=None, descrip=b""):
    """Store a file as floats, with another voxel or description where they are given."""
    image = nib.load(path)
    array = image.get_fdata(dtype=np.float32)
    if voxel is not None:
        array[0, 0, 0] = voxel
    image.header["descrip"] = descrip
    image.header.set_data_dtype(np.float32)
    nib.save(nib.Nifti1Image(array, image.affine, image.header), path)


def test_what_the_card_declares_is_mended_counted_and_kept(msd, tmp_path):
    for case in ("a", "b"):
        msd.add(case)
    spoil(msd.image("a"), voxel=np.nan)
    spoil(msd.label("b"))
    for path in (msd.image("b"), msd.label("b")):
        disorient(path)
    card = toy_card(intake={"fill_not_finite": 3.0, "unknown_orientation": "accept"})
    intake([msd.pack(tmp_path / "toy.tar")], card, tmp_path / "cases")
    first, second = read_cases(tmp_path / "cases" / "cases.tsv")
    assert read_volume(first.images[0]).array[0, 0, 0] == 3
    assert second.orientation == "RAS"
    assert np.array_equal(read_volume(second.label).affine, np.eye(4))
    table = read_tsv(tmp_path / "cases" / "findings.tsv", strings=("case",))
    kept = table[["case", "rule", "fault", "level"]].to_numpy().tolist()
    assert ["a", "not-finite", 33, "FIX"] in kept
    assert kept.count(["b", "no-orientation", 18, "FIX"]) == 2
    assert ["b", "label-type", 36, "FIX"] in kept


def test_declared_units_give_cases_in_mm(msd, examine):
    micron = np.diag([1000.0, 1000, 2000, 1])
    array = np.random.default_rng(0).normal(size=(12, 14, 10)).astype(np.float32)
    labels = (array > 1).astype(np.uint8)
    msd.add("a", image=nib.Nifti1Image(array, micron), label=nib.Nifti1Image(labels, micron))
    (case,) = examine(units="um").accepted
    assert case.spacing_mm == pytest.approx((1, 1, 2))
    assert np.allclose(read_volume(case.images[0]).affine, np.diag([1, 1, 2, 1]))


def test_thumbnails_are_of_repaired_and_refused_cases_that_could_be_read(msd, examine):
    for case in ("sound", "broken", "refused", "repaired", "person"):
        msd.add(case)
    msd.image("broken").write_bytes(b"")
    spoil(msd.image("refused"), voxel=np.inf)
    spoil(msd.image("person"), voxel=np.inf, descrip=b"Doe^Jane")
    spoil(msd.label("repaired"))
    examined = examine(thumbnails=True)
    pictures = sorted(path.name for path in (examined.kept / "thumbnails").iterdir())
    assert pictures == ["refused.png", "repaired.png"]
    assert levels(examined)["person", "identity-descrip"] is Level.QUAR


def test_thumbnails_are_made_only_where_the_card_asks_for_them(msd, examine):
    msd.add("a")
    spoil(msd.label("a"))
    examined = examine()
    assert levels(examined) == {("a", "label-type"): Level.FIX}
    assert sorted(path.name for path in examined.kept.iterdir()) == ["images", "labels"]


def test_cases_with_a_persons_name_are_left_out_without_being_named(msd, examine):
    for case in ("case_1", "Doe^Jane"):
        msd.add(case)
    examined = examine()
    assert [case.case for case in examined.accepted] == ["case_1"]
    assert (examined.listed, len(examined.findings)) == (2, 1)
    assert "Doe" not in str(examined.findings[0])
    assert levels(examine_again(msd)) == {("Doe^Jane", "identity-name"): Level.NOTE}


def examine_again(msd):
    folder = msd.root.parent
    card = toy_card(intake={"identity": "pseudonyms"})
    return examine_archives([msd.pack(folder / "again.tar")], card, folder / "again")


def test_the_longest_id_can_be_repaired(msd, examine):
    case = "n" * 220
    msd.add(case)
    spoil(msd.label(case))
    (kept,) = examine(thumbnails=True).accepted
    assert kept.case == case


@pytest.mark.real_data
@pytest.mark.parametrize(
    "archive",
    ["brain-tumor-progression_9.tar", "open-ms-data.tar", "isles22-sample.tar"],
)
def test_real_headers_and_names_tell_nobodys_name(archive, tmp_path, rules):
    unpack(mirrored(archive), tmp_path / "data", ArchiveCaps())
    paths = sorted((tmp_path / "data").rglob("*.nii.gz"))
    names = {"files": [part for p in paths for part in p.relative_to(tmp_path).parts]}
    assert name_problem(names, pseudonyms=False) is None
    for path in paths[:8]:
        _, findings = examine_image(path, rules, case="a")
        assert 57 not in {finding.fault for finding in findings}

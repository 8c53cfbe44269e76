import nibabel as nib
import numpy as np
import pytest
from bids_tree import BidsFolder, bids_card, lesion, noise, volume
from nibabel.processing import resample_from_to

from radflow.datasets.examination import examine_unpacked

FINE = np.diag([0.5, 0.5, 1.0, 1.0])


@pytest.fixture
def bids(tmp_path):
    made = BidsFolder(tmp_path / "unpacked/000")
    made.add("sub-01")
    return made


@pytest.fixture
def examine(tmp_path):
    """Examine the dataset, and give the accepted case with the findings of grids."""

    def _examine(other_grids="resample", **rules):
        card = bids_card(intake={"other_grids": other_grids, **rules})
        examined = examine_unpacked(card, tmp_path)
        kept = [f for f in examined.findings if f.fault in (23, 28, 29)]
        return (examined.accepted[0] if examined.accepted else None), kept

    return _examine


def moved(*offset_mm, affine=FINE):
    affine = affine.copy()
    affine[:3, 3] = offset_mm
    return affine


def fine_image(affine=FINE):
    shape = tuple(np.array(noise().shape) * (2, 2, 1))
    return volume(np.random.default_rng(5).normal(100, 20, shape).astype(np.float32), affine)


def fine_label(affine=FINE, dtype=np.uint8):
    return volume(lesion().repeat(2, 0).repeat(2, 1).astype(dtype), affine)


def test_without_a_declaration_other_grids_stop_and_the_remedy_names_it(bids, examine):
    bids.image("FLAIR", made=fine_image())
    bids.label(made=fine_label())
    case, findings = examine("refuse")
    assert case is None
    assert [(f.rule, f.fault, f.level) for f in findings] == [
        ("channel-shape", 29, "STOP"),
        ("label-shape", 28, "STOP"),
    ]
    assert all("`intake: other_grids: resample`" in f.remedy for f in findings)


def test_a_declared_channel_is_interpolated_on_the_first_ones_grid(bids, examine):
    source = fine_image(moved(0.3, -0.2, 0.6))
    bids.image("FLAIR", made=source)
    case, (fix,) = examine()
    result = nib.load(case.images[1])
    first = nib.load(case.images[0])
    assert result.shape == first.shape == case.shape
    assert result.get_data_dtype() == np.float32
    np.testing.assert_array_equal(result.affine, first.affine)
    reference = resample_from_to(source, first, order=1, mode="nearest").get_fdata()
    # The source ends at 12.05, 13.55 and 10.1 mm: every voxel of the first channel is in it.
    np.testing.assert_allclose(result.get_fdata()[1:, 1:, 1:], reference[1:, 1:, 1:], rtol=1e-5)
    assert (fix.rule, fix.fault, fix.level) == ("resampled", 29, "FIX")
    assert "(24, 28, 10) of 0.5 x 0.5 x 1 mm" in fix.message
    assert fix.remedy.startswith("Interpolated linearly")
    corners = np.array([0.3 + 0.25, -0.2 + 0.25, 0.6])
    assert fix.size == pytest.approx(np.linalg.norm(corners), rel=1e-3)
    assert fix.unit == "mm"


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_a_declared_label_map_takes_the_nearest_voxels(bids, examine, dtype):
    bids.label(made=fine_label(dtype=dtype))
    case, findings = examine()
    result = nib.load(case.label)
    assert result.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asarray(result.dataobj), lesion())
    assert case.label_voxels == {0: 1600, 1: 80}
    assert ("resampled", 28, "FIX") in [(f.rule, f.fault, f.level) for f in findings]


def test_files_on_the_grid_keep_their_bytes(bids, examine):
    delivered = bids.file("FLAIR.nii.gz").read_bytes()
    bids.label(made=fine_label())
    case, findings = examine()
    assert case.images[1].read_bytes() == delivered
    assert [f.rule for f in findings] == ["resampled"]


def test_a_shift_within_rounding_is_noted_and_not_resampled(bids, examine):
    bids.label(made=volume(lesion(), moved(0.02, 0, 0, affine=np.eye(4))))
    case, (note,) = examine()
    assert (note.rule, note.level) == ("label-grid", "NOTE")
    assert case is not None


@pytest.mark.parametrize("affine", [np.diag([-1.0, 1, 1, 1]), np.diag([-0.5, 0.5, 1, 1])])
def test_another_handedness_stops_though_resampling_is_declared(bids, examine, affine):
    fine = affine[1, 1] < 1
    bids.label(made=fine_label(affine) if fine else volume(lesion(), affine))
    bids.image("FLAIR", made=fine_image(affine) if fine else volume(noise(3), affine))
    case, findings = examine()
    assert case is None
    stops = {(f.rule, f.level) for f in findings if f.rule.endswith("-flip")}
    assert stops == {("channel-flip", "STOP"), ("label-flip", "STOP")}
    assert "resampled" not in {f.rule for f in findings}


def test_fields_of_view_that_hardly_overlap_quarantine_the_case(bids, examine):
    bids.image("FLAIR", made=fine_image(moved(7, 0, 0)))
    case, (finding,) = examine()
    assert case is None
    assert (finding.rule, finding.fault, finding.level) == ("overlap", 29, "QUAR")
    assert "covers 41.7% of the image's voxels, the bound is 50%" in finding.message


def test_what_lies_outside_a_channels_field_of_view_has_its_lowest_value(bids, examine):
    source = fine_image(moved(4, 0, 0))
    bids.image("FLAIR", made=source)
    case, (fix,) = examine()
    result = nib.load(case.images[1]).get_fdata()
    assert (result[:4] == source.get_fdata().min()).all()
    assert "66.7% of the image's voxels are covered" in fix.message


def test_a_lesion_that_the_grid_loses_quarantines_the_case(bids, examine):
    labels = np.zeros((24, 28, 10), np.uint8)
    labels[5, 7, 3] = 1
    bids.label(made=volume(labels, FINE))
    case, (finding,) = examine()
    assert case is None
    assert (finding.rule, finding.fault, finding.level) == ("labels-changed", 28, "QUAR")
    assert "class 1 has 0 mL of 0.00025 mL" in finding.message


def test_a_case_that_is_refused_anyway_is_not_resampled(bids, examine):
    bids.image("FLAIR", made=fine_image())
    path = bids.file("T1w.nii.gz")
    path.write_bytes(path.read_bytes()[:-50])
    bids.label(made=fine_label())
    case, findings = examine()
    assert case is None
    assert "resampled" not in {f.rule for f in findings}


def test_a_sheared_first_channel_gives_its_affine_to_the_others(bids, examine):
    sheared = np.eye(4)
    sheared[0, 1] = 0.01
    first = nib.Nifti1Image(noise(1), sheared)
    first.set_sform(sheared, 2)
    first.header["qform_code"] = 0
    bids.image("T1w", made=first)
    bids.image("FLAIR", made=fine_image())
    bids.label(made=fine_label())
    case, _ = examine()
    for path in (case.images[1], case.label):
        made = nib.load(path)
        np.testing.assert_allclose(made.affine, sheared, atol=1e-6)
        assert (made.header["qform_code"], made.header["sform_code"]) == (0, 2)

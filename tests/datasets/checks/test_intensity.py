import nibabel as nib
import numpy as np
import pytest

SHAPE = (12, 14, 10)


def assert_finding(finding, fault, level, *words):
    assert (finding.fault, finding.level) == (fault, level)
    assert finding.message.startswith("case_1 (image): ")
    assert finding.remedy
    for word in words:
        assert word in finding.message


def noise(low=0.0, high=100.0):
    return np.random.default_rng(0).uniform(low, high, SHAPE).astype(np.float32)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_not_finite_are_quarantined_with_their_number(make, check, value):
    array = noise()
    array[0, 0, :3] = value
    found = check(make(array=array))
    assert_finding(found.one("not-finite"), 33, "QUAR", "3 of 1680 voxels", "none is allowed")


@pytest.mark.parametrize("value", [0, 7])
def test_a_constant_image_is_quarantined(make, check, value):
    finding = check(make(array=np.full(SHAPE, value, np.float32))).one("constant")
    assert_finding(finding, 34, "QUAR", f"every voxel is {value}")


def test_an_image_that_is_mostly_padding_is_quarantined(make, check):
    array = np.zeros(SHAPE, np.float32)
    array[0, 0] = noise()[0, 0]
    finding = check(make(array=array)).one("constant")
    assert_finding(finding, 34, "QUAR", "99.40% of the voxels are 0", "the bound is 99%")


def rescaled(make, slope, inter):
    """Write an int16 image and overwrite its rescaling on disk."""
    path = make("case_1.nii", array=noise().astype(np.int16))
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([slope, inter], "<f4").tobytes()
    path.write_bytes(content)
    return path


def test_a_negative_slope_is_noted(make, check):
    finding = check(rescaled(make, -2, 100)).one("slope")
    assert_finding(finding, 35, "NOTE", "scl_slope is -2", "inverted")


def test_a_slope_without_an_intercept_is_quarantined(make, check):
    finding = check(rescaled(make, 2, np.nan)).one("slope")
    assert_finding(finding, 35, "QUAR", "scl_slope is 2 and scl_inter nan")


def test_a_slope_of_zero_means_no_rescaling_and_is_noted_where_it_hides_something(make, check):
    assert_finding(check(rescaled(make, 0, 40)).one("slope"), 35, "NOTE", "scl_slope is 0")
    assert "slope" not in check(rescaled(make, 0, 0)).rules
    assert "slope" not in check(rescaled(make, np.nan, np.nan)).rules


def test_intensities_that_end_at_a_limit_are_noted_as_clipped(make, check):
    array = noise(0, 6000).astype(np.int16)
    finding = check(make(array=np.minimum(array, 4095))).one("clipped")
    assert_finding(finding, 38, "NOTE", "of the voxels are 4095")


def test_intensities_in_8_bits_are_noted(make, check):
    finding = check(make(array=noise().astype(np.uint8))).one("eight-bits")
    assert_finding(finding, 38, "NOTE", "8 bits")


def test_a_ct_without_air_is_noted(make, check):
    path = make(array=noise(0, 2000))
    assert_finding(check(path, modality="CT").one("hounsfield"), 39, "NOTE", "air is -1000 HU")
    assert "hounsfield" not in check(path, modality="MR").rules


def test_padding_of_a_ct_is_noted(make, check):
    array = noise(-1000, 1000)
    array[0] = -3024
    finding = check(make(array=array), modality="CT").one("hounsfield")
    assert_finding(finding, 39, "NOTE", "8.33% of the voxels", "-3024")


def test_a_ct_in_hounsfield_units_has_no_finding(make, check):
    assert check(make(array=noise(-1000, 1000)), modality="CT").findings == []


def test_values_are_judged_after_rescaling(tmp_path, check):
    stored = nib.Nifti1Image(np.arange(1680, dtype=np.int16).reshape(SHAPE), np.eye(4))
    stored.set_qform(np.eye(4), 1)
    stored.header.set_slope_inter(1, -1024)
    nib.save(stored, tmp_path / "case_1.nii.gz")
    assert check(tmp_path / "case_1.nii.gz", modality="CT").findings == []

import nibabel as nib
import numpy as np
import pytest

from radflow.datasets.checks.image import examine_image

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
    assert "`intake: fill_not_finite`" in found.one("not-finite").remedy


def test_a_declared_fill_mends_them_and_is_counted(make, check, rules):
    array = noise()
    array[0, 0, :3] = np.nan
    path = make(array=array)
    finding = check(path, fill_not_finite=-7.0).one("not-finite")
    assert_finding(finding, 33, "FIX", "3 of 1680 voxels")
    assert (finding.size, finding.unit) == (3, "voxels")
    assert finding.remedy == "Set to -7, as the card says"
    filled = rules.model_copy(update={"fill_not_finite": -7.0})
    examined, _ = examine_image(path, filled, case="case_1")
    assert np.array_equal(examined.array, np.nan_to_num(array, nan=-7))
    assert "not-finite" not in check(make(array=noise()), fill_not_finite=-7.0).rules


def test_an_image_that_is_nothing_but_its_fill_is_quarantined_as_constant(make, check):
    array = np.full(SHAPE, np.nan, np.float32)
    assert check(make(array=array), fill_not_finite=0.0).one("constant").level == "QUAR"


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


def test_a_negative_slope_is_noted_and_read_as_the_header_says(make, check, rules):
    path = rescaled(make, -2, 100)
    assert_finding(check(path).one("inverted"), 40, "NOTE", "scl_slope is -2", "inverted")
    examined, _ = examine_image(path, rules, case="case_1")
    assert np.array_equal(examined.array, 100 - 2.0 * noise().astype(np.int16))
    assert "inverted" not in check(rescaled(make, 2, 100)).rules


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


def body(air=-1000.0, water=40.0, noise_hu=15.0):
    """A CT in HU: air with a bright block, and the noise of a scanner."""
    array = np.full(SHAPE, air)
    array[3:9, 3:11] = water
    array[5, 5] = air + 2000
    return np.rint(array + np.random.default_rng(0).normal(0, noise_hu, SHAPE)).astype(np.int16)


def test_a_ct_whose_air_lies_far_below_air_was_rescaled_twice(make, check):
    finding = check(make(array=body() - 1024), modality="CT").one("rescaled-twice")
    assert_finding(finding, 35, "QUAR", "below -1500 HU", "air is -1000 HU")
    finding = check(make(array=body(noise_hu=0) - 1500), modality="CT").one("rescaled-twice")
    assert_finding(finding, 35, "QUAR", "the highest value is -500 HU", "water is 0 HU")
    assert "rescaled-twice" not in check(make(array=body() - 1024), modality="MR").rules


@pytest.mark.parametrize("padding", [-2000, -3024])
def test_padding_of_one_value_is_not_taken_for_a_second_rescaling(make, check, padding):
    array = body()
    array[:2] = padding
    found = check(make(array=array), modality="CT")
    assert found.rules == ["hounsfield"]
    assert "rescaled-twice" not in check(make(array=body()), modality="CT").rules


@pytest.mark.parametrize("dtype", [np.int16, np.uint16])
def test_values_that_wrapped_around_are_quarantined_with_the_gap(make, check, dtype):
    shift = 0 if dtype is np.uint16 else 20000
    array = (noise(-1000, 20000).astype(np.int32) + shift).astype(dtype)
    finding = check(make(array=array)).one("wrapped")
    assert_finding(finding, 41, "QUAR", f"both ends of {np.dtype(dtype).name}", "none between")


def test_values_that_fill_their_type_or_end_in_padding_have_not_wrapped(make, check):
    assert "wrapped" not in check(make(array=noise(0, 65535).astype(np.uint16))).rules
    array = noise(0, 4000).astype(np.int16)
    array[0] = -32768
    assert "wrapped" not in check(make(array=array)).rules
    array[1, 1, 0] = 32767
    assert "wrapped" not in check(make(array=array)).rules


def test_whole_numbers_of_64_bits_are_read_as_they_are(make, check, rules):
    array = (noise() * 1e6).astype(np.int64)
    path = make(array=array, dtype=np.int64)
    assert check(path).findings == []
    examined, _ = examine_image(path, rules, case="case_1")
    assert np.array_equal(examined.array, array)

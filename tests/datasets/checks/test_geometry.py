import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radflow.datasets.checks.examined import corner_shift_mm
from radflow.datasets.checks.image import examine_image


def assert_finding(finding, fault, level, *words):
    assert (finding.fault, finding.level) == (fault, level)
    assert finding.message.startswith("case_1 (image): ")
    assert finding.remedy
    for word in words:
        assert word in finding.message


def shifted(mm):
    affine = np.eye(4)
    affine[0, 3] = mm
    return affine


def test_forms_that_differ_a_little_are_made_to_agree_and_the_size_is_kept(make, check):
    path = make(change=lambda image: image.set_qform(shifted(0.2), 1))
    finding = check(path).one("forms")
    assert_finding(finding, 17, "FIX", "0.2 mm at a corner and 0 degrees", "the bound is 0.5 mm")
    assert (round(finding.size, 6), finding.unit) == (0.2, "mm")


def test_forms_that_differ_more_than_the_bound_are_quarantined(make, check):
    turned = np.diag([-1.0, -1, 1, 1])
    finding = check(make(change=lambda image: image.set_qform(turned, 1))).one("forms")
    assert_finding(finding, 17, "QUAR", "180 degrees", "the bound is 0.5 mm")


@pytest.mark.parametrize(("qform", "sform"), [(0, 1), (1, 0), (1, 1), (4, 4)])
def test_one_form_with_a_code_is_enough(make, check, qform, sform):
    def recode(image):
        image.header["qform_code"], image.header["sform_code"] = qform, sform

    assert check(make(change=recode)).findings == []


def test_a_form_without_a_code_does_not_count(make, check):
    assert check(make(change=lambda image: image.set_qform(shifted(90), 0))).findings == []


def with_bytes(path, at, values, dtype="<f4"):
    """Overwrite a field of an uncompressed header; nibabel itself would not write such values."""
    content = bytearray(path.read_bytes())
    raw = np.asarray(values, dtype).tobytes()
    content[at : at + len(raw)] = raw
    path.write_bytes(content)
    return path


def test_no_code_at_all_is_quarantined(make, check):
    path = with_bytes(make("case_1.nii"), 252, [0, 0], "<i2")
    finding = check(path).one("no-orientation")
    assert_finding(finding, 18, "QUAR", "both 0")
    assert "`intake: unknown_orientation: accept`" in finding.remedy


def test_an_unknown_orientation_that_is_accepted_is_that_of_the_voxel_axes(make, check, rules):
    path = make("case_1.nii", affine=np.diag([-1.0, 2, 3, 1]))
    path = with_bytes(path, 252, [0, 0], "<i2")
    found = check(path, unknown_orientation="accept")
    assert_finding(found.one("no-orientation"), 18, "FIX", "left and right are unknown")
    assert "R, A, S and 1 x 2 x 3 mm" in found.one("no-orientation").remedy
    accept = rules.model_copy(update={"unknown_orientation": "accept"})
    examined, _ = examine_image(path, accept, case="case_1")
    assert np.array_equal(examined.affine, np.diag([1.0, 2, 3, 1]))
    with_bytes(path, 80, [0.0])
    finding = check(path, unknown_orientation="accept").one("no-orientation")
    assert_finding(finding, 18, "QUAR", "no voxel size gives an affine")


@pytest.mark.parametrize("shape", [(64, 64, 12), (512, 200, 200)])
def test_a_default_voxel_size_under_an_unlikely_shape_is_noted(make, check, shape):
    array = np.zeros(shape, np.int16)
    array[::2] = 100
    found = check(make(array=array))
    assert_finding(found.one("default-size"), 19, "NOTE", "exactly 1 x 1 x 1 mm", str(shape))
    sized = check(make(array=array, affine=np.diag([1.0, 1, 1.5, 1])))
    assert "default-size" not in sized.rules


def test_a_voxel_size_of_1_mm_under_a_likely_shape_is_believed(make, check):
    array = np.random.default_rng(0).normal(size=(60, 60, 20)).astype(np.float32)
    assert check(make(array=array)).findings == []


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_voxel_sizes_that_are_none_are_quarantined(make, check, value):
    path = with_bytes(make("case_1.nii"), 80, [value])
    assert_finding(check(path).one("pixdim"), 19, "QUAR", f"pixdim is [{value}, 1.0, 1.0]")


def test_pixdim_unlike_the_affine_is_quarantined_above_the_bound_and_noted_below(make, check):
    path = with_bytes(make("case_1.nii", change=lambda i: i.set_qform(None, 0)), 80, [1.2])
    assert_finding(check(path).one("pixdim-affine"), 20, "QUAR", "differ by 2.4 mm", "is 0.5 mm")
    path = with_bytes(path, 80, [1.002])
    assert_finding(check(path).one("pixdim-affine"), 20, "NOTE", "differ by 0.024 mm")


def sheared(degrees):
    affine = np.eye(4)
    affine[0, 1] = np.tan(np.radians(degrees))
    return affine


def test_shear_is_noted_up_to_the_bound_and_quarantined_above(make, check):
    def no_qform(image):
        image.set_qform(None, 0)

    path = make(affine=sheared(0.5), change=no_qform)
    assert_finding(check(path).one("shear"), 21, "NOTE", "0.5 degrees", "the bound is 1")
    path = make(affine=sheared(3), change=no_qform)
    assert_finding(check(path).one("shear"), 21, "QUAR", "3 degrees")


@pytest.mark.parametrize("row", [[0, 0, 0, 0], [float("nan"), 0, 0, 0], [0, 1, 0, 0]])
def test_an_affine_without_volume_is_quarantined(make, check, row):
    path = with_bytes(make("case_1.nii"), 280, row)
    assert_finding(check(path).one("affine"), 22, "QUAR", "singular or not finite")


def test_a_qform_that_is_no_rotation_is_quarantined(make, check):
    path = make("case_1.nii", change=lambda image: image.set_sform(None, 0))
    assert_finding(check(with_bytes(path, 256, [2.0])).one("affine"), 22, "QUAR", "no rotation")
    path = with_bytes(make("case_1.nii"), 256, [2.0])
    assert_finding(check(path).one("forms"), 17, "QUAR", "no rotation")
    path = with_bytes(make("case_1.nii"), 268, [float("nan")])
    assert_finding(check(path).one("forms"), 17, "QUAR", "not finite")


def test_a_qfac_of_zero_is_read_as_one(make, check):
    assert "forms" not in check(with_bytes(make("case_1.nii"), 76, [0.0])).rules


def test_another_order_than_ras_is_noted(make, check):
    finding = check(make(affine=np.diag([-1.0, -1, 1, 1]))).one("orientation")
    assert_finding(finding, 24, "NOTE", "LPS")


@pytest.mark.parametrize("shape", [(12, 14, 10, 1), (12, 14, 10, 1, 1)])
def test_trailing_axes_of_length_one_are_dropped(make, check, shape):
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    finding = check(make(array=array)).one("singletons")
    assert_finding(finding, 25, "FIX", str(shape))
    assert finding.size == len(shape) - 3
    assert "(12, 14, 10)" in finding.remedy


@pytest.mark.parametrize("shape", [(12, 14, 10, 2), (12, 14, 10, 1, 3)])
def test_a_true_fourth_or_fifth_axis_stops(make, check, shape):
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    path = make(array=array, change=lambda image: image.header.set_intent("vector"))
    assert_finding(check(path).one("axes"), 26, "STOP", str(shape), "intent 1007")


def test_a_single_slice_is_quarantined(make, check):
    array = np.random.default_rng(0).normal(size=(20, 20)).astype(np.float32)
    finding = check(make(array=array), field_of_view_mm=(0.5, 100)).one("thin")
    assert_finding(finding, 27, "QUAR", "(20, 20, 1)", "shorter than 2 voxels")


def test_an_implausible_extent_is_quarantined(make, check):
    path = make(
        affine=np.diag([0.001, 0.001, 0.001, 1]), change=lambda i: i.header.set_xyzt_units(1)
    )
    finding = check(path).one("field-of-view")
    assert_finding(finding, 30, "QUAR", "0.012 x 0.014 x 0.01 mm", "unit is m)", "10 to 3000 mm")
    assert "`intake: units`" in finding.remedy


@pytest.mark.parametrize(("unit", "size", "factor"), [("m", 0.001, 1000), ("um", 1000, 0.001)])
def test_a_declared_unit_is_applied_with_its_factor(make, check, rules, *, unit, size, factor):
    affine = np.diag([size, size, -size, 1])
    affine[:3, 3] = 5 * size
    path = make(affine=affine)
    finding = check(path, units=unit).one("units")
    assert_finding(finding, 30, "FIX", "the header's unit is mm", f"the card declares {unit}")
    assert (finding.size, finding.unit) == (factor, "mm per unit")
    declared = rules.model_copy(update={"units": unit})
    examined, findings = examine_image(path, declared, case="case_1")
    assert [each.rule for each in findings] == ["units", "orientation"]
    in_mm = np.diag([1.0, 1, -1, 1])
    in_mm[:3, 3] = 5
    assert np.allclose(examined.affine, in_mm)


def test_a_declared_unit_that_makes_sizes_implausible_is_quarantined(make, check):
    assert_finding(check(make(), units="um").one("field-of-view"), 30, "QUAR", "0.012 x 0.014")


def test_mm_declared_against_the_header_is_a_repair_without_a_factor(make, check):
    path = make(change=lambda image: image.header.set_xyzt_units("micron"))
    assert_finding(check(path, units="mm").one("units"), 30, "FIX", "unit is um", "declares mm")
    assert check(make(), units="mm").findings == []


def test_other_units_with_a_plausible_extent_in_mm_are_noted(make, check):
    path = make(change=lambda image: image.header.set_xyzt_units("micron"))
    assert_finding(check(path).one("units"), 30, "NOTE", "unit is um")


def test_a_big_endian_file_is_noted(tmp_path, check, make):
    source = nib.load(make())
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(np.float32)
    big = nib.Nifti1Image(source.get_fdata(dtype=np.float32), np.eye(4), header)
    big.set_qform(np.eye(4), 1)
    nib.save(big, tmp_path / "case_1.nii.gz")
    found = check(tmp_path / "case_1.nii.gz")
    assert_finding(found.one("byte-order"), 31, "NOTE", "big-endian")
    assert found.rules == ["byte-order"]


@given(st.lists(st.floats(-50, 50), min_size=3, max_size=3))
def test_a_pure_shift_moves_every_corner_by_its_length(shift):
    moved = np.eye(4)
    moved[:3, 3] = shift
    assert corner_shift_mm(moved, np.eye(4), (5, 6, 7)) == pytest.approx(np.linalg.norm(shift))


@given(st.floats(0.5, 2))
def test_another_voxel_size_shows_at_the_far_corner(factor):
    shift = corner_shift_mm(np.diag([factor, 1, 1, 1]), np.eye(4), (11, 5, 5))
    assert shift == pytest.approx(10 * abs(factor - 1))


def test_the_one_slice_of_a_picture_has_no_bounds_but_its_sides_have(make, rules):
    flat = np.arange(40 * 30, dtype=np.float32).reshape(40, 30, 1)
    affine = np.diag([-0.5, -0.5, 1, 1])
    path = make(array=flat, affine=affine)
    found = {f.rule for f in examine_image(path, rules, case="case_1", flat=True)[1]}
    assert found == set()
    strip = make("b.nii.gz", array=flat[:, :1], affine=affine)
    found = {f.rule for f in examine_image(strip, rules, case="case_1", flat=True)[1]}
    assert found >= {"thin", "field-of-view"}

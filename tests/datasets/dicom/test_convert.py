import nibabel as nib
import numpy as np
import pytest
from dicom_files import AXIAL, ORIGIN, SAGITTAL, SPACING, voxels, write_multiframe, write_series
from dicom_reference import assert_placed, convert, reference, volume
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import RLELossless
from scipy.spatial.transform import Rotation

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.finding import Level
from radflow.datasets.checks.image import check_image


@pytest.fixture
def target(tmp_path):
    return tmp_path / "converted/P-01_0.nii.gz"


def test_a_series_becomes_a_volume_in_ras_millimetres(tmp_path, target):
    files = write_series(tmp_path / "series")
    image = volume(files, target)
    assert image.shape == (16, 12, 5)
    assert image.get_data_dtype() == np.int16
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), voxels().transpose(2, 1, 0))
    x, y, z = ORIGIN
    expected = np.diag([-SPACING[0], -SPACING[1], SPACING[2], 1])
    expected[:3, 3] = -x, -y, z
    np.testing.assert_allclose(image.affine, expected, atol=1e-5)
    assert_placed(files, image)


def test_a_converted_volume_passes_the_checks_of_any_nifti(tmp_path, target):
    volume(write_series(tmp_path / "series"), target)
    assert {
        (f.rule, f.level) for f in check_image(target, IntakeRules(field_of_view_mm=(5, 50)))
    } == {("orientation", Level.NOTE)}


def test_two_conversions_give_the_same_bytes(tmp_path, target):
    files = write_series(tmp_path / "series")
    volume(files, target)
    first = target.read_bytes()
    volume(files[::-1], target)
    assert target.read_bytes() == first


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    sizes=st.tuples(*[st.floats(0.3, 8)] * 3),
    shuffled=st.permutations(range(4)),
)
def test_oblique_series_lie_where_their_headers_put_them(tmp_path, angles, sizes, shuffled):
    axes = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    files = write_series(tmp_path / "s", array=voxels(4, 5, 6), axes=axes, spacing=sizes)
    image = volume([files[number] for number in shuffled], tmp_path / "o.nii.gz")
    assert_placed(files, image)


def test_a_stack_against_its_normal_is_turned_round_and_keeps_its_place(tmp_path, target):
    axes = AXIAL * np.array([1, 1, -1])
    files = write_series(tmp_path / "series", axes=axes)
    image = volume(files, target)
    assert_placed(files, image)
    assert image.affine[2, 2] > 0


@pytest.mark.parametrize(
    "axes",
    [AXIAL, SAGITTAL, Rotation.from_euler("xyz", (12, -20, 8), degrees=True).as_matrix()],
    ids=["axial", "sagittal", "oblique"],
)
@pytest.mark.parametrize("modality", ["MR", "CT"])
def test_dcm2niix_gives_the_same_voxels_and_affine(tmp_path, target, axes, modality):
    def rescale(made, _):
        made.RescaleSlope, made.RescaleIntercept = "2", "-1024"

    files = write_series(tmp_path / "series", axes=axes, modality=modality, change=rescale)
    image = nib.as_closest_canonical(volume(files, target))
    expected = reference(files, tmp_path)
    np.testing.assert_array_equal(image.get_fdata(), expected.get_fdata())
    np.testing.assert_allclose(image.affine, expected.affine, atol=1e-3)


def test_slopes_that_are_no_whole_numbers_are_kept_as_float32(tmp_path, target):
    def rescale(made, number):
        made.RescaleSlope, made.RescaleIntercept = str(0.25 * (number + 1)), "0.5"

    image = volume(write_series(tmp_path / "s", modality="PT", change=rescale), target)
    assert image.get_data_dtype() == np.float32
    slopes = 0.25 * np.arange(1, 6)
    expected = (voxels() * slopes[:, None, None] + 0.5).transpose(2, 1, 0)
    np.testing.assert_allclose(np.asanyarray(image.dataobj), expected, rtol=1e-7)


@pytest.mark.parametrize(
    ("high", "intercept", "kind"),
    [(30_000, 0, np.int16), (60_000, 0, np.uint16), (60_000, -30_000, np.int16)],
)
def test_the_smallest_exact_type_is_chosen(tmp_path, *, high, intercept, kind):
    array = voxels().astype(np.uint16)
    array[2, 3, 4] = high

    def shift(made, _):
        made.RescaleIntercept = str(intercept)

    files = write_series(tmp_path / "s", array=array, change=shift)
    image = volume(files, tmp_path / "out.nii.gz")
    assert image.get_data_dtype() == kind
    assert np.asanyarray(image.dataobj)[4, 3, 2] == high + intercept


def test_enhanced_multi_frame_files_are_read_frame_by_frame(tmp_path, target):
    """Fault 53: place and slope stand in the functional groups of each frame."""
    image = volume([write_multiframe(tmp_path / "multi.dcm")], target)
    slopes = np.arange(1, 6)[:, None, None]
    np.testing.assert_array_equal(
        np.asanyarray(image.dataobj), (voxels().astype(int) * slopes - 5).transpose(2, 1, 0)
    )
    np.testing.assert_allclose(image.affine[:3, 3], np.array(ORIGIN) * (-1, -1, 1), atol=1e-5)


def test_compressed_series_give_the_voxels_of_uncompressed_ones(tmp_path, target):
    def compress(made, _):
        made.compress(RLELossless, encoding_plugin="pydicom")

    image = volume(write_series(tmp_path / "rle", change=compress), target)
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), voxels().transpose(2, 1, 0))


def test_monochrome1_is_inverted_and_says_so(tmp_path, target):
    """Fault 40: low values are white; the twin in MONOCHROME2 gives the same image."""
    array = voxels().astype(np.uint16) % 1024

    def twelve_bits(made, _):
        made.BitsStored, made.HighBit = 12, 11

    def inverted(made, number):
        twelve_bits(made, number)
        made.PhotometricInterpretation = "MONOCHROME1"
        made.PixelData = (4095 - array[number]).tobytes()

    plain = volume(write_series(tmp_path / "2", array=array, change=twelve_bits), target)
    expected = np.asanyarray(plain.dataobj).copy()
    findings = convert(write_series(tmp_path / "1", array=array, change=inverted), target)
    assert {(f.rule, f.level, f.fault) for f in findings} == {("dicom-inverted", Level.FIX, 40)}
    np.testing.assert_array_equal(np.asanyarray(nib.load(target).dataobj), expected)


def test_signed_monochrome1_is_inverted_within_its_own_range(tmp_path, target):
    def inverted(made, number):
        made.PhotometricInterpretation = "MONOCHROME1"
        made.PixelData = (-1 - voxels()[number]).tobytes()

    image = volume(write_series(tmp_path / "1", change=inverted), target)
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), voxels().transpose(2, 1, 0))


def test_ct_in_monochrome1_keeps_its_hounsfield_units(tmp_path, target):
    def inverted(made, _):
        made.PhotometricInterpretation = "MONOCHROME1"

    findings = convert(write_series(tmp_path / "s", modality="CT", change=inverted), target)
    assert [(f.rule, f.level) for f in findings] == [("dicom-inverted", Level.NOTE)]
    array = np.asanyarray(nib.load(target).dataobj)
    np.testing.assert_array_equal(array, voxels().transpose(2, 1, 0))


def test_negative_slopes_invert_as_the_header_says(tmp_path, target):
    def negative(made, _):
        made.RescaleSlope, made.RescaleIntercept = "-1", "2003"

    findings = convert(write_series(tmp_path / "s", change=negative), target)
    assert [(f.rule, f.level) for f in findings] == [("slope", Level.NOTE)]
    array = np.asanyarray(nib.load(target).dataobj)
    np.testing.assert_array_equal(array, 2003 - voxels().transpose(2, 1, 0))


def test_a_radiograph_without_a_place_needs_the_card_to_say_so(tmp_path, target):
    def unplaced(made, _):
        del made.ImagePositionPatient, made.ImageOrientationPatient

    files = write_series(tmp_path / "s", array=voxels(1), change=unplaced)
    assert [f.rule for f in convert(files, target)] == ["dicom-place"]
    assert not target.exists()
    image = volume(files, target, unknown_orientation="accept")
    np.testing.assert_allclose(image.affine, np.diag([*SPACING, 1]), atol=1e-6)


def test_positions_that_are_rounded_coarsely_are_noted_with_their_size(tmp_path, target):
    def rounded(made, number):
        x, y, z = map(float, made.ImagePositionPatient)
        made.ImagePositionPatient = [x, y, z + (0.02 if number == 2 else 0)]

    (finding,) = convert(write_series(tmp_path / "s", change=rounded), target)
    assert (finding.rule, finding.level, finding.unit) == ("dicom-positions", Level.NOTE, "mm")
    assert finding.size == pytest.approx(0.02, abs=1e-3)


def test_no_files_are_a_missing_file(target):
    assert [(f.rule, f.level) for f in convert([], target)] == [("missing-file", Level.STOP)]

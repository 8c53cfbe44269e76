import numpy as np
import pydicom
import pytest
from dicom_files import add_voxels, ds, voxels, write_multiframe, write_series
from pydicom.uid import MPEG2MPML, JPEGLosslessSV1, RLELossless

from radflow.datasets.checks.finding import Level
from radflow.datasets.dicom import checks


def moved(shift):
    """A change that adds `shift(number)`, in mm, to the position of each slice."""

    def _change(made, number):
        place = np.array(made.ImagePositionPatient, float) + np.asarray(shift(number), float)
        made.ImagePositionPatient = [f"{value:.6f}" for value in place]

    return _change


def test_a_sound_series_has_no_finding(found):
    assert found() == {}


def test_a_missing_slice_is_quarantined_with_the_place_of_the_gap(found):
    """Fault 51."""
    ((rule, (fault, level, message)),) = found(keep=lambda number: number != 2).items()
    assert (rule, fault, level) == ("dicom-missing", 51, Level.QUAR)
    assert "1 slices are missing, the first between 15.12 and 21.12 mm" in message


def test_several_missing_slices_are_counted(found):
    message = found(array=voxels(9), keep=lambda n: n not in (2, 3, 6))["dicom-missing"][2]
    assert "3 slices are missing" in message


def test_two_slices_at_one_position_are_quarantined(found):
    """Fault 51."""
    findings = found(change=moved(lambda number: (0, 0, -3.0 if number == 3 else 0)))
    assert {rule: each[:2] for rule, each in findings.items()} == {
        "dicom-duplicate": (51, Level.QUAR)
    }
    assert "18.12 mm" in findings["dicom-duplicate"][2]


def test_uneven_steps_are_quarantined(found):
    """Fault 52."""
    findings = found(change=moved(lambda number: (0, 0, 0.4 if number == 2 else 0)))
    assert {rule: each[:2] for rule, each in findings.items()} == {
        "dicom-variable": (52, Level.QUAR)
    }


def test_a_tilted_gantry_is_quarantined_with_its_angle(found):
    """Fault 52."""
    findings = found(change=moved(lambda number: (0, 3 * np.tan(np.radians(15)) * number, 0)))
    assert {rule: each[:2] for rule, each in findings.items()} == {"dicom-tilt": (52, Level.QUAR)}
    assert "stacked 15 degrees off" in findings["dicom-tilt"][2]


def test_a_tilt_within_the_bound_of_shear_is_kept(found):
    drift = 3 * np.tan(np.radians(0.5))
    assert found(change=moved(lambda number: (0, drift * number, 0))) == {}


def test_slices_shifted_sideways_are_quarantined(found):
    findings = found(change=moved(lambda number: (1.0 if number == 2 else 0, 0, 0)))
    assert {rule: each[:2] for rule, each in findings.items()} == {"dicom-line": (52, Level.QUAR)}


def test_slices_that_are_not_parallel_are_quarantined(found):
    """Fault 52."""
    turned = np.radians(2)

    def turn(made, number):
        if number == 2:
            made.ImageOrientationPatient = ds([1, 0, 0, 0, np.cos(turned), np.sin(turned)])

    findings = found(change=turn)
    assert {rule: each[:2] for rule, each in findings.items()} == {
        "dicom-parallel": (52, Level.QUAR)
    }
    assert "2 degrees" in findings["dicom-parallel"][2]


def test_axes_that_are_no_right_angle_are_quarantined(found):
    def skew(made, _):
        made.ImageOrientationPatient = ["1", "0", "0", "0.1", "0.9", "0"]

    assert found(change=skew)["dicom-axes"][:2] == (22, Level.QUAR)


def test_slices_of_several_sizes_are_quarantined(found):
    """Fault 50."""

    def crop(made, number):
        if number == 2:
            add_voxels(made, voxels()[2][:-1])

    fault, level, message = found(change=crop)["dicom-sizes"]
    assert (fault, level) == (50, Level.QUAR)
    assert "11 x 16, 12 x 16" in message


def test_slices_of_several_pixel_spacings_are_quarantined(found):
    def widen(made, number):
        if number == 2:
            made.PixelSpacing = ["0.9", "0.9"]

    assert "PixelSpacing" in found(change=widen)["dicom-sizes"][2]


def test_two_series_in_one_folder_are_quarantined(found, tmp_path):
    """Fault 50."""
    one = write_series(tmp_path / "one")
    other = write_series(tmp_path / "other", series="2", change=moved(lambda _: (0, 0, 15)))
    fault, level, message = found([*one, *other])["dicom-mixed"]
    assert (fault, level) == (50, Level.QUAR)
    assert "2 of SeriesInstanceUID" in message


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
@pytest.mark.parametrize(
    ("modality", "level"), [("CT", Level.QUAR), ("PT", Level.QUAR), ("MR", Level.NOTE)]
)
def test_missing_rescaling_is_never_taken_for_one_and_zero(found, modality, level, keyword):
    """Fault 53."""

    def drop(made, _):
        if modality == "MR":
            del made.RescaleSlope, made.RescaleIntercept
        else:
            del made[keyword]

    findings = found(modality=modality, change=drop)
    assert {rule: each[:2] for rule, each in findings.items()} == {"dicom-rescale": (53, level)}


def test_rescaling_that_some_slices_lack_is_quarantined_in_mr_too(found):
    def drop(made, number):
        if number == 2:
            del made.RescaleSlope, made.RescaleIntercept

    assert found(change=drop)["dicom-rescale"][1] == Level.QUAR


def test_a_slope_of_zero_is_quarantined(found):
    def flatten(made, _):
        made.RescaleSlope = "0"

    assert found(change=flatten)["dicom-rescale"][1] == Level.QUAR


def test_real_values_by_a_table_are_quarantined(found):
    def table(made, _):
        lut = pydicom.Dataset()
        lut.LUTDescriptor, lut.ModalityLUTType = [2, 0, 16], "US"
        lut.add_new("LUTData", "OW", bytes(4))
        made.ModalityLUTSequence = [lut]

    assert found(change=table)["dicom-lut"][:2] == (53, Level.QUAR)


def test_frames_that_nothing_describes_are_quarantined(found, tmp_path):
    """Fault 53."""

    def drop(made):
        del made.PerFrameFunctionalGroupsSequence

    path = write_multiframe(tmp_path / "multi.dcm", change=drop)
    assert found([path])["dicom-frames"][:2] == (53, Level.QUAR)


def test_echoes_of_one_enhanced_file_share_positions(found, tmp_path):
    def second_echo(made):
        made.PerFrameFunctionalGroupsSequence[
            0
        ].PlanePositionSequence = made.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence

    path = write_multiframe(tmp_path / "multi.dcm", change=second_echo)
    assert "dicom-duplicate" in found([path])


def test_a_missing_decoder_is_a_stop_that_names_the_package(found):
    """Fault 54."""

    def jpeg(made, _):
        made.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"])
        made.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        made["PixelData"].is_undefined_length = True

    fault, level, message = found(change=jpeg)["dicom-decoder"]
    assert (fault, level) == (54, Level.STOP)
    assert "pip install pylibjpeg pylibjpeg-libjpeg" in message


def test_a_video_is_quarantined_because_nothing_decodes_it(found):
    def video(made, _):
        made.PixelData = pydicom.encaps.encapsulate([b"\0\0\1\xb3"])
        made.file_meta.TransferSyntaxUID = MPEG2MPML
        made["PixelData"].is_undefined_length = True

    fault, level, message = found(change=video)["dicom-decoder"]
    assert (fault, level) == (54, Level.QUAR)
    assert "MPEG2" in message


def test_an_available_decoder_is_no_finding(found):
    def compress(made, _):
        made.compress(RLELossless, encoding_plugin="pydicom")

    assert found(change=compress) == {}


def test_colour_is_refused(found):
    def colour(made, number):
        add_voxels(made, voxels().astype(np.uint8)[number])
        made.SamplesPerPixel, made.PhotometricInterpretation = 3, "RGB"
        made.PlanarConfiguration = 0
        made.PixelData = 3 * made.PixelData

    assert found(change=colour)["voxel-type"][:2] == (26, Level.QUAR)


def test_more_voxels_than_the_budget_are_refused_before_decoding(found, monkeypatch):
    """Fault 8: the header's claim is enough."""
    monkeypatch.setattr("radflow.datasets.dicom.convert.decode", None)

    def claim(made, _):
        made.Rows, made.Columns = 30_000, 30_000

    fault, level, message = found(change=claim)["voxel-budget"]
    assert (fault, level) == (8, Level.QUAR)
    assert "4500000000 voxels, the bound is 1000000000" in message


def test_every_rule_of_the_table_is_named_once():
    rules = [check.rule for check in checks.DICOM_CHECKS]
    assert len(rules) == len(set(rules))
    assert all(check.reason for check in checks.DICOM_CHECKS)

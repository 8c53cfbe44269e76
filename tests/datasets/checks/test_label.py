import numpy as np
import pytest

from radflow.datasets.checks.image import examine_label
from radflow.datasets.checks.label import class_voxels

SHAPE = (12, 14, 10)


def labels(dtype=np.uint8):
    array = np.zeros(SHAPE, dtype)
    array[3:6], array[6:8] = 1, 2
    return array


def assert_finding(finding, fault, level, *words):
    assert (finding.fault, finding.level) == (fault, level)
    assert finding.message.startswith("case_1 (label): ")
    assert finding.remedy
    for word in words:
        assert word in finding.message


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32])
def test_integer_labels_have_no_finding(make, check_label, dtype):
    assert check_label(make(array=labels(dtype))).findings == []


def test_values_the_card_does_not_know_stop_with_their_voxels(make, check_label):
    array = labels()
    array[0, 0, :2] = 255
    finding = check_label(make(array=array)).one("label-value")
    assert_finding(finding, 43, "STOP", "values [255] in 2 voxels", "the card knows [0, 1, 2]")


@pytest.mark.parametrize("value", [0.988, np.nan, np.inf])
def test_labels_that_are_not_integers_stop_and_are_never_rounded(make, check_label, value):
    array = labels(np.float32)
    array[0, 0, 0] = value
    found = check_label(make(array=array))
    assert_finding(found.one("label-not-integer"), 44, "STOP", "1 of 1680 voxels")
    assert found.rules == ["label-not-integer"]


def test_labels_that_a_rescaling_moved_off_the_integers_stop(make, check_label):
    path = make("case_1.nii", array=labels(np.int16) * 21845)
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([4.6e-5, 0], "<f4").tobytes()
    path.write_bytes(content)
    assert check_label(path).one("label-not-integer").level == "STOP"


def test_labels_that_cannot_be_rescaled_stop(make, check_label):
    path = make("case_1.nii", array=labels(np.int16))
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([2, np.nan], "<f4").tobytes()
    path.write_bytes(content)
    assert_finding(check_label(path).one("label-scaling"), 36, "STOP", "scl_inter is nan")


def test_integers_stored_as_floats_become_uint8(make, check_label):
    finding = check_label(make(array=labels(np.float32))).one("label-type")
    assert_finding(finding, 36, "FIX", "stored as float32")
    assert finding.size == 0


def test_integers_behind_a_rescaling_become_uint8(make, check_label):
    path = make("case_1.nii", array=labels(np.int16) * 2)
    content = bytearray(path.read_bytes())
    content[112:120] = np.array([0.5, 0], "<f4").tobytes()
    path.write_bytes(content)
    assert_finding(check_label(path).one("label-type"), 36, "FIX", "stored as int16, rescaled")


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_labels_of_64_bits_which_many_tools_refuse_become_uint8(make, check_label, dtype):
    finding = check_label(make(array=labels(dtype), dtype=dtype)).one("label-bits")
    assert_finding(finding, 37, "FIX", f"stored as {np.dtype(dtype).name}")


def test_more_classes_than_a_byte_holds_become_uint16(make, check_label):
    array = labels(np.float32)
    array[0, 0, 0] = 300
    finding = check_label(make(array=array), classes=tuple(range(301))).one("label-type")
    assert finding.remedy == "Kept as uint16 with equal values"


def test_a_declared_fill_is_for_images_and_never_for_labels(make, check_label):
    array = labels(np.float32)
    array[0, 0, 0] = np.nan
    found = check_label(make(array=array), fill_not_finite=0.0)
    assert found.one("label-not-integer").level == "STOP"


def test_an_empty_label_is_noted_because_no_list_says_that_it_is_positive(make, check_label):
    found = check_label(make(array=np.zeros(SHAPE, np.uint8)))
    assert_finding(found.one("label-empty"), 45, "NOTE", "all 1680 voxels are background")
    assert found.rules == ["label-empty"]


def test_a_class_without_a_voxel_is_noted(make, check_label):
    array = labels()
    array[array == 2] = 0
    assert_finding(check_label(make(array=array)).one("label-class-absent"), 45, "NOTE", "[2]")


def test_an_unreadable_label_is_named_as_such(tmp_path, check_label):
    (tmp_path / "case_1.nii.gz").touch()
    assert_finding(check_label(tmp_path / "case_1.nii.gz").one("empty-file"), 2, "QUAR")


def test_a_label_with_several_channels_stops(make, check_label):
    found = check_label(make(array=np.stack([labels(), labels()], -1)))
    assert_finding(found.one("axes"), 26, "STOP", "(12, 14, 10, 2)")


def test_voxels_are_counted_for_every_class_of_the_card(make, rules):
    array = labels()
    array[array == 2] = 0
    examined, _ = examine_label(make(array=array), rules, (0, 1, 2), case="case_1")
    assert class_voxels(examined) == {0: 1260, 1: 420, 2: 0}

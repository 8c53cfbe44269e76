import numpy as np
import pytest

from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.finding import run_checks
from radflow.datasets.checks.pair import CHANNEL_PAIR_CHECKS, LABEL_PAIR_CHECKS, Pair
from radflow.imaging.nifti_reader import read_raw


@pytest.fixture
def compare(make, rules):
    def _compare(affine=None, shape=(12, 14, 10), checks=LABEL_PAIR_CHECKS):
        other = make("label.nii.gz", array=np.ones(shape, np.uint8), affine=affine)
        pair = Pair(*(Examined(path, read_raw(path), rules) for path in (make(), other)))
        return run_checks(checks, pair, case="case_1", role="label")

    return _compare


def shifted(mm):
    affine = np.eye(4)
    affine[1, 3] = mm
    return affine


def test_files_on_one_grid_have_no_finding(compare):
    assert compare() == []
    assert compare(shifted(0.0005)) == []


def test_another_shape_stops(compare):
    (finding,) = compare(shape=(12, 14, 11))
    assert (finding.rule, finding.fault, finding.level) == ("label-shape", 28, "STOP")
    assert "case_1 (label): shape (12, 14, 11) differs" in finding.message
    assert "(12, 14, 10)" in finding.message


@pytest.mark.parametrize("affine", [shifted(0.3), np.diag([1, 1, 1.1, 1.0])])
def test_another_origin_or_spacing_stops_with_the_distance_and_the_bound(compare, affine):
    (finding,) = compare(affine)
    assert (finding.rule, finding.fault, finding.level) == ("label-grid", 28, "STOP")
    assert "the bound is 0.05 mm" in finding.message
    assert finding.size > 0.05


def test_a_shift_within_rounding_of_other_programs_is_noted_with_its_size(compare):
    (finding,) = compare(shifted(0.02))
    assert (finding.rule, finding.level) == ("label-grid", "NOTE")
    assert finding.size == pytest.approx(0.02)


def test_a_flipped_label_stops_as_a_flip(compare):
    (finding,) = compare(np.diag([-1.0, 1, 1, 1]))
    assert (finding.rule, finding.fault, finding.level) == ("label-flip", 23, "STOP")
    assert "axes are LAS, the image's RAS: one of them is flipped" in finding.message


def test_channels_on_different_grids_stop(compare):
    (finding,) = compare(shifted(5), checks=CHANNEL_PAIR_CHECKS)
    assert (finding.rule, finding.fault, finding.level) == ("channel-grid", 29, "STOP")


def test_without_an_affine_only_the_shapes_are_compared(make, rules):
    uncoded = make("label.nii")
    content = bytearray(uncoded.read_bytes())
    content[252:256] = bytes(4)
    uncoded.write_bytes(content)
    paths = make(), uncoded
    pair = Pair(*(Examined(path, read_raw(path), rules) for path in paths))
    assert run_checks(LABEL_PAIR_CHECKS, pair, case="case_1") == []

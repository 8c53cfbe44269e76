import dataclasses

import numpy as np
import pytest
from bright_square import write_square_study

from radflow.datasets.cases import Lesion
from radflow.errors import IntakeError
from radflow.explain.pointing import Pointed, game, lesion_mask


def test_the_interval_is_wilsons():
    found = game([Pointed("a", inside=n < 8, share=0.1) for n in range(10)])
    z, n, p = 1.959964, 10, 0.8
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert found["low"] == pytest.approx(middle - half, abs=1e-5)
    assert found["high"] == pytest.approx(middle + half, abs=1e-5)
    assert (found["n"], found["inside"], found["share"], found["chance"]) == (10, 8, 0.8, 0.1)


def test_classes_are_counted_by_themselves():
    found = game([Pointed("a", inside=True, share=0.5), Pointed("b", inside=False, share=0.1)])
    assert found["classes"]["a"]["inside"] == 1
    assert found["classes"]["b"]["share"] == 0


def test_without_a_case_nothing_is_estimated():
    assert game([])["share"] is None


def test_a_box_marks_the_voxels_of_the_label(tmp_path):
    case = write_square_study(tmp_path, cases=3)[2]
    of_label = lesion_mask(case)
    of_box = lesion_mask(dataclasses.replace(case, label=None))
    np.testing.assert_array_equal(of_label, of_box)
    assert of_label.sum() == 25
    assert lesion_mask(case, [2]) is None
    assert lesion_mask(dataclasses.replace(case, label=None, lesions=())) is None


@pytest.mark.parametrize(
    ("kind", "extent", "voxels"), [("point", (0, 0, 0), 1), ("sphere", (4, 1, 4), 13)]
)
def test_spheres_and_points_are_marked_without_a_margin(tmp_path, kind, extent, voxels):
    case = write_square_study(tmp_path, cases=1)[0]
    lesion = Lesion(kind, (10.0, 0.0, 9.0), extent)
    mask = lesion_mask(dataclasses.replace(case, label=None, lesions=(lesion,)))
    assert mask.sum() == voxels
    assert mask[10, 0, 9]


def test_a_label_that_changed_is_refused(tmp_path):
    case = write_square_study(tmp_path, cases=1)[0]
    case.label.write_bytes(b"other")
    with pytest.raises(IntakeError, match="changed since intake"):
        lesion_mask(case)

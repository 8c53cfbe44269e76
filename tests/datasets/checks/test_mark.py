from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from radflow.datasets.checks.listing import Mark
from radflow.datasets.checks.mark import place_marks

SHAPE = (40, 30, 20)
RAS = np.diag([2.0, 3.0, 4.0, 1.0])


def box(lower, upper, units="voxel"):
    return Mark("box", units, tuple(map(float, lower)), tuple(map(float, upper)))


def sphere(centre, radius=2.0, units="voxel"):
    return Mark("sphere", units, tuple(centre), tuple(centre), radius)


def point(centre, units="voxel"):
    return Mark("point", units, tuple(centre), tuple(centre))


def place(*marks, shape=SHAPE, affine=RAS):
    image = SimpleNamespace(affine=affine, shape=shape)
    return place_marks(marks, image, case="case_1")


def only(found):
    lesions, (finding,) = found
    return lesions, finding


def stopped(found, rule, fault=47):
    lesions, finding = only(found)
    assert (lesions, finding.rule, finding.fault, finding.level) == ((), rule, fault, "STOP")
    assert finding.message.startswith("case_1 (lesion ")
    return finding.message


def test_boxes_in_voxels_keep_middle_and_size():
    (lesion,), findings = place(replace(box((2, 4, 6), (5, 5, 10)), name="metastasis"))
    assert (lesion.centre, lesion.extent) == ((3.5, 4.5, 8), (3, 1, 4))
    assert (lesion.kind, lesion.name, findings) == ("box", "metastasis", [])


def test_mm_become_voxels_by_the_affine():
    affine = np.array([[0, -2.0, 0, 10], [3, 0, 0, -5], [0, 0, 4, 7], [0, 0, 0, 1]])
    (lesion,), findings = place(box((2, 1, 11), (6, 7, 15), "mm"), affine=affine)
    # x = 10 - 2 j, y = 3 i - 5, z = 4 k + 7
    assert lesion.centre == pytest.approx((3, 3, 1.5))
    assert lesion.extent == pytest.approx((2, 2, 1))
    assert findings == []


def test_a_sphere_is_as_wide_as_its_diameter_in_voxels_of_each_axis():
    (lesion,), _ = place(sphere((20, 30, 40), 6.0, "mm"))
    assert lesion.extent == pytest.approx((6, 4, 3))


def test_a_mark_of_a_picture_is_one_voxel_thick_and_a_point_has_no_size():
    flat = {"shape": (64, 64, 1), "affine": np.diag([-0.5, -0.5, 1, 1])}
    (lesion,), findings = place(box((2, 4, 0), (5, 6, 0)), **flat)
    assert (lesion.extent, findings) == ((3, 2, 1), [])
    assert place(point((2, 4, 0)), **flat)[0][0].extent == (0, 0, 0)


angle = st.floats(-180, 180)
size = st.floats(0.3, 8)
small = st.floats(-200, 200)


@given(st.tuples(angle, angle, angle), st.tuples(size, size, size), st.tuples(small, small, small))
def test_a_sphere_in_mm_comes_back_to_where_it_was_under_any_affine(angles, sizes, origin):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * sizes
    affine[:3, 3] = origin
    voxel = np.array([11.5, 7, 3.25])
    centre = affine[:3, :3] @ voxel + affine[:3, 3]
    (lesion,), findings = place(sphere(tuple(centre), 1.5, "mm"), affine=affine)
    assert findings == []
    assert lesion.centre == pytest.approx(voxel, abs=1e-6)
    back = affine[:3, :3] @ lesion.centre + affine[:3, 3]
    assert back == pytest.approx(centre, abs=1e-6)
    assert lesion.extent == pytest.approx(3 / np.array(sizes))


@given(st.tuples(angle, angle, angle), st.tuples(size, size, size))
def test_a_box_in_mm_lies_in_its_box_of_voxels_and_touches_each_side(angles, sizes):
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * sizes
    middle = affine[:3, :3] @ [20, 15, 10]
    half = np.array([0.5, 0.3, 0.4])
    (lesion,), _ = place(box(middle - half, middle + half, "mm"), affine=affine)
    signs = np.array(np.meshgrid(*[(-1, 1)] * 3)).reshape(3, -1)
    corners = np.linalg.inv(affine[:3, :3]) @ (middle[:, None] + half[:, None] * signs)
    assert corners.min(axis=1) == pytest.approx(
        np.subtract(lesion.centre, lesion.extent) + np.divide(lesion.extent, 2)
    )
    assert corners.max(axis=1) == pytest.approx(np.add(lesion.centre, np.divide(lesion.extent, 2)))


def test_a_box_that_is_turned_against_the_image_is_noted_with_its_growth():
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("z", 45, degrees=True).as_matrix()
    (lesion,), (finding,) = place(box((-2, 18, 5), (2, 22, 8), "mm"), affine=affine)
    assert (finding.rule, finding.fault, finding.level) == ("lesion-turned", 47, "NOTE")
    assert finding.size == pytest.approx(2)
    assert lesion.extent == pytest.approx((4 * 2**0.5, 4 * 2**0.5, 3))


def test_swapped_corners_stop_with_their_axes():
    message = stopped(place(box((5, 4, 6), (2, 8, 1))), "lesion-corners")
    assert "(5, 4, 6) to (2, 8, 1)" in message
    assert "below the lower one along x, z" in message


def test_a_box_without_size_stops_with_its_axis():
    assert "no size along y" in stopped(place(box((5, 4, 6), (7, 4, 8))), "lesion-size")


@pytest.mark.parametrize("radius", [0.0, -3.0])
def test_a_sphere_without_radius_stops(radius):
    assert f"radius {radius:g}" in stopped(place(sphere((5, 4, 6), radius)), "lesion-size")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_numbers_that_are_none_stop(wrong):
    found = place(box((5, 4, wrong), (7, 8, 9)))
    assert str(wrong) in stopped(found, "lesion-number")


@pytest.mark.parametrize(
    "mark", [point((5, 4, 25)), sphere((-3, 4, 5)), box((38, 1, 1), (43, 2, 2))]
)
def test_a_mark_outside_the_image_stops_with_the_images_size(mark):
    message = stopped(place(mark), "lesion-outside")
    assert "40 x 30 x 20 voxels" in message


def test_marks_at_the_very_edge_are_inside_by_either_convention_of_edges():
    _, findings = place(box((-0.5, -0.5, -0.5), (39.5, 29.5, 19.5)), box((0, 0, 0), SHAPE))
    assert findings == []
    assert place(sphere((0, 0, 0), 9.0))[1] == []


@pytest.mark.parametrize(
    ("mark", "hint"),
    [
        (point((70, 80, 10)), "(`units: mm`)"),
        (point((-10, -6, 5), "mm"), "(LPS, as in DICOM)"),
        (point((3, 4, 35)), "as mm in RAS+ (`units: mm`), or in the order z, y, x"),
    ],
)
def test_a_likely_mistake_is_named(mark, hint):
    assert hint in stopped(place(mark), "lesion-outside")


def test_voxels_given_as_mm_are_named():
    shifted = RAS.copy()
    shifted[:3, 3] = (-90, -126, -72)
    message = stopped(place(point((30, 20, 10), "mm"), affine=shifted), "lesion-outside")
    assert "(`units: voxel`)" in message


def test_mm_from_the_first_voxel_given_as_voxels_are_named():
    flat = {"shape": (64, 64, 1), "affine": np.diag([-0.5, -0.5, 1, 1])}
    tall = {"shape": (64, 64, 1), "affine": np.diag([-2.0, -2.0, 1, 1])}
    message = stopped(place(point((100, 90, 0)), **tall), "lesion-outside")
    assert "as mm from the first voxel" in message
    assert "It would" not in stopped(place(point((100, 90, 0)), **flat), "lesion-outside")


def test_the_same_mark_twice_stops_with_both_numbers():
    marks = [box((1, 1, 1), (4, 4, 4)), point((1, 2, 3)), box((1, 1, 1), (4, 4, 4))]
    lesions, (finding,) = place(*marks)
    assert (finding.rule, finding.fault, finding.level) == ("lesion-twice", 48, "STOP")
    assert finding.message == "case_1 (lesion 3): the same place and size as lesion 1"
    assert len(lesions) == 3


def test_boxes_that_nearly_coincide_are_noted_with_their_overlap():
    lesions, finding = only(place(box((0, 0, 0), (10, 10, 10)), box((0, 0, 0), (10, 10, 10.5))))
    assert (finding.rule, finding.fault, finding.level) == ("lesion-overlap", 48, "NOTE")
    assert "95% with lesion 1" in finding.message
    assert len(lesions) == 2
    assert place(box((0, 0, 0), (10, 10, 10)), box((0, 0, 0), (10, 10, 12)))[1] == []


def test_every_bad_mark_of_a_case_is_found():
    marks = [point((99, 0, 0)), point((1, 1, 1)), sphere((2, 2, 2), -1.0)]
    assert [f.rule for f in place(*marks)[1]] == ["lesion-outside", "lesion-size"]


def test_no_marks_are_no_lesions():
    assert place() == ((), [])
    assert place(point((1, 1, 1)), affine=None) == ((), [])

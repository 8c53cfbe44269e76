import base64
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from nibabel.orientations import (
    apply_orientation,
    axcodes2ornt,
    inv_ornt_aff,
    io_orientation,
    ornt_transform,
)

from radflow.errors import EvaluationError
from radflow.imaging.volume import write_labels
from radflow.report.planes import CaseVolumes, draw_planes, read_case
from radflow.report.slices import PlanePicture, outline, png, scale_bar_mm

SPACING = (1.0, 2.0, 0.5)
TEXT = re.compile(r"<text [^>]*>([^<]+)</text>")


def _write(folder: Path, codes: str) -> tuple[Path, Path, Path]:
    """Write one and the same case with its axes stored as `codes`."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 200, (9, 10, 12)).astype(np.uint8)
    reference, prediction = np.zeros_like(image), np.zeros_like(image)
    reference[2:5, 3:8, 4:9], reference[5:7, 3:8, 4:9] = 1, 2
    prediction[2:6, 2:8, 4:8] = 1
    affine = np.diag([*SPACING, 1.0])
    turn = ornt_transform(io_orientation(affine), axcodes2ornt(codes))
    stored = affine @ inv_ornt_aff(turn, image.shape)
    folder.mkdir()
    paths = tuple(folder / f"{name}.nii.gz" for name in ("image", "reference", "prediction"))
    for path, array in zip(paths, (image, reference, prediction), strict=True):
        write_labels(path, np.ascontiguousarray(apply_orientation(array, turn)), stored)
    return paths[0], paths[1], paths[2]


def _pictures(folder: Path, codes: str) -> tuple[PlanePicture, ...]:
    return draw_planes(read_case(*_write(folder, codes)), description="A case.")


def _grey(svg: str) -> np.ndarray:
    """Decode the PNG of a picture."""
    found = re.search(r"base64,([^\"]+)", svg)
    assert found
    data = base64.b64decode(found[1])
    columns, rows = struct.unpack(">II", data[16:24])
    length = struct.unpack(">I", data[33:37])[0]
    pixels = np.frombuffer(zlib.decompress(data[41 : 41 + length]), np.uint8)
    return pixels.reshape(rows, columns + 1)[:, 1:]


@pytest.mark.parametrize("codes", ["LAS", "LPS", "PIR", "SAL", "ASR"])
def test_however_axes_are_stored_the_picture_is_the_same(tmp_path: Path, codes: str) -> None:
    assert _pictures(tmp_path / "other", codes) == _pictures(tmp_path / "ras", "RAS")


def test_letters_stand_at_the_sides_of_the_patient(tmp_path: Path) -> None:
    letters = {each.name: TEXT.findall(each.svg)[:4] for each in _pictures(tmp_path / "a", "LAS")}
    assert letters == {
        "axial": ["R", "L", "A", "P"],
        "coronal": ["R", "L", "S", "I"],
        "sagittal": ["A", "P", "S", "I"],
    }


def test_letters_agree_with_the_voxels() -> None:
    """A bright block at the patient's right, front and top lies where R, A and S stand."""
    image = np.zeros((9, 9, 9))
    image[6:, 6:, 6:] = 100
    labels = np.zeros((9, 9, 9), np.uint8)
    labels[7, 7, 7] = 1
    case = CaseVolumes(image, labels, None, (1.0, 1.0, 1.0))
    for picture in draw_planes(case, description=""):
        grey = _grey(picture.svg)
        assert grey[:3, :3].min() == 255, picture.name
        assert grey.sum() == 255 * 9


def test_pixels_have_the_size_of_voxels(tmp_path: Path) -> None:
    axial, coronal, sagittal = _pictures(tmp_path / "a", "RAS")
    for picture, width, height in (
        (axial, 9 * 1.0, 10 * 2.0),
        (coronal, 9 * 1.0, 12 * 0.5),
        (sagittal, 10 * 2.0, 12 * 0.5),
    ):
        assert f'<image width="{width:g}" height="{height:g}"' in picture.svg


def test_the_scale_bar_has_its_length_in_mm(tmp_path: Path) -> None:
    for picture in _pictures(tmp_path / "a", "RAS"):
        bar = re.search(r'class="scale"[^>]* width="(\d+)"', picture.svg)
        assert bar
        assert f">{bar[1]} mm</text>" in picture.svg
        # The picture's own coordinates are millimetres, so the bar measures what it says.
        box = re.search(r'viewBox="([^"]+)"', picture.svg)
        assert box
        assert float(box[1].split()[2]) == pytest.approx(picture.width_mm, rel=1e-5)


@pytest.mark.parametrize(("width", "bar"), [(35, 10), (50, 10), (61, 20), (240, 50), (2, 1)])
def test_the_scale_bar_is_round_and_takes_a_third_at_most(width: float, bar: int) -> None:
    assert scale_bar_mm(width) == bar


def test_the_slice_is_the_one_with_most_of_the_reference() -> None:
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[3, 2:6, 2:6] = 1
    labels[5, 2, 2] = 1
    image = np.zeros((8, 8, 8))
    image[3] = 1
    sagittal = draw_planes(CaseVolumes(image, labels, None, (1, 1, 1)), description="")[2]
    assert _grey(sagittal.svg).min() == 255


@pytest.mark.parametrize("predicted", [True, False])
def test_an_empty_reference_still_gives_a_picture(predicted: bool) -> None:
    empty = np.zeros((6, 6, 6), np.uint8)
    prediction = empty.copy()
    prediction[4, 4, 4] = 1
    case = CaseVolumes(np.zeros((6, 6, 6)), empty, prediction if predicted else None, (1, 1, 1))
    pictures = draw_planes(case, description="")
    assert [picture.name for picture in pictures] == ["axial", "coronal", "sagittal"]
    assert ('class="prediction" d="M' in pictures[0].svg) == predicted


def test_a_large_image_is_cut_around_the_structure() -> None:
    labels = np.zeros((200, 8, 8), np.uint8)
    labels[100, 4, 4] = 1
    case = CaseVolumes(np.zeros(labels.shape), labels, None, (1.0, 1.0, 1.0))
    assert _grey(draw_planes(case, description="")[0].svg).shape == (8, 61)


def test_voxels_that_are_no_numbers_are_black() -> None:
    image = np.full((4, 4, 4), np.nan)
    labels = np.ones((4, 4, 4), np.uint8)
    case = CaseVolumes(image, labels, None, (1.0, 1.0, 1.0))
    assert not _grey(draw_planes(case, description="")[0].svg).any()


def test_the_description_is_escaped() -> None:
    labels = np.ones((3, 3, 3), np.uint8)
    case = CaseVolumes(np.zeros((3, 3, 3)), labels, None, (1.0, 1.0, 1.0))
    svg = draw_planes(case, description='"><script>')[0].svg
    assert "<script>" not in svg


def test_a_label_map_on_another_grid_is_refused(tmp_path: Path) -> None:
    image, reference, _ = _write(tmp_path / "a", "RAS")
    write_labels(tmp_path / "other.nii.gz", np.zeros((3, 3, 3), np.uint8), np.eye(4))
    with pytest.raises(EvaluationError, match=r"other\.nii\.gz has \(3, 3, 3\) voxels"):
        read_case(image, reference, tmp_path / "other.nii.gz")


def test_outlines_follow_voxel_edges() -> None:
    labels = np.array([[0, 0, 0], [0, 1, 2], [0, 0, 0]], np.uint8)
    upright = {(1, 1, 1, 2), (2, 1, 2, 2), (3, 1, 3, 2)}
    assert set(outline(labels)) == upright | {(1, 1, 3, 1), (1, 2, 3, 2)}


@given(arrays.arrays(np.uint8, (5, 6), elements=st.integers(0, 2)))
def test_outlines_have_the_length_of_all_edges_between_labels(labels: np.ndarray) -> None:
    padded = np.pad(labels, 1).astype(int)
    edges = sum(np.count_nonzero(np.diff(padded, axis=axis)) for axis in (0, 1))
    lengths = [abs(x1 - x0) + abs(y1 - y0) for x0, y0, x1, y1 in outline(labels)]
    assert sum(lengths) == edges


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2)))
def test_png_keeps_every_grey_level(levels: np.ndarray) -> None:
    svg = f'<image href="data:image/png;base64,{base64.b64encode(png(levels)).decode()}"/>'
    assert np.array_equal(_grey(svg), levels)

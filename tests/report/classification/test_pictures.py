"""Whole images of cases."""

import base64
import re
import struct
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform
from study_material import write_image

from radflow.datasets.cases import Case, Lesion
from radflow.errors import EvaluationError
from radflow.imaging.volume import write_labels
from radflow.report.classification.pictures import Directions, draw_whole
from radflow.report.slices import grey_levels

SHAPE = (9, 10, 12)
IMAGE = np.random.default_rng(5).normal(100, 20, SHAPE).astype(np.float32)
KNOWN, PICTURE = Directions(known=True, scale=True), Directions(known=False, scale=False)
CODES = st.sampled_from(["RAS", "LPS", "ASR", "PIR", "SLA", "LAI"])


def _case(folder: Path, codes: str, lesion: tuple[int, int, int], **changes: object) -> Case:
    """Write a volume, stored in another order than RAS+, with a lesion at a voxel of RAS+."""
    image = IMAGE.copy()
    turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    stored = apply_orientation(image, turn)
    affine = inv_ornt_aff(turn, SHAPE)
    path = folder / f"{codes}.nii.gz"
    write_image(path, np.ascontiguousarray(stored), affine)
    spot = np.zeros(SHAPE)
    spot[lesion] = 1
    place = tuple(float(at) for at in np.argwhere(apply_orientation(spot, turn))[0])
    values: dict[str, object] = {
        "case": "c",
        "subject": "c",
        "images": (path,),
        "label": None,
        "shape": stored.shape,
        "spacing_mm": (1.0, 1.0, 1.0),
        "orientation": codes,
        "image_sha256": ("0",),
        "label_sha256": None,
        "label_voxels": {},
        "lesions": (Lesion("point", place, (0.0, 0.0, 0.0)),),  # type: ignore[arg-type]
    }
    return Case(**(values | changes))  # type: ignore[arg-type]


def _levels(svg: str) -> np.ndarray:
    found = re.search(r"data:image/png;base64,([^\"]+)", svg)
    assert found is not None
    data = base64.b64decode(found[1])
    columns, rows = struct.unpack(">II", data[16:24])
    start = data.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", data[start - 8 : start - 4])
    pixels = np.frombuffer(zlib.decompress(data[start : start + length]), np.uint8)
    return pixels.reshape(rows, columns + 1)[:, 1:]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(CODES, st.tuples(*(st.integers(0, n - 1) for n in SHAPE)))
def test_the_planes_go_through_the_lesion_however_it_is_stored(
    tmp_path: Path, codes: str, lesion: tuple[int, int, int]
) -> None:
    case = _case(tmp_path, codes, lesion)
    pictures = draw_whole(case, outlined=False, directions=KNOWN, description="x")
    assert [picture.name for picture in pictures] == ["axial", "coronal", "sagittal"]
    i, j, k = lesion
    grey = grey_levels(IMAGE.astype(np.float64))
    # Right is at the left, front or top is up: both axes of a picture run against RAS.
    cuts = {"axial": grey[:, :, k], "coronal": grey[:, j], "sagittal": grey[i]}
    for picture in pictures:
        assert np.array_equal(_levels(picture.svg), cuts[picture.name].T[::-1, ::-1])


def test_a_volume_without_lesions_is_cut_through_its_middle(tmp_path: Path) -> None:
    case = _case(tmp_path, "RAS", (0, 0, 0), lesions=())
    axial = draw_whole(case, outlined=False, directions=KNOWN, description="x")[0]
    middle = grey_levels(IMAGE.astype(np.float64))[:, :, 6]
    assert np.array_equal(_levels(axial.svg), middle.T[::-1, ::-1])


def test_a_picture_is_one_plane_without_letters_and_scale(tmp_path: Path) -> None:
    image = np.random.default_rng(0).normal(100, 10, (8, 6, 1)).astype(np.float32)
    path = tmp_path / "flat.nii.gz"
    write_image(path, image, np.diag([-1.0, -1.0, 1.0, 1.0]))
    case = _case(tmp_path, "RAS", (0, 0, 0), images=(path,), shape=(8, 6, 1), lesions=())
    (picture,) = draw_whole(case, outlined=False, directions=PICTURE, description="A <case>")
    assert "<text" not in picture.svg
    assert 'aria-label="A &lt;case&gt;"' in picture.svg
    # Stored from left to right and from top to bottom, a viewer sees it upright.
    levels = _levels(picture.svg)
    assert levels.shape == (6, 8)
    assert np.unravel_index(image[:, :, 0].T.argmax(), (6, 8)) == np.unravel_index(
        levels.argmax(), (6, 8)
    )
    (scaled,) = draw_whole(
        case, outlined=False, directions=Directions(known=False, scale=True), description="x"
    )
    assert "mm</text>" in scaled.svg


def test_an_outlined_lesion_is_drawn_and_tells_the_planes(tmp_path: Path) -> None:
    case = _case(tmp_path, "RAS", (1, 1, 1))
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:8, 5:8, 5:8] = 1
    write_labels(tmp_path / "label.nii.gz", labels, np.eye(4))
    outlined = _case(tmp_path, "RAS", (6, 6, 6), label=tmp_path / "label.nii.gz", lesions=())
    axial = draw_whole(outlined, outlined=True, directions=KNOWN, description="x")[0]
    assert 'class="reference" d="M' in axial.svg
    through = grey_levels(IMAGE.astype(np.float64))[:, :, 6]
    assert np.array_equal(_levels(axial.svg), through.T[::-1, ::-1])
    plain = draw_whole(case, outlined=True, directions=KNOWN, description="x")[0]
    assert 'class="reference"' not in plain.svg


def test_an_outline_on_another_grid_is_refused(tmp_path: Path) -> None:
    write_labels(tmp_path / "label.nii.gz", np.zeros((3, 3, 3), np.uint8), np.eye(4))
    case = _case(tmp_path, "RAS", (1, 1, 1), label=tmp_path / "label.nii.gz")
    with pytest.raises(EvaluationError, match=r"label maps must lie on the grid of the image"):
        draw_whole(case, outlined=True, directions=KNOWN, description="x")
    assert nib.load(case.images[0]).shape == SHAPE

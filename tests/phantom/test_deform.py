"""Deformations: invertible always, and each term moves what it says."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radflow.errors import RadflowError
from radflow.phantom.atlas import load_atlas
from radflow.phantom.deform import Mass, Shape, atlas_points, brain_centre, jacobian_determinant
from radflow.randomness import keyed_generator

_SPACING = 4.0


def _grid() -> list[npt.NDArray[np.float32]]:
    return [
        ((np.arange(size) - (size - 1) / 2) * _SPACING).astype(np.float32) for size in (46, 54, 48)
    ]


def _shape(**changes: object) -> Shape:
    neutral: dict[str, object] = {
        "size": (1.0, 1.0, 1.0),
        "rotation_degrees": (0.0, 0.0, 0.0),
        "shift_mm": (0.0, 0.0, 0.0),
        "asymmetry": 0.0,
        "ventricles": 0.0,
        "hippocampus": 0.0,
    }
    return Shape(**(neutral | changes))  # pyright: ignore[reportArgumentType]


def _points(seed: int = 1, **changes: object) -> npt.NDArray[np.float32]:
    return atlas_points(_shape(**changes), _grid(), keyed_generator(seed))


def _volume_ml(name: str, points: npt.NDArray[np.float32]) -> float:
    atlas = load_atlas()
    return float(atlas.sample(getattr(atlas, name), points, outside=0).sum()) * _SPACING**3 / 1000


def test_the_jacobian_of_an_affine_map_is_its_determinant() -> None:
    matrix = np.array([[1.1, 0.1, 0], [0, 0.9, 0.05], [0.02, 0, 1.2]])
    away = np.stack(np.meshgrid(*_grid(), indexing="ij"))
    points = np.einsum("ab,bijk->aijk", matrix, away).astype(np.float32)
    found = jacobian_determinant(points, _SPACING)
    np.testing.assert_allclose(found, np.linalg.det(matrix), rtol=1e-4)


@settings(deadline=None, max_examples=12)
@given(
    seed=st.integers(0, 10**6),
    ventricles=st.floats(-0.4, 6),
    hippocampus=st.floats(0, 0.6),
    asymmetry=st.floats(-3, 4),
    strength=st.floats(0, 0.35),
    radius=st.floats(5, 24),
)
def test_every_deformation_is_invertible(  # noqa: PLR0917 - one argument per term
    seed: int,
    ventricles: float,
    hippocampus: float,
    asymmetry: float,
    strength: float,
    radius: float,
) -> None:
    mass = Mass(np.array([30.0, 10.0, 20.0]), radius, strength)
    points = _points(
        seed,
        ventricles=ventricles,
        hippocampus=hippocampus,
        asymmetry=asymmetry,
        masses=(mass,),
    )
    assert jacobian_determinant(points, _SPACING).min() > 0


def test_a_deformation_that_folds_is_refused_with_its_jacobian() -> None:
    with pytest.raises(RadflowError, match=r"folds \(least Jacobian determinant -?\d"):
        _points(ventricles=60.0)


def test_ventricles_grow_and_hippocampi_shrink_as_asked() -> None:
    plain = _points()
    assert _volume_ml("ventricles", _points(ventricles=3)) > 1.4 * _volume_ml("ventricles", plain)
    shrunk = _volume_ml("hippocampi", _points(hippocampus=0.3))
    assert shrunk < 0.9 * _volume_ml("hippocampi", plain)


def test_a_larger_head_has_more_brain_by_the_cube() -> None:
    plain, large = (_volume_ml("white", _points(size=(s, s, s))) for s in (1.0, 1.05))
    assert large / plain == pytest.approx(1.05**3, rel=0.02)


def test_a_mass_pushes_its_surroundings_away_and_keeps_its_centre() -> None:
    centre = np.array([30.0, 10.0, 20.0])
    plain, pushed = _points(), _points(masses=(Mass(centre, 15.0, 0.3),))
    near = np.linalg.norm(plain - centre.reshape(3, 1, 1, 1), axis=0)
    shell = (near > 10) & (near < 14)
    moved = np.linalg.norm(pushed - centre.reshape(3, 1, 1, 1), axis=0)
    assert (moved[shell] < near[shell]).mean() > 0.99
    assert np.abs(pushed - plain)[:, near > 70].max() < 0.5


def test_a_mass_does_not_move_the_skull() -> None:
    mass = Mass(np.array([45.0, 10.0, 40.0]), 20.0, 0.35)
    plain, pushed = _points(), _points(masses=(mass,))
    atlas = load_atlas()
    skull = atlas.sample(atlas.depth, plain, outside=60) > 2
    moved = np.linalg.norm(pushed - plain, axis=0)
    assert moved[~skull].max() > 3
    assert moved[skull].max() < 0.5


def test_asymmetry_moves_the_hemispheres_against_each_other() -> None:
    plain, twisted = _points(), _points(asymmetry=3)
    moved = (twisted - plain)[1]
    right, left = moved[30:40, 20:34, 20:28].mean(), moved[6:16, 20:34, 20:28].mean()
    assert right < -1 < 1 < left


def test_the_position_in_the_scanner_is_an_isometry() -> None:
    moved = _points(rotation_degrees=(5.0, -4.0, 3.0), shift_mm=(3.0, -2.0, 1.0))
    assert _volume_ml("white", moved) == pytest.approx(_volume_ml("white", _points()), rel=0.02)


def test_the_middle_of_the_grid_is_the_middle_of_the_brain() -> None:
    points: Sequence[npt.NDArray[np.float32]] = list(_points())
    middle = np.array([part.mean() for part in points])
    np.testing.assert_allclose(middle, brain_centre(), atol=2)

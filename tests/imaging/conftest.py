from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import strategies as st

ORIENTATIONS = [
    "".join(pair[flip] for pair, flip in zip(pairs, flips, strict=True))
    for pairs in permutations(["LR", "PA", "IS"])
    for flips in product([0, 1], repeat=3)
]


def rotation(degrees):
    """A rotation by three angles, about the three axes in turn."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        one, two = (other for other in range(3) if other != axis)
        turn = np.eye(3)
        turn[[one, two], [one, two]] = np.cos(angle)
        turn[one, two], turn[two, one] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return matrix


@st.composite
def _oblique(draw):
    letters = draw(st.sampled_from(ORIENTATIONS))
    signed = np.zeros((3, 3))
    for axis, letter in enumerate(letters):
        ras = next(n for n, pair in enumerate(("LR", "PA", "IS")) if letter in pair)
        signed[ras, axis] = 1 if letter in "RAS" else -1
    degrees = [draw(st.floats(-10, 10)) for _ in range(3)]
    sizes = [draw(st.floats(0.4, 6.0)) for _ in range(3)]
    affine = np.eye(4)
    affine[:3, :3] = rotation(degrees) @ signed @ np.diag(sizes)
    affine[:3, 3] = [draw(st.floats(-200, 200)) for _ in range(3)]
    return affine


@pytest.fixture(params=ORIENTATIONS)
def letters(request):
    return request.param


@pytest.fixture(scope="session")
def oblique():
    """Strategy: oblique, anisotropic affines in every storage order."""
    return _oblique()

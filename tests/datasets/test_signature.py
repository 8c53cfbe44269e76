"""A signature stays what it is where an image is stored anew, and differs where anatomy does."""

import gzip
import tarfile

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mirror import mirrored
from scipy.ndimage import gaussian_filter, shift, zoom
from selected import make_case

from radflow.datasets.near_duplicates import ALIKE, near_duplicates
from radflow.datasets.signature import EDGE, grid_of, signature_of

SHAPE = (48, 56, 40)
AFFINE = np.diag([1.0, 1.0, 1.5, 1.0])


def scan(seed: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Make a bright body in darkness whose inside differs from seed to seed."""
    places = np.indices(shape, float)
    middle = [size / 2 for size in shape]
    inside = sum(
        ((place - at) / (0.36 * size)) ** 2
        for place, at, size in zip(places, middle, shape, strict=True)
        if size > 1
    )
    rng = np.random.default_rng(seed)
    texture = gaussian_filter(rng.normal(size=shape), [2.5 if n > 1 else 0 for n in shape])
    noise = rng.normal(0, 2, shape)
    return np.where(inside < 1, 300 + 120 * texture / texture.std(), 0) + noise


def similarity(one: str, other: str) -> float:
    cases = [make_case("a", signature=one), make_case("b", signature=other)]
    pairs = near_duplicates(cases)
    return pairs[0].similarity if pairs else 0.0


def copies(image: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    low, high = image.min(), image.max()
    moved = [1.0] * 3 if image.shape[2] > 1 else [1.0, 1.0, 0.0]
    smaller = [1 / 1.1 if size > 1 else 1 for size in image.shape]
    flipped = AFFINE.copy()
    flipped[:3, 3] = AFFINE[:3, 0] * (image.shape[0] - 1)
    flipped[:, 0] *= -1
    noise = np.random.default_rng(9).normal(0, 0.02 * (high - low), image.shape)
    return {
        "rescaled": (image * 0.031 - 7, AFFINE),
        "gamma": (((image - low) / (high - low)) ** 0.8, AFFINE),
        "shifted": (shift(image, moved, order=0, mode="nearest"), AFFINE),
        "shifted-and-rescaled": (shift(image, moved, order=0, mode="nearest") * 5 + 90, AFFINE),
        "flipped": (image[::-1], flipped),
        "transposed": (image.transpose(1, 0, 2), AFFINE[:, [1, 0, 2, 3]]),
        "noisy": (image + noise, AFFINE),
        "resampled": (zoom(image, smaller, order=1), AFFINE),
        "8-bit": (np.rint((image - low) / (high - low) * 255).astype(np.uint8), AFFINE),
        "float16": (image.astype(np.float16), AFFINE),
    }


@pytest.mark.parametrize("name", copies(scan(0)))
@pytest.mark.parametrize("shape", [SHAPE, (256, 220, 1)], ids=["volume", "slice"])
def test_a_copy_is_found_whatever_was_done_to_it(shape: tuple[int, ...], name: str) -> None:
    image = scan(0, shape)
    array, affine = copies(image)[name]
    one, other = signature_of(image, AFFINE), signature_of(array, affine)
    dimensions = 3 if shape[2] > 1 else 2
    assert len(one) == EDGE[dimensions] ** dimensions
    assert similarity(one, other) >= ALIKE[dimensions]


@pytest.mark.parametrize("shape", [SHAPE, (256, 220, 1)], ids=["volume", "slice"])
def test_other_anatomy_in_the_same_outline_is_not_found(shape: tuple[int, ...]) -> None:
    signatures = [signature_of(scan(seed, shape), AFFINE) for seed in range(8)]
    cases = [make_case(f"s{n}", signature=each) for n, each in enumerate(signatures)]
    assert near_duplicates(cases) == []


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-3, 1e4), st.floats(-1e3, 1e3), st.permutations(range(3)), st.integers(0, 7))
def test_scale_offset_and_storage_order_leave_almost_every_digit(
    factor: float, offset: float, order: list[int], flips: int
) -> None:
    image = scan(1)
    affine = AFFINE.copy()
    array = image
    for axis in range(3):
        if flips >> axis & 1:
            array = np.flip(array, axis)
            affine[:3, 3] += affine[:3, axis] * (image.shape[axis] - 1)
            affine[:3, axis] *= -1
    array, affine = array.transpose(order), affine[:, [*order, 3]]
    one = grid_of(signature_of(image, AFFINE))
    other = grid_of(signature_of(array * factor + offset * factor, affine))
    assert np.abs(one - other).max() <= 1


@settings(max_examples=10, deadline=None)
@given(st.tuples(*[st.integers(-4, 4)] * 3))
def test_a_shift_of_several_voxels_in_darkness_is_found(by: tuple[int, int, int]) -> None:
    image = scan(2)
    moved = np.roll(image, by, axis=(0, 1, 2))
    assert similarity(signature_of(image, AFFINE), signature_of(moved, AFFINE)) > 0.95


def test_an_image_without_contrast_or_orientation_has_no_signature() -> None:
    image = scan(0)
    assert signature_of(np.full(SHAPE, 3.0), AFFINE) == ""
    assert signature_of(np.full(SHAPE, np.nan), AFFINE) == ""
    assert signature_of(image, np.zeros((4, 4))) == ""
    assert signature_of(image[:1, :1], AFFINE) == ""
    assert signature_of(image[None], AFFINE) == ""


def test_voxels_that_are_not_finite_count_as_the_median() -> None:
    image = scan(0)
    holed = image.copy()
    holed[:2] = np.nan
    assert similarity(signature_of(image, AFFINE), signature_of(holed, AFFINE)) > 0.95


def test_pairs_are_of_different_subjects_and_patients() -> None:
    signature = signature_of(scan(0), AFFINE)
    one, other = make_case("a", signature=signature), make_case("b", signature=signature)
    known = [make_case(name, signature=signature, patient="TCIA:1") for name in "cd"]
    twice = make_case("a-2", subject="a", signature=signature)
    assert [(p.one.case, p.other.case) for p in near_duplicates([other, one, twice])] == [
        ("a", "b"),
        ("a-2", "b"),
    ]
    assert near_duplicates(known) == []
    assert near_duplicates([one], [make_case("a", signature=signature)])[0].similarity == 1


def test_volumes_and_slices_and_broken_signatures_are_not_compared() -> None:
    volume, image = signature_of(scan(0), AFFINE), signature_of(scan(0, (64, 64, 1)), AFFINE)
    cases = [
        make_case(name, signature=each)
        for name, each in zip("abc", (volume, image, ""), strict=True)
    ]
    assert near_duplicates(cases) == []
    assert grid_of("abc") is None


def real_volumes() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found = {}
    with tarfile.open(mirrored("brain-tumor-progression_9.tar")) as archive:
        for member in archive:
            if member.name.endswith("_Scan_T1.nii.gz"):
                content = gzip.decompress(archive.extractfile(member).read())
                image = nib.Nifti1Image.from_bytes(content)
                found[member.name] = image.get_fdata(), image.affine
    return found


def test_real_heads_of_nine_patients_are_told_apart_and_their_copies_found() -> None:
    volumes = real_volumes()
    cases = [
        make_case(name, subject=name.split("/")[1], signature=signature_of(*volume))
        for name, volume in volumes.items()
    ]
    assert len(cases) == 18
    assert near_duplicates(cases) == []
    name = min(volumes)
    array, affine = volumes[name]
    moved = shift(array, (1, 1, 0), order=0, mode="nearest") * 0.5 + 11
    copy = make_case("copy", signature=signature_of(moved, affine))
    best = near_duplicates([*cases, copy])[0]
    assert {best.one.case, best.other.case} == {name, "copy"}

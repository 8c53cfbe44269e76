"""Views against slices of the padded volume, cut by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radflow.config.classification import InputRules
from radflow.datasets.cases import Case, Lesion
from radflow.errors import LeakError
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.imaging.normalise import Intensity
from radflow.patches.index import COLUMNS, read_index, write_index
from radflow.patches.store import ShardSet, write_shard
from radflow.patches.views import (
    ViewCentres,
    ViewReader,
    build_views,
    view_centres,
    view_shape,
)
from radflow.selections import TrainingCases

SHAPE = (9, 12, 7)
MARGIN = 40


def record(name: str = "x", *, lesions: Sequence[Lesion] = (), **changes: Any) -> Case:
    values: dict[str, Any] = {
        "case": name,
        "subject": name,
        "images": (Path("x.nii.gz"),),
        "label": None,
        "shape": SHAPE,
        "spacing_mm": (1.0, 1.0, 1.0),
        "orientation": "RAS",
        "image_sha256": ("0" * 64,),
        "label_sha256": None,
        "label_voxels": {},
        "lesions": tuple(lesions),
    }
    return Case(**(values | changes))


def noise(shape: Sequence[int] = SHAPE, channels: int = 2) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(channels, *shape)).astype(np.float16).astype(np.float32)


def store(
    folder: Path,
    image: np.ndarray,
    *,
    label: np.ndarray | None = None,
    geometry: Geometry | None = None,
) -> ShardSet:
    i, j, k = image.shape[1:]
    place = geometry or Geometry((i, j, k), np.eye(4), (1.0, 1.0, 1.0))
    write_shard(folder / "a.shard", [PreprocessedCase("x", image, label, place)])
    return ShardSet([folder / "a.shard"])


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return store(tmp_path_factory.mktemp("views"), noise())


def box(image: np.ndarray, centre: Sequence[int], size: Sequence[int]) -> np.ndarray:
    """Cut a box of a volume that is padded with NaN; what is beyond becomes the box's minimum."""
    padded = np.pad(image, [(0, 0), *[(MARGIN, MARGIN)] * 3], constant_values=np.nan)
    cut = padded[
        (
            slice(None),
            *(
                slice(at - n // 2 + MARGIN, at - n // 2 + n + MARGIN)
                for at, n in zip(centre, size, strict=True)
            ),
        )
    ]
    lowest = np.nanmin(cut, axis=(1, 2, 3), keepdims=True)
    return np.where(np.isnan(cut), lowest, cut)


centres = st.tuples(*(st.integers(0, n - 1) for n in SHAPE))
sizes = st.tuples(*(st.integers(2, 20) for _ in SHAPE))


@given(centres, sizes)
def test_a_whole_volume_is_cropped_or_padded_with_its_lowest_value(
    shards: ShardSet, centre: tuple[int, ...], size: tuple[int, ...]
) -> None:
    view = ViewReader(shards, InputRules(), size).read("x", centre)
    np.testing.assert_array_equal(view, box(noise(), centre, size))
    assert view.dtype == np.float32
    assert view.shape == (2, *view_shape(InputRules(), size, channels=2)[1])


def test_a_flat_image_loses_its_flat_axis(tmp_path: Path) -> None:
    image = noise((9, 12, 1), channels=1)
    reader = ViewReader(store(tmp_path, image), InputRules(), (16, 8, 1))
    view = reader.read("x", (4, 6, 0))
    np.testing.assert_array_equal(view, box(image, (4, 6, 0), (16, 8, 1))[..., 0])
    assert view_shape(InputRules(), (16, 8, 1), channels=1) == (1, (16, 8))
    assert view.flags.c_contiguous


@pytest.mark.parametrize("axis", [0, 1, 2])
@given(centre=centres)
def test_a_slice_is_across_its_axis(shards: ShardSet, axis: int, centre: tuple[int, ...]) -> None:
    rules = InputRules(view="slices", axis=axis)
    size = tuple(1 if n == axis else 10 for n in range(3))
    view = ViewReader(shards, rules, size).read("x", centre)
    np.testing.assert_array_equal(view, box(noise(), centre, size).squeeze(axis + 1))
    assert view_shape(rules, size, channels=2) == (2, (10, 10))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("at", [0, 3, -1])
def test_neighbours_are_channels_from_low_to_high_and_blank_beyond_the_volume(
    shards: ShardSet, axis: int, at: int
) -> None:
    rules = InputRules(view="neighbours", axis=axis, beside=2)
    size = tuple(5 if n == axis else 16 for n in range(3))
    centre = [n // 2 for n in SHAPE]
    centre[axis] = at % SHAPE[axis]
    view = ViewReader(shards, rules, size).read("x", centre)
    cut = box(noise(), centre, size)
    expected = [cut[channel].take(n, axis) for channel in range(2) for n in range(5)]
    np.testing.assert_array_equal(view, np.stack(expected))
    assert view_shape(rules, size, channels=2) == (10, (16, 16))


def test_planes_cross_in_the_centre_and_are_channels(shards: ShardSet) -> None:
    rules = InputRules(view="planes")
    size = (10, 10, 10)
    view = ViewReader(shards, rules, size).read("x", (4, 6, 3))
    cut = box(noise(), (4, 6, 3), size)
    expected = np.concatenate([cut[:, 5], cut[:, :, 5], cut[:, :, :, 5]])
    np.testing.assert_array_equal(view, expected)
    assert view_shape(rules, size, channels=2) == (6, (10, 10))
    # The voxel they share is the centre.
    assert {view[0, 5, 5], view[2, 5, 5], view[4, 5, 5]} == {noise()[0, 4, 6, 3]}


@pytest.mark.parametrize("size", [(1, 8, 8), (3, 8, 8)])
def test_a_view_beyond_the_volume_altogether_is_blank(
    shards: ShardSet, size: tuple[int, int, int]
) -> None:
    reader = ViewReader(shards, InputRules(view="neighbours", axis=0), size)
    for centre in ((-9, 6, 3), (SHAPE[0] + 9, 6, 3)):
        view = reader.read("x", centre)
        assert view.shape == (2 * size[0], 8, 8)
        assert len(np.unique(view[: size[0]])) == 1


def test_ct_is_standardised_before_it_is_padded(tmp_path: Path) -> None:
    image = noise((4, 4, 4), channels=1) * 100
    intensity = Intensity(low=-50, high=60, mean=5, sd=20)
    reader = ViewReader(store(tmp_path, image), InputRules(), (8, 8, 8), intensity=intensity)
    view = reader.read("x", (2, 2, 2))
    assert view.min() == pytest.approx(-55 / 20)
    assert view[0, 0, 0, 0] == pytest.approx(-55 / 20)


@given(st.sampled_from(["whole", "slices", "neighbours", "planes"]), centres)
def test_a_view_is_a_pure_function_of_case_and_centre(
    shards: ShardSet, view: str, centre: tuple[int, ...]
) -> None:
    size = {"slices": (8, 8, 1), "neighbours": (8, 8, 3)}.get(view, (8, 8, 8))
    reader = ViewReader(shards, InputRules.model_validate({"view": view}), size)
    before = reader.read("x", centre)
    before_copy = before.copy()
    before[:] = 0
    np.testing.assert_array_equal(reader.read("x", centre), before_copy)


def test_a_whole_image_is_seen_about_its_middle(shards: ShardSet) -> None:
    assert view_centres(shards, record(), InputRules()) == [(4, 6, 3)]
    assert view_centres(shards, record(), InputRules(view="planes")) == [(4, 6, 3)]


def test_every_nth_slice_is_seen_but_blank_ones(tmp_path: Path) -> None:
    image = noise(channels=1)
    image[..., :2] = -1
    image[..., 6] = -1 + 1e-3 * image[..., 6]
    shards = store(tmp_path, image)

    def seen(**rules: Any) -> list[int]:
        return [at[2] for at in view_centres(shards, record(), InputRules(view="slices", **rules))]

    assert seen() == [2, 3, 4, 5]
    assert seen(every=2) == [3, 5]
    assert seen(every=3) == [4]
    # Of a case whose every n-th slice is blank the middle one stands for it.
    assert seen(every=30) == [3]


def test_a_slice_is_blank_where_each_channel_has_one_value_of_its_own(tmp_path: Path) -> None:
    image = noise(channels=2)
    image[0, ..., :2], image[1, ..., :2] = -1, -0.5
    image[0, ..., 2] = -1
    seen = view_centres(store(tmp_path, image), record(), InputRules(view="slices"))
    assert [at[2] for at in seen] == [2, 3, 4, 5, 6]


def test_the_region_of_an_outlined_lesion_is_the_middle_of_its_bounding_box(
    tmp_path: Path,
) -> None:
    label = np.zeros(SHAPE, np.uint8)
    label[1:4, 2:5, 6] = 1
    label[1, 2, 0] = 2
    shards = store(tmp_path, noise(), label=label)
    assert view_centres(shards, record(), InputRules(region="lesion")) == [(2, 3, 3)]
    marked = record(lesions=[Lesion("point", (8.0, 8.0, 6.0), (0.0, 0.0, 0.0))])
    assert view_centres(shards, marked, InputRules(region="lesion")) == [(2, 3, 3)]


def test_an_empty_outline_and_no_mark_leave_the_middle_of_the_image(tmp_path: Path) -> None:
    shards = store(tmp_path, noise(), label=np.zeros(SHAPE, np.uint8))
    assert view_centres(shards, record(), InputRules(region="lesion")) == [(4, 6, 3)]


def test_marks_are_carried_to_a_turned_and_resampled_grid(tmp_path: Path) -> None:
    # The file runs L, P, S with voxels of 2, 1, 3 mm; the grid is RAS of 1 mm.
    affine = np.array([[-2.0, 0, 0, 30], [0, -1, 0, 40], [0, 0, 3, -5], [0, 0, 0, 1]])
    geometry = Geometry((8, 20, 6), affine, (1.0, 1.0, 1.0))
    shards = store(tmp_path, noise(geometry.grid_shape, 1), geometry=geometry)
    points = np.array([[2.0, 5.0, 1.0], [4.0, 9.0, 3.0]])
    case = record(lesions=[Lesion("point", tuple(p), (0.0, 0.0, 0.0)) for p in points.tolist()])
    (centre,) = view_centres(shards, case, InputRules(region="lesion"))
    world = affine @ [*points.mean(0), 1]
    found = geometry.grid_affine @ [*centre, 1]
    assert np.abs(found - world)[:3].max() <= 0.5 + 1e-9


def test_a_mark_outside_the_grid_is_moved_to_its_edge(shards: ShardSet) -> None:
    case = record(lesions=[Lesion("point", (-30.0, 100.0, 2.4), (0.0, 0.0, 0.0))])
    assert view_centres(shards, case, InputRules(region="lesion")) == [(0, 11, 2)]


def test_slices_of_a_region_are_centred_on_it_in_their_plane(shards: ShardSet) -> None:
    case = record(lesions=[Lesion("point", (1.0, 2.0, 3.0), (0.0, 0.0, 0.0))])
    rules = InputRules(view="slices", axis=1, region="lesion", every=6)
    assert view_centres(shards, case, rules) == [(1, 3, 3), (1, 9, 3)]


def test_the_index_lists_the_views_of_every_case_with_its_code(tmp_path: Path) -> None:
    images = [
        PreprocessedCase(n, noise(), None, Geometry(SHAPE, np.eye(4), (1.0, 1.0, 1.0)))
        for n in "ba"
    ]
    write_shard(tmp_path / "a.shard", images)
    shards = ShardSet([tmp_path / "a.shard"])
    rules = InputRules(view="slices", every=3)
    table = build_views(shards, [record("b"), record("a")], {"a": 5, "b": 0}, rules)
    assert list(table.columns) == list(COLUMNS)
    assert table[["case", "label", "k"]].to_numpy().tolist() == [
        ["a", 5, 1], ["a", 5, 4], ["b", 0, 1], ["b", 0, 4],
    ]  # fmt: skip
    write_index(tmp_path / "index.parquet", table)
    assert read_index(tmp_path / "index.parquet").equals(table)


def test_views_of_other_cases_are_left_out_and_a_case_without_one_is_named(
    tmp_path: Path,
) -> None:
    names = ("a", "b", "c")
    images = [
        PreprocessedCase(n, noise(), None, Geometry(SHAPE, np.eye(4), (1.0, 1.0, 1.0)))
        for n in names
    ]
    write_shard(tmp_path / "a.shard", images)
    cases = [record(name) for name in names]
    codes = {"a": 1, "b": 0, "c": 2}
    index = build_views(ShardSet([tmp_path / "a.shard"]), cases, codes, InputRules())
    training = TrainingCases((cases[2], cases[0]), ("fold-1", "fold-1"), fold=0)
    views = ViewCentres(index.sample(frac=1, random_state=1), training)
    assert views.cases == ["a", "c"]
    assert views.codes.tolist() == [1, 2]
    assert views.centres.tolist() == [[4, 6, 3]] * 2
    with pytest.raises(LeakError, match=r"1 of 2 training cases have no view .*\(first: c\)"):
        ViewCentres(index[index["case"] != "c"], training)
    with pytest.raises(LeakError, match="no fold selected"):
        ViewCentres(index, cases)

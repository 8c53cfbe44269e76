"""The plan of a classification: the whole field of view, no finer than it was acquired."""

from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radflow.config.classification import InputRules
from radflow.config.preprocess import PlanRules
from radflow.datasets.cases import Case
from radflow.errors import ConfigError, LeakError
from radflow.files import read_json
from radflow.inference.card import PlanCard
from radflow.parts import TEST
from radflow.planning.classification import make_plan
from radflow.planning.plan import Plan
from radflow.splits import Split

FOLDS = 3


def split(subjects: int = 60) -> Split:
    parts = {f"s{n:03d}": f"fold-{n % FOLDS}" for n in range(subjects)} | {"locked": TEST}
    return Split(parts=parts, folds=FOLDS, sha256="0" * 64)


def case(subject: str, shape: tuple[int, ...], spacing: tuple[float, ...], **of: Any) -> Case:
    values: dict[str, Any] = {
        **{"case": subject, "subject": subject, "images": (Path("x.nii.gz"),), "label": None},
        **{"shape": shape, "spacing_mm": spacing, "orientation": "RAS"},
        **{"image_sha256": ("0",), "label_sha256": None, "label_voxels": {}},
    }
    return Case(**(values | of))


def cases(
    shape: tuple[int, ...] = (512, 512, 1),
    spacing: tuple[float, ...] = (0.5, 0.5, 6.0),
    *,
    count: int = 60,
) -> list[Case]:
    return [case(f"s{n:03d}", shape, spacing) for n in range(count)]


def planned(
    folder: Path,
    of: list[Case],
    *,
    view: dict[str, Any] | None = None,
    modality: Literal["MR", "CT"] = "MR",
    **rules: Any,
) -> tuple[Plan, dict[str, Any]]:
    path = folder / "plan.json"
    plan = make_plan(
        of,
        split(),
        modality=modality,
        rules=PlanRules(**rules),
        view=InputRules.model_validate(view or {}),
        output=path,
        channels=["T1"],
    )
    assert Plan.read(path) == plan
    return plan, read_json(path)


def test_an_image_is_seen_whole_on_128_pixels(tmp_path: Path) -> None:
    plan, record = planned(tmp_path, cases())
    assert plan.spacing_mm == (2.0, 2.0, 6.0)
    assert plan.patch_size == (128, 128, 1)
    assert plan.batch_size == 32
    assert plan.smooth
    assert plan.normalisation == "zscore"
    assert record["spacing_mm"]["reason"] == (
        "The longest side of the median field of view, 256 mm, on 128 voxels, but nothing finer "
        "than the median voxel."
    )
    assert record["patch_size"]["reason"] == (
        "The median shape after resampling, 128 x 128 x 1 voxels, rounded up to multiples of 16 "
        "along the axes that the network sees (whole)."
    )
    assert record["fingerprint"]["cases"] == 60


def test_a_volume_is_seen_whole_on_64_voxels_but_no_finer_than_acquired(tmp_path: Path) -> None:
    plan, _ = planned(tmp_path, cases((256, 256, 20), (1.0, 1.0, 5.0)))
    assert plan.spacing_mm == (4.0, 4.0, 5.0)
    assert plan.patch_size == (64, 64, 32)
    assert plan.batch_size == 8


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_keep_the_distance_between_them(tmp_path: Path, axis: int) -> None:
    shape, spacing = [256] * 3, [1.0] * 3
    shape[axis], spacing[axis] = 20, 5.0
    patch, sampled = [128] * 3, [2.0] * 3
    patch[axis], sampled[axis] = 1, 5.0
    of = cases(tuple(shape), tuple(spacing))
    plan, _ = planned(tmp_path, of, view={"view": "slices", "axis": axis})
    assert (plan.patch_size, plan.spacing_mm) == (tuple(patch), tuple(sampled))
    assert plan.batch_size == 32
    plan, _ = planned(tmp_path, of, view={"view": "neighbours", "axis": axis, "beside": 2})
    patch[axis] = 5
    assert plan.patch_size == tuple(patch)


def test_planes_are_cut_from_a_cube(tmp_path: Path) -> None:
    plan, _ = planned(tmp_path, cases((182, 218, 182), (1.0, 1.0, 1.0)), view={"view": "planes"})
    assert plan.spacing_mm == pytest.approx([218 / 64] * 3, abs=1e-6)
    assert plan.patch_size == (64, 64, 64)


def test_file_axes_are_brought_into_ras_order(tmp_path: Path) -> None:
    of = [case(f"s{n:03d}", (1, 256, 512), (6.0, 1.0, 0.5), orientation="SLP") for n in range(60)]
    plan, _ = planned(tmp_path, of)
    assert plan.patch_size == (128, 128, 1)
    assert plan.spacing_mm == (2.0, 2.0, 6.0)


def test_what_the_study_fixes_is_kept(tmp_path: Path) -> None:
    fixed = {"spacing_mm": (1.5, 1.5, 1.0), "patch_size": (96, 80, 1), "batch_size": 5}
    plan, record = planned(tmp_path, cases(), **fixed)
    assert plan.model_dump(include=set(fixed)) == fixed
    assert {record[name]["reason"] for name in fixed} == {"Set by the study."}


def test_a_batch_is_no_larger_than_a_fold(tmp_path: Path) -> None:
    plan, record = planned(tmp_path, cases(count=12))
    assert plan.batch_size == 8
    assert record["batch_size"]["reason"] == "The smallest fold has 8 training cases."


def test_ct_is_left_in_hu(tmp_path: Path) -> None:
    plan, _ = planned(tmp_path, cases(), modality="CT")
    assert plan.normalisation == "ct"


def test_windows_are_the_study_s_choice(tmp_path: Path) -> None:
    plan, record = planned(tmp_path, cases(), modality="CT")
    assert plan.windows_hu is None
    assert "sets no window" in record["windows_hu"]["reason"]
    plan, record = planned(tmp_path, cases(), modality="CT", windows_hu=((0, 80), (80, 600)))
    assert plan.windows_hu == ((0, 80), (80, 600))
    assert record["windows_hu"]["reason"] == "Set by the study."
    assert plan.of_image()["windows_hu"] == [[0, 80], [80, 600]]
    assert PlanCard.model_validate(plan.of_image()).windows_hu == plan.windows_hu


def test_nothing_of_the_test_part_is_used(tmp_path: Path) -> None:
    locked = case("locked", (9000, 9000, 7), (9.0, 0.01, 3.0))
    planned(tmp_path / "a", cases())
    planned(tmp_path / "b", [locked, *cases()])
    one, two = ((tmp_path / name / "plan.json").read_bytes() for name in "ab")
    assert one == two


def test_a_case_in_no_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LeakError, match="late"):
        planned(tmp_path, [*cases(), case("late", (8, 8, 1), (1.0, 1.0, 1.0))])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", [0, 1])
def test_a_fold_without_training_cases_is_refused(tmp_path: Path, left: int) -> None:
    with pytest.raises(ConfigError, match="a fold has none to train on"):
        planned(tmp_path, cases(count=left))


@given(
    shape=st.tuples(*[st.integers(16, 600)] * 3),
    spacing=st.tuples(*[st.floats(0.2, 8)] * 3),
    view=st.sampled_from(["whole", "slices", "neighbours", "planes"]),
)
def test_every_plan_covers_the_median_volume_and_fits_its_view(
    tmp_path_factory: pytest.TempPathFactory,
    shape: tuple[int, ...],
    spacing: tuple[float, ...],
    view: str,
) -> None:
    plan, _ = planned(tmp_path_factory.mktemp("plan"), cases(shape, spacing), view={"view": view})
    edge = 64 if view in {"whole", "planes"} else 128
    depth = {"slices": 1, "neighbours": 3}.get(view)
    for axis, size in enumerate(plan.patch_size):
        if depth is not None and axis == 2:
            assert size == depth
            continue
        resampled = max(round(shape[axis] * spacing[axis] / plan.spacing_mm[axis]), 1)
        assert size >= resampled
        assert size % 16 == 0
        assert size <= edge + 16
        assert plan.spacing_mm[axis] >= spacing[axis] - 1e-5
    assert view != "planes" or len(set(plan.patch_size)) == 1

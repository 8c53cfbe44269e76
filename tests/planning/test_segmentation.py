"""The plan follows from development cases alone, and says why."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radflow.config.preprocess import PlanRules
from radflow.datasets.cases import Case
from radflow.errors import ConfigError, LeakError
from radflow.files import read_json, write_json
from radflow.parts import TEST
from radflow.planning.plan import Plan
from radflow.planning.segmentation import make_plan
from radflow.splits import Split

FOLDS = 3
SPLIT = Split(
    parts={f"s{n:02d}": f"fold-{n % FOLDS}" for n in range(12)} | {"locked": TEST},
    folds=FOLDS,
    sha256="0" * 64,
)


def _case(
    subject: str,
    *,
    shape: tuple[int, int, int] = (35, 50, 35),
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    orientation: str = "RAS",
) -> Case:
    return Case(
        case=subject,
        subject=subject,
        images=(Path("missing") / f"{subject}.nii.gz",),
        label=Path("missing") / f"{subject}.nii.gz",
        shape=shape,
        spacing_mm=spacing,
        orientation=orientation,
        image_sha256=("0",),
        label_sha256="0",
        label_voxels={0: 1000, 1: 20, 2: 10},
    )


def _cases(**geometry: Any) -> list[Case]:
    return [_case(f"s{n:02d}", **geometry) for n in range(12)]


def _plan(
    tmp_path: Path,
    cases: list[Case],
    *,
    modality: Literal["MR", "CT"] = "MR",
    **rules: Any,
) -> tuple[Plan, dict[str, Any]]:
    path = tmp_path / "plan.json"
    plan = make_plan(
        cases, SPLIT, modality=modality, channels=["T1"], rules=PlanRules(**rules), output=path
    )
    assert Plan.read(path) == plan
    return plan, read_json(path)


def test_the_hippocampus_gets_nnunets_patch(tmp_path: Path) -> None:
    plan, record = _plan(tmp_path, _cases())
    assert plan == Plan(
        spacing_mm=(1.0, 1.0, 1.0),
        patch_size=(40, 56, 40),
        batch_size=2,
        levels=4,
        normalisation="zscore",
        windows_hu=None,
        smooth=False,
    )
    reasons = {name: record[name]["reason"] for name in Plan.model_fields}
    assert reasons["spacing_mm"] == "Median of 12 development cases: 1 x 1 x 1 mm."
    assert reasons["patch_size"] == (
        "The median shape after resampling, 35 x 50 x 35 voxels, rounded up to multiples of 8 "
        "(2^(levels - 1))."
    )
    assert "35 x 50 x 35 voxels, to 5 x 7 x 5 at the coarsest" in reasons["levels"]
    assert (
        reasons["batch_size"] == "2 patches of 40 x 56 x 40 = 89600 voxels are enough for a step."
    )
    assert "MR intensities are relative" in reasons["normalisation"]


def test_ct_is_seen_in_the_windows_that_the_study_sets(tmp_path: Path) -> None:
    plan, record = _plan(tmp_path, _cases(), modality="CT", windows_hu=[[0, 80], [-160, 240]])
    assert plan.windows_hu == ((0, 80), (-160, 240))
    assert record["windows_hu"] == {
        "value": [[0.0, 80.0], [-160.0, 240.0]],
        "reason": "Set by the study.",
    }


def test_nothing_of_the_test_part_is_used(tmp_path: Path) -> None:
    planted = _case("locked", shape=(900, 900, 900), spacing=(99.0, 0.001, 7.0))
    for name, cases in (("a", _cases()), ("b", [planted, *_cases()])):
        _plan(tmp_path / name, cases)
    a, b = ((tmp_path / name / "plan.json").read_bytes() for name in ("a", "b"))
    assert a == b


def test_a_case_outside_the_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LeakError, match="'late' is in no part"):
        _plan(tmp_path, [*_cases(), _case("late")])
    assert list(tmp_path.iterdir()) == []


def test_the_same_cases_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    cases = [_case(f"s{n:02d}", shape=(30 + n, 50, 35)) for n in range(12)]
    _plan(tmp_path / "a", cases)
    _plan(tmp_path / "b", cases[::-1])
    a, b = ((tmp_path / name / "plan.json").read_bytes() for name in ("a", "b"))
    assert a == b


def test_shapes_and_spacings_are_brought_into_ras_order(tmp_path: Path) -> None:
    cases = _cases(shape=(20, 100, 60), spacing=(3.0, 1.0, 2.0), orientation="SLP")
    plan, record = _plan(tmp_path, cases)
    assert plan.spacing_mm == (1.0, 2.0, 3.0)
    assert record["fingerprint"]["shape"]["percentile_50"] == [100, 60, 20]


def test_spacing_is_the_median_and_noise_of_single_precision_is_rounded_away(
    tmp_path: Path,
) -> None:
    cases = [_case(f"s{n:02d}", spacing=(float(np.float32(0.7)), 1.0, 1.0)) for n in range(9)]
    cases += [_case(f"s{n:02d}", spacing=(5.0, 1.0, 1.0)) for n in range(9, 12)]
    plan, _ = _plan(tmp_path, cases)
    assert plan.spacing_mm == (0.7, 1.0, 1.0)


def test_thick_slices_get_the_tenth_percentile(tmp_path: Path) -> None:
    cases = [
        _case(f"s{n:02d}", shape=(320, 320, 24), spacing=(0.6, 0.6, 3.0 if n < 3 else 6.0))
        for n in range(12)
    ]
    plan, record = _plan(tmp_path, cases)
    assert plan.spacing_mm == (0.6, 0.6, 3.0)
    assert "inferior-superior axis is more than 3 times coarser" in record["spacing_mm"]["reason"]


def test_thick_slices_are_never_resampled_finer_than_in_plane(tmp_path: Path) -> None:
    cases = [
        _case(f"s{n:02d}", shape=(320, 320, 24), spacing=(0.6, 0.6, 0.3 if n < 3 else 6.0))
        for n in range(12)
    ]
    assert _plan(tmp_path, cases)[0].spacing_mm == (0.6, 0.6, 0.6)


def test_coarse_voxels_alone_are_no_anisotropy(tmp_path: Path) -> None:
    cases = [
        _case(f"s{n:02d}", shape=(64, 64, 60), spacing=(0.6, 0.6, 3.0 if n < 3 else 6.0))
        for n in range(12)
    ]
    assert _plan(tmp_path, cases)[0].spacing_mm == (0.6, 0.6, 6.0)


def test_large_volumes_get_the_patch_that_memory_has_room_for(tmp_path: Path) -> None:
    plan, record = _plan(tmp_path, _cases(shape=(512, 512, 300)), modality="CT")
    assert plan.normalisation == "ct"
    assert plan.levels == 5
    assert np.prod(plan.patch_size) * plan.batch_size <= 4.2e6
    assert np.prod(plan.patch_size) * plan.batch_size > 3e6
    ratios = np.array(plan.patch_size) / (512, 512, 300)
    assert ratios.max() / ratios.min() < 1.3
    assert "512 x 512 x 304, and then made smaller" in record["patch_size"]["reason"]


def test_small_volumes_get_fewer_levels_and_a_larger_batch(tmp_path: Path) -> None:
    plan, record = _plan(tmp_path, _cases(shape=(20, 24, 18)))
    assert (plan.patch_size, plan.levels) == ((20, 24, 20), 3)
    assert plan.batch_size == 6
    assert "so 6 of them make a step" in record["batch_size"]["reason"]


def test_tiny_volumes_still_get_two_levels(tmp_path: Path) -> None:
    plan, record = _plan(tmp_path, _cases(shape=(5, 30, 30)))
    assert (plan.patch_size, plan.levels) == ((6, 30, 30), 2)
    assert record["levels"]["reason"].endswith(
        "to 3 x 15 x 15 at the coarsest; a U-Net has no fewer."
    )


def test_a_batch_is_no_larger_than_the_training_cases_of_a_fold(tmp_path: Path) -> None:
    plan, record = _plan(tmp_path, _cases(shape=(9, 9, 9)))
    assert plan.batch_size == 8
    assert record["batch_size"]["reason"] == "The smallest fold has 8 training cases."
    with pytest.raises(ConfigError, match="batch_size 9 is above the 8 training cases"):
        _plan(tmp_path, _cases(), batch_size=9)


def test_what_the_study_fixes_is_kept_and_said(tmp_path: Path) -> None:
    fixed = {
        "spacing_mm": (2.0, 2.0, 2.0),
        "patch_size": (32, 48, 32),
        "batch_size": 3,
        "levels": 3,
    }
    plan, record = _plan(tmp_path, _cases(), **fixed)
    assert {name: getattr(plan, name) for name in fixed} == fixed
    assert {record[name]["reason"] for name in fixed} == {"Set by the study."}


def test_the_patch_follows_levels_and_spacing_that_are_fixed(tmp_path: Path) -> None:
    assert _plan(tmp_path, _cases(), levels=5)[0].patch_size == (48, 64, 48)
    assert _plan(tmp_path, _cases(), spacing_mm=(0.5, 0.5, 0.5))[0].patch_size == (80, 112, 80)


def test_levels_follow_a_patch_that_is_fixed(tmp_path: Path) -> None:
    plan, record = _plan(tmp_path, _cases(), patch_size=(36, 52, 36))
    assert plan.levels == 3
    assert "the patch set by the study" in record["levels"]["reason"]


def test_the_batch_follows_a_large_patch_that_is_fixed(tmp_path: Path) -> None:
    plan, record = _plan(tmp_path, _cases(), patch_size=(160, 160, 160))
    assert plan.batch_size == 1
    assert "has room for" in record["batch_size"]["reason"]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"patch_size": (40, 50, 40), "levels": 4}, r"not divisible by 8 .*\[40, 56, 40\] is"),
        ({"patch_size": (35, 50, 35)}, "can't be halved into 4 voxels or more along every axis"),
        ({"patch_size": (192, 192, 192)}, "7.08 megavoxels, above plan.memory_megavoxels 4.2"),
        ({"levels": 7, "memory_megavoxels": 0.01}, "no patch fits: .* smallest for 7 levels"),
    ],
)
def test_what_can_not_be_met_is_refused(
    tmp_path: Path, rules: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        _plan(tmp_path, _cases(), **rules)
    assert list(tmp_path.iterdir()) == []


def test_the_fingerprint_counts_cases_and_class_voxels(tmp_path: Path) -> None:
    print_ = _plan(tmp_path, _cases())[1]["fingerprint"]
    assert (print_["cases"], print_["subjects"], print_["channels"]) == (12, 12, ["T1"])
    assert print_["class_voxels"]["2"]["percentile_50"] == 10
    assert print_["class_voxels"]["2"]["cases"] == 12
    assert print_["shape_resampled"]["percentile_100"] == [35, 50, 35]


@pytest.mark.parametrize("record", [{}, {"levels": {"value": 4}}, {"levels": 4}, []])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, record: Any) -> None:
    write_json(tmp_path / "plan.json", record)
    with pytest.raises(ConfigError, match=r"plan\.json is no plan of this version"):
        Plan.read(tmp_path / "plan.json")


extent = st.integers(4, 600)
millimetres = st.floats(0.2, 8.0)


@settings(deadline=None, max_examples=60)
@given(st.tuples(extent, extent, extent), st.tuples(millimetres, millimetres, millimetres))
def test_every_plan_fits_its_network_and_its_memory(
    tmp_path_factory: pytest.TempPathFactory,
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
) -> None:
    plan, _ = _plan(tmp_path_factory.mktemp("plan"), _cases(shape=shape, spacing=spacing))
    assert 2 <= plan.levels <= 5
    assert all(size % 2 ** (plan.levels - 1) == 0 for size in plan.patch_size)
    assert np.prod(plan.patch_size) * plan.batch_size <= 4.2e6
    assert 1 <= plan.batch_size <= 8


def test_ten_thousand_cases_plan_in_a_moment(tmp_path: Path) -> None:
    parts = {f"s{n}": f"fold-{n % 5}" for n in range(10_000)}
    cases = [_case(subject) for subject in parts]
    split = Split(parts=parts, folds=5, sha256="")
    plan = make_plan(cases, split, modality="MR", rules=PlanRules(), output=tmp_path / "plan.json")
    assert plan.patch_size == (40, 56, 40)

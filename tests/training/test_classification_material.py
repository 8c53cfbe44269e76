"""What a classifier is fitted to: its fold's training cases alone, in every view."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import squares
import torch
from safetensors.torch import load_file

from radflow.datasets.cases import read_cases
from radflow.errors import LeakError, TrainingError
from radflow.imaging.normalise import Intensity, windowed
from radflow.inference.card import ClassifierCard, read_card
from radflow.inference.classifier import load_classifier
from radflow.networks.classifiers import build_classifier
from radflow.patches.index import read_index, write_index
from radflow.patches.store import ShardSet
from radflow.patches.views import ViewReader
from radflow.splits import read_split
from radflow.training.callbacks import Row
from radflow.training.classification import train
from radflow.training.job import Inputs, Job
from radflow.training.material import Material

# Lightning would rather have more workers; here the network takes every core.
pytestmark = pytest.mark.filterwarnings("ignore:The .*dataloader.* does not have many workers")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Write 60 squares, half on either side."""
    return squares.write_squares(tmp_path_factory.mktemp("squares"), squares.names_of(60))


def _train(job: Job, *, code: str = "code", log: Callable[[Row], None] | None = None) -> list[Row]:
    rows: list[Row] = []
    train(job, code=code, log=log or rows.append)
    return rows


def test_ct_intensities_are_those_of_the_fold_s_training_cases_alone(tmp_path: Path) -> None:
    def paint(case: str, side: str) -> np.ndarray:
        return squares.square(case, side) * 20 + 30

    files = squares.write_squares(
        tmp_path, squares.names_of(24), plan={"normalisation": "ct"}, paint=paint
    )
    job = squares.make_job(files, tmp_path / "fold-0")
    shards = ShardSet(files.shards)
    voxels = np.concatenate([shards.image(case.case).ravel() for case in job.training])
    voxels = np.rint(voxels)
    material = Material(job)
    assert isinstance(material.intensity, Intensity)
    assert material.intensity.mean == pytest.approx(voxels.mean(), abs=1e-9)
    assert material.intensity.sd == pytest.approx(voxels.std(), abs=1e-9)
    every = np.rint(np.concatenate([shards.image(case).ravel() for case in shards.cases]))
    assert material.intensity.mean != pytest.approx(every.mean(), abs=1e-9)
    _train(job)
    card = read_card(tmp_path / "fold-0" / "model.json", ClassifierCard)
    assert card.intensity == material.intensity.to_dict()


def test_air_does_not_count_among_ct_intensities(tmp_path: Path) -> None:
    def paint(case: str, side: str) -> np.ndarray:
        image = squares.square(case, side) * 20 + 30
        image[:, :, 12:] = -1000
        return image

    files = squares.write_squares(
        tmp_path, squares.names_of(24), plan={"normalisation": "ct"}, paint=paint
    )
    intensity = Material(squares.make_job(files, tmp_path / "fold-0")).intensity
    assert intensity is not None
    assert intensity.low > -500
    assert intensity.mean > 0


@pytest.mark.parametrize(
    ("view", "patch", "inputs"),
    [({"view": "whole"}, [16, 16, 1], 2), ({"view": "neighbours"}, [16, 16, 3], 6)],
    ids=["whole", "neighbours"],
)
def test_windows_of_ct_are_channels_of_the_network_and_nothing_is_fitted(
    tmp_path: Path, view: dict[str, Any], patch: list[int], inputs: int
) -> None:
    windows = [(0.0, 80.0), (80.0, 600.0)]

    def paint(case: str, side: str) -> np.ndarray:
        return windowed(squares.square(case, side) * 20 + 30, windows)

    plan = {"normalisation": "ct", "windows_hu": windows, "patch_size": patch}
    files = squares.write_squares(tmp_path, squares.names_of(24), view=view, plan=plan, paint=paint)
    job = squares.make_job(files, tmp_path / "fold-0", view=view)
    assert Material(job).intensity is None
    _train(job)
    card = read_card(tmp_path / "fold-0" / "model.json", ClassifierCard)
    assert card.intensity is None
    assert card.network["inputs"] == inputs
    assert card.channels == ("T1",)
    assert card.image_channels == ("T1 0..80 HU", "T1 80..600 HU")
    model = load_classifier(tmp_path / "fold-0")
    shards = ShardSet(files.shards)
    first = job.tuning[0].case
    assert np.isfinite(model.answer(shards, first, [(8, 8, 0)]).calibrated).all()


def test_a_fold_sees_its_training_cases_and_no_other(files: Inputs, tmp_path: Path) -> None:
    job = squares.make_job(files, tmp_path)
    split = read_split(files.split, files.split_record)
    test = {case.case for case in split.test_cases(read_cases(files.cases))}
    material = Material(job)
    seen, tuned = set(material.views.cases), set(material.tuning.cases)
    assert test
    assert not seen & tuned
    assert not test & (seen | tuned)
    assert seen == {case.case for case in job.training}


def test_cases_without_a_class_of_the_study_are_left_out_where_it_says_so(tmp_path: Path) -> None:
    classes = squares.names_of(40) | {f"case-{n}": "unknown" for n in range(0, 40, 5)}
    target = {**squares.TARGET, "others": "leave-out"}
    files = squares.write_squares(tmp_path, classes, target=target)
    job = squares.make_job(files, tmp_path / "fold-0", target=target)
    _train(job)
    material = Material(job)
    left_out = {case for case, side in classes.items() if side == "unknown"}
    assert not left_out & (set(material.views.cases) | set(material.tuning.cases))
    assert left_out & set(material.shards.cases)


def test_a_training_case_without_a_view_is_named(files: Inputs, tmp_path: Path) -> None:
    job = squares.make_job(files, tmp_path)
    index = read_index(files.index)
    for case, error in ((next(iter(job.training)), LeakError), (job.tuning[0], TrainingError)):
        write_index(tmp_path / "index.parquet", index[index["case"] != case.case])
        planted = replace(job, inputs=replace(files, index=tmp_path / "index.parquet"))
        with pytest.raises(error, match=rf"view in the patch index \(.*{case.case}\)"):
            _train(planted)


def test_a_fold_of_one_class_is_refused(tmp_path: Path) -> None:
    classes = dict.fromkeys(squares.names_of(20), "left")
    files = squares.write_squares(tmp_path, classes)
    with pytest.raises(TrainingError, match="fold 0 are all of one class"):
        _train(squares.make_job(files, tmp_path / "fold-0"))


def test_mirrored_axes_that_the_view_does_not_have_are_refused(
    files: Inputs, tmp_path: Path
) -> None:
    job = squares.make_job(files, tmp_path, augmentation={"mirror_axes": [2]})
    with pytest.raises(TrainingError, match=r"cnn.augmentation.mirror_axes: \[2\] .* 0 to 1"):
        _train(job)


def test_a_training_on_all_cases_is_refused(files: Inputs, tmp_path: Path) -> None:
    every = replace(squares.make_job(files, tmp_path), training=read_cases(files.cases))
    with pytest.raises(LeakError, match="the network may be fitted on the training cases"):
        _train(every)


@pytest.mark.parametrize(
    ("view", "patch", "inputs"),
    [
        ({"view": "slices"}, [16, 16, 1], 1),
        ({"view": "neighbours", "beside": 1}, [16, 16, 3], 3),
        ({"view": "planes"}, [16, 16, 16], 3),
        ({"view": "whole"}, [16, 16, 16], 1),
    ],
    ids=["slices", "neighbours", "planes", "whole"],
)
def test_volumes_are_learnt_from_in_every_view(
    tmp_path: Path, view: dict[str, Any], patch: list[int], inputs: int
) -> None:
    def paint(case: str, side: str) -> np.ndarray:
        return squares.square(case, side, shape=(16, 16, 6))

    plan = {"patch_size": patch}
    files = squares.write_squares(tmp_path, squares.names_of(16), view=view, plan=plan, paint=paint)
    job = squares.make_job(files, tmp_path / "fold-0", view=view)
    _train(job)
    card = read_card(tmp_path / "fold-0" / "model.json", ClassifierCard)
    assert card.network["inputs"] == inputs
    history = pd.read_csv(tmp_path / "fold-0" / "history.csv")
    assert history["nll"].notna().all()


def test_tuning_scores_are_those_of_whole_cases(tmp_path: Path) -> None:
    def paint(case: str, side: str) -> np.ndarray:
        return squares.square(case, side, shape=(16, 16, 4))

    view = {"view": "slices"}
    files = squares.write_squares(tmp_path, squares.names_of(20), view=view, paint=paint)
    job = squares.make_job(files, tmp_path / "fold-0", view=view, keep="last")
    rows = _train(job)
    card = read_card(tmp_path / "fold-0" / "model.json", ClassifierCard)
    network = build_classifier(card.network).eval()
    network.load_state_dict(load_file(tmp_path / "fold-0" / "weights.safetensors"))
    material = Material(job)
    reader = ViewReader(material.shards, card.view, card.plan.patch_size)
    losses = []
    for case, code in zip(material.tuning.cases, material.tuning.codes, strict=True):
        views = [
            reader.read(case, centre) for name, centre, _ in material.tuning.rows if name == case
        ]
        assert len(views) == 4
        with torch.inference_mode():
            answer = network(torch.from_numpy(np.stack(views))).softmax(1).mean(0)
        losses.append(-float(answer[code].log()))
    assert rows[-1]["nll"] == pytest.approx(np.mean(losses), rel=1e-4)

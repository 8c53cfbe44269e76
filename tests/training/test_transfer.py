"""Transfer learning: what is taken over, what is frozen and thawed, and what is refused."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_classes import CNN, make_cases, make_job, write_inputs
from torch import Tensor
from toy_network import TOY_UNET

from radflow.errors import LeakError, ModelError
from radflow.networks.classifiers import build_classifier
from radflow.networks.segmenters import build_segmenter
from radflow.training.callbacks import Row
from radflow.training.classification import train
from radflow.training.job import Inputs, Job
from radflow.training.transfer import fit_weights, prepare_start

# Lightning would rather have more workers; here the network takes every core.
pytestmark = pytest.mark.filterwarnings("ignore:The .*dataloader.* does not have many workers")

RECORD = {
    **{"inputs": 1, "outputs": 1, "dimensions": 2, "depth": None},
    **{"dropout": 0.0, "pooling": "mean"},
}
FROM_STUDY = {"study": "before", "model": "cnn"}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return write_inputs(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def before(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model.json of fold 0 of an earlier study on the same dataset and split."""
    folder = tmp_path_factory.mktemp("before") / "fold-0"
    run(make_job(inputs, folder, study="before", training={"seed": 7}))
    return folder / "model.json"


def run(job: Job, **options: Any) -> list[Row]:
    rows: list[Row] = []
    train(job, code="code", log=options.get("log", rows.append))
    return rows


def weights_of(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "weights.safetensors")


def record_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "model.json").read_text())["training"]["start_from"]


def network(**changes: Any) -> torch.nn.Module:
    return build_classifier({**RECORD, **CNN, **changes})


def same(one: Mapping[str, Tensor], other: Mapping[str, Tensor], part: str) -> bool:
    names = [name for name in one if name.startswith(part)]
    assert names
    return all(torch.equal(one[name], other[name]) for name in names)


def test_a_model_starts_from_another_studys_and_says_what_it_took(
    inputs: Inputs, before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(make_job(inputs, tmp_path, start=before, start_from=FROM_STUDY))
    record = record_of(tmp_path)
    assert record["loaded"] == ["level0", "level1", "head"]
    assert record["left_at_random"] == {}
    assert record["trained_on"] == "shapes"
    assert [each["study"] for each in record["lineage"]] == ["before"]
    assert "starts from before/cnn, fold 0; taken over: level0" in capsys.readouterr().err


def test_a_start_decides_the_result(inputs: Inputs, before: Path, tmp_path: Path) -> None:
    run(make_job(inputs, tmp_path / "transfer", start=before, start_from=FROM_STUDY))
    run(make_job(inputs, tmp_path / "scratch"))
    one, two = weights_of(tmp_path / "transfer"), weights_of(tmp_path / "scratch")
    assert not same(one, two, "stages.level0")
    started = make_job(inputs, tmp_path, start=before, start_from=FROM_STUDY)
    assert started.identity("code") != make_job(inputs, tmp_path).identity("code")


def test_a_frozen_network_changes_its_last_layer_alone(
    inputs: Inputs, before: Path, tmp_path: Path
) -> None:
    start = FROM_STUDY | {"freeze": "all-but-last"}
    hard = {"weight_decay": 1.0, "learning_rate": 0.1}
    run(make_job(inputs, tmp_path, start=before, start_from=start, training=hard))
    one, two = weights_of(before.parent), weights_of(tmp_path)
    assert same(one, two, "stages.")  # the statistics of batch normalisation, too
    assert not same(one, two, "head.")
    assert record_of(tmp_path)["frozen"] == ["level0", "level1"]


def test_stages_are_frozen_by_name(inputs: Inputs, before: Path, tmp_path: Path) -> None:
    start = FROM_STUDY | {"freeze": ["level0"]}
    run(make_job(inputs, tmp_path, start=before, start_from=start))
    one, two = weights_of(before.parent), weights_of(tmp_path)
    assert same(one, two, "stages.level0")
    assert not same(one, two, "stages.level1")


def test_frozen_stages_thaw_at_their_step(inputs: Inputs, before: Path, tmp_path: Path) -> None:
    start = FROM_STUDY | {"freeze": "all-but-last", "thaw_at": 0.67, "thawed_rate": 0.5}
    last = {"keep": "last"}
    run(make_job(inputs, tmp_path / "t", start=before, start_from=start, training=last))
    assert record_of(tmp_path / "t")["thaw_step"] == 4  # of 6
    assert not same(weights_of(before.parent), weights_of(tmp_path / "t"), "stages.level0")
    late = start | {"thaw_at": 0.99}
    run(make_job(inputs, tmp_path / "l", start=before, start_from=late, training=last))
    assert record_of(tmp_path / "l")["thaw_step"] == 6
    assert same(weights_of(before.parent), weights_of(tmp_path / "l"), "stages.")


class _InterruptedError(Exception):
    pass


@pytest.mark.parametrize("epoch", [0, 1])
def test_an_interrupted_transfer_goes_on_to_the_same_bytes(
    inputs: Inputs, before: Path, tmp_path: Path, epoch: int
) -> None:
    """Interrupted before and after the thawing at step 3, in the middle of epoch 1."""
    start = FROM_STUDY | {"freeze": "all-but-last", "thaw_at": 0.5}
    last = {"keep": "last"}

    def job(name: str) -> Job:
        return make_job(inputs, tmp_path / name, start=before, start_from=start, training=last)

    def interrupt(row: Row) -> None:
        if row["epoch"] == epoch:
            raise _InterruptedError

    run(job("whole"))
    with pytest.raises(_InterruptedError):
        run(job("broken"), log=interrupt)
    run(job("broken"))
    for file in ("weights.safetensors", "model.json", "history.csv"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "broken" / file).read_bytes()


def test_stages_are_taken_over_in_order_up_to_the_first_that_does_not_fit() -> None:
    given = network().state_dict()
    fitting = fit_weights(network(channels=[4, 8, 16]), given, keep_last=True)
    assert fitting.loaded == ("level0", "level1")
    assert fitting.left["level2"].startswith("no tensor stages.level2.1.weight and ")
    assert fitting.left["head"] == "it builds on level2"
    narrow = fit_weights(network(channels=[2, 8]), given, keep_last=True)
    assert narrow.loaded == ()
    assert "(4, 1, 3, 3), the network (2, 1, 3, 3)" in narrow.left["level0"]


def test_the_last_layer_stays_at_random_where_it_answers_another_question() -> None:
    fitting = fit_weights(network(), network().state_dict(), keep_last=False)
    assert fitting.left == {"head": "it answers another question"}


@pytest.mark.parametrize(("before", "after"), [(3, 1), (1, 3), (3, 2)])
def test_the_first_convolution_is_brought_to_another_number_of_inputs(
    before: int, after: int
) -> None:
    """An image that is the same in every input gives the same maps."""
    old, new = network(inputs=before).eval(), network(inputs=after).eval()
    fitting = fit_weights(new, old.state_dict(), keep_last=True)
    assert "stages.level0.0.weight" in fitting.adapted
    assert f"summed over its {before} inputs" in fitting.adapted["stages.level0.0.weight"]
    new.load_state_dict({**new.state_dict(), **fitting.tensors})
    image = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    expected = old(image.expand(-1, before, -1, -1))
    torch.testing.assert_close(new(image.expand(-1, after, -1, -1)), expected)


def test_weights_that_are_not_finite_are_not_taken_over() -> None:
    given = network().state_dict()
    given["stages.level1.1.weight"][0] = float("nan")
    fitting = fit_weights(network(), given, keep_last=True)
    assert fitting.left["level1"] == "stages.level1.1.weight is not finite"


def test_a_unet_starts_from_a_unet() -> None:
    given = build_segmenter({**TOY_UNET, "outputs": 2}).state_dict()
    fitting = fit_weights(build_segmenter({**TOY_UNET, "outputs": 5}), given, keep_last=False)
    assert fitting.loaded == ("encoder0", "encoder1", "decoder0")
    assert list(fitting.left) == ["heads"]


def test_weights_of_which_nothing_fits_are_refused(
    inputs: Inputs, before: Path, tmp_path: Path
) -> None:
    wide = {"name": "cnn", "channels": [5, 8]}
    job = make_job(inputs, tmp_path, start=before, start_from=FROM_STUDY, network=wide)
    with pytest.raises(ModelError, match=r"nothing of before/cnn, fold 0 \(cnn\) fits cnn of tiny"):
        run(job)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("layer9", r"\['layer9'\] are no stages of the network; it has \['level0', 'level1', "),
        ("level2", r"\['level2'\] would stay at random for good, .*level2: no tensor"),
    ],
)
def test_only_stages_that_were_taken_over_can_be_frozen(
    inputs: Inputs, before: Path, stage: str, message: str
) -> None:
    deep = {"name": "cnn", "channels": [4, 8, 8]}
    start = FROM_STUDY | {"freeze": [stage]}
    job = make_job(inputs, before.parent / "no", start=before, start_from=start, network=deep)
    with pytest.raises(ModelError, match=message):
        run(job)


def test_weights_of_a_file_are_taken_over_by_their_hash(inputs: Inputs, tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    save_file(network().state_dict(), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    job = make_job(inputs, tmp_path / "m", start_from={"file": str(path), "sha256": digest})
    start = prepare_start(job, network(), same_answers=lambda _: True)
    assert start is not None
    assert start.fitting.loaded == ("level0", "level1")
    assert start.record(6)["trained_on"].startswith("not known")
    other = make_job(inputs, tmp_path / "m", start_from={"file": str(path), "sha256": "0" * 64})
    with pytest.raises(ModelError, match=f"has the sha256 {digest}, the study names 0000"):
        run(other)
    gone = make_job(inputs, tmp_path, start_from={"file": "gone.safetensors", "sha256": digest})
    with pytest.raises(ModelError, match=r"there is no file gone\.safetensors"):
        run(gone)


def test_a_file_that_would_run_code_is_refused(inputs: Inputs, tmp_path: Path) -> None:
    path = tmp_path / "evil.pth"
    torch.save({"conv1.weight": torch.nn.Linear(1, 1)}, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    job = make_job(
        inputs,
        tmp_path,
        start_from={"torchvision": str(path), "sha256": digest},
        network={"name": "resnet", "channels": [64]},
    )
    with pytest.raises(ModelError, match="holds no weights that can be read safely"):
        run(job)


def test_a_start_from_another_fold_of_the_dataset_is_a_leak(
    inputs: Inputs, before: Path, tmp_path: Path
) -> None:
    job = make_job(inputs, tmp_path, start=before, start_from=FROM_STUDY, fold=1)
    with pytest.raises(LeakError, match="was trained on cases that tune fold 1 here: start from"):
        run(job)


def test_a_start_from_another_split_of_the_dataset_is_a_leak(before: Path, tmp_path: Path) -> None:
    other = write_inputs(tmp_path / "other", key="another")
    job = make_job(other, tmp_path / "m", start=before, start_from=FROM_STUDY)
    with pytest.raises(LeakError, match="was trained on another split of shapes"):
        run(job)


def test_a_dataset_behind_the_weights_must_be_held_against_the_split(
    inputs: Inputs, before: Path, tmp_path: Path
) -> None:
    job = make_job(inputs, tmp_path, start=before, start_from=FROM_STUDY, dataset="others")
    with pytest.raises(LeakError, match="trained on shapes, which the split was not held against"):
        run(job)
    strangers = [c for c in make_cases(40) if int(c.case.removeprefix("case-")) >= 30]
    held = write_inputs(tmp_path / "held", key="another", apart={"shapes": strangers})
    run(make_job(held, tmp_path / "m", start=before, start_from=FROM_STUDY, dataset="others"))
    assert record_of(tmp_path / "m")["trained_on"] == "shapes"


def test_a_split_that_shares_an_image_with_the_pretraining_is_refused(tmp_path: Path) -> None:
    planted = make_cases(1)
    with pytest.raises(LeakError, match=r"case-0 and case-0 of shapes \(the same image, byte for"):
        write_inputs(tmp_path, apart={"shapes": planted})


def test_a_leak_two_studies_back_is_found(inputs: Inputs, before: Path, tmp_path: Path) -> None:
    run(make_job(inputs, tmp_path / "m", start=before, start_from=FROM_STUDY, study="middle"))
    card = tmp_path / "m" / "model.json"
    record = json.loads(card.read_text())
    record["training"]["start_from"]["lineage"][0]["fold"] = 2
    card.write_text(json.dumps(record))
    start = {"study": "middle", "model": "cnn"}
    with pytest.raises(LeakError, match="before/cnn, fold 2 was trained on cases that tune fold 0"):
        run(make_job(inputs, tmp_path / "n", start=card, start_from=start))


def test_the_file_of_another_model_is_refused(inputs: Inputs, before: Path, tmp_path: Path) -> None:
    start = {"study": "before", "model": "resnet"}
    with pytest.raises(ModelError, match="is of before/cnn, and start_from names before/resnet"):
        run(make_job(inputs, tmp_path, start=before, start_from=start))

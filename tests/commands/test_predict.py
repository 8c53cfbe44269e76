import json
from pathlib import Path

import pandas as pd
import pytest
from toy_classifier import CLASSES, toy_record, write_classifier, write_volume

from radflow.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_classifier(tmp_path / "models" / "cnn", toy_record())


def predict(model: Path, *images: Path, output: Path) -> int:
    chosen = ["--output", str(output), "--device", "cpu"]
    return main(["predict", "--model", str(model), *map(str, images), *chosen])


def test_a_classifier_tells_each_image_on_a_line_of_its_own(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [write_volume(tmp_path / f"{seed}.nii.gz", seed=seed) for seed in (0, 1)]
    assert predict(folder, *images, output=tmp_path / "out") == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    table = pd.read_csv(tmp_path / "out" / "predictions.tsv", sep="\t")
    assert [line.split(": ")[0] for line in lines] == [str(image) for image in images]
    assert [line.split()[1] for line in lines] == table["class"].tolist()
    assert set(table["class"]) <= set(CLASSES)
    assert f"classified 2 of 2 images in {tmp_path}/out/predictions.tsv" in printed.err


def test_refused_images_exit_with_1(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write_volume(tmp_path / "good.nii.gz")
    bad = write_volume(tmp_path / "bad.nii.gz", constant=True)
    assert predict(folder, good, bad, output=tmp_path / "out") == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    assert f"refused {bad}: " in printed.err


def test_images_that_are_not_there_exit_with_2(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(folder, tmp_path / "none.nii", output=tmp_path / "out") == 2
    assert "none.nii: no such file or folder" in capsys.readouterr().err


def test_one_fold_of_a_classifier_can_be_named(folder: Path, tmp_path: Path) -> None:
    image = write_volume(tmp_path / "one.nii.gz")
    assert predict(folder / "fold-1", image, output=tmp_path / "out") == 0
    record = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert len(record["weights_sha256"]) == 1


def test_a_task_of_another_version_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for fold in (0, 1):
        path = folder / f"fold-{fold}" / "model.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "task": "detection"}))
    image = write_volume(tmp_path / "one.nii.gz")
    assert predict(folder, image, output=tmp_path / "out") == 2
    assert "does not describe a model of format 1 (task" in capsys.readouterr().err

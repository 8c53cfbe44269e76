import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from toy_classifier import (
    CLASSES,
    flat_record,
    toy_record,
    write_classifier,
    write_volume,
)

from radflow.config.dataset import IntakeRules
from radflow.errors import ImageError, ModelError
from radflow.imaging.preparation import Preparation
from radflow.imaging.preprocess import preprocess_image
from radflow.inference.classifier import LoadedClassifier, load_classifier
from radflow.inference.classify_images import classify_images
from radflow.inference.one_case import answer_case

PLAN = Preparation(spacing_mm=(1, 1, 1), normalisation="zscore", smooth=True)
PROBABILITIES = [f"p:{name}" for name in CLASSES]


@pytest.fixture
def model(tmp_path: Path) -> LoadedClassifier:
    return load_classifier(write_classifier(tmp_path / "models" / "cnn", toy_record()))


@pytest.fixture
def flat(tmp_path: Path) -> LoadedClassifier:
    return load_classifier(write_classifier(tmp_path / "models" / "flat", flat_record()))


def write_picture(path: Path, *, seed: int = 0, colour: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3)[: 3 if colour else 2])
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path


def test_each_image_gets_a_row_of_probabilities(model: LoadedClassifier, tmp_path: Path) -> None:
    one = write_volume(tmp_path / "new" / "one.nii.gz")
    two = write_volume(tmp_path / "new" / "two.nii", seed=1, spacing=(1.0, 1.0, 1.5))
    result = classify_images(model, [tmp_path / "new"], tmp_path / "out")

    assert result.refused == {}
    table = pd.read_csv(tmp_path / "out" / "predictions.tsv", sep="\t")
    assert list(table) == ["image", "class", *PROBABILITIES, "views"]
    assert table["image"].tolist() == [one.as_posix(), two.as_posix()]
    assert table["views"].tolist() == [1, 1]
    case = preprocess_image([two], plan=PLAN)
    expected = answer_case(model, case).calibrated
    np.testing.assert_allclose(table[PROBABILITIES].iloc[1], expected, atol=1e-6)
    likeliest = table[PROBABILITIES].to_numpy().argmax(1)
    assert table["class"].tolist() == [CLASSES[place] for place in likeliest]


def test_a_line_tells_each_image_with_its_likeliest_classes(
    model: LoadedClassifier, tmp_path: Path
) -> None:
    image = write_volume(tmp_path / "one.nii.gz")
    result = classify_images(model, [image], tmp_path / "out")
    [line] = result.lines()
    shares = result.answers[image].calibrated
    assert line.startswith(f"{image}: {CLASSES[shares.argmax()]} ({CLASSES[shares.argmax()]} ")
    assert f"{100 * shares.max():.1f} %" in line


def test_the_record_tells_which_weights_answered(model: LoadedClassifier, tmp_path: Path) -> None:
    classify_images(model, [write_volume(tmp_path / "one.nii.gz")], tmp_path / "out")
    record = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert record["model"] == "toy/cnn"
    assert record["classes"] == list(CLASSES)
    assert record["temperatures"] == [1.5, 1.5]
    assert record["weights_sha256"] == [card.weights_sha256 for card in model.cards]


def test_what_intake_would_refuse_is_refused_and_the_rest_is_answered(
    model: LoadedClassifier, tmp_path: Path
) -> None:
    good = write_volume(tmp_path / "new" / "good.nii.gz")
    constant = write_volume(tmp_path / "new" / "constant.nii.gz", constant=True)
    thin = write_volume(tmp_path / "new" / "thin.nii.gz", shape=(12, 14, 1))
    page = tmp_path / "new" / "page.nii.gz"
    page.write_text("<html>please log in</html>")
    result = classify_images(model, [tmp_path / "new"], tmp_path / "out")
    assert list(result.answers) == [good]
    assert set(result.refused) == {constant, thin, page}
    rules = IntakeRules(most_voxels=10)
    assert list(classify_images(model, [good], tmp_path / "b", rules=rules).refused) == [good]
    assert not (tmp_path / "b").exists()


def test_a_picture_is_answered_as_the_slice_that_intake_makes_of_it(
    flat: LoadedClassifier, tmp_path: Path
) -> None:
    picture = write_picture(tmp_path / "one.png")
    pixels = np.asarray(Image.open(picture)).T[..., None]
    affine = np.diag([-0.5, -0.5, 1.0, 1.0])
    volume = nib.Nifti1Image(np.ascontiguousarray(pixels), affine)
    volume.set_sform(affine, 2)
    volume.set_qform(affine, 2)
    volume.header.set_xyzt_units("mm")
    nib.save(volume, tmp_path / "two.nii.gz")
    paths = [picture, tmp_path / "two.nii.gz"]
    result = classify_images(flat, paths, tmp_path / "out")
    assert result.refused == {}
    one, two = result.answers.values()
    np.testing.assert_array_equal(one.calibrated, two.calibrated)


def test_pictures_in_colour_and_thick_volumes_are_refused(
    flat: LoadedClassifier, tmp_path: Path
) -> None:
    colour = write_picture(tmp_path / "new" / "colour.png", colour=True)
    thick = write_volume(tmp_path / "new" / "thick.nii.gz", shape=(32, 24, 12))
    jpeg = write_picture(tmp_path / "new" / "grey.jpg")
    result = classify_images(flat, [tmp_path / "new"], tmp_path / "out")
    assert list(result.answers) == [jpeg]
    assert "red, green and blue differ" in result.refused[colour]
    assert "give it the slice to look at" in result.refused[thick]


def test_a_refusal_names_the_picture(flat: LoadedClassifier, tmp_path: Path) -> None:
    picture = tmp_path / "blank.png"
    Image.fromarray(np.zeros((24, 32), np.uint8)).save(picture)
    result = classify_images(flat, [picture], tmp_path / "out")
    assert result.refused[picture].startswith("blank (image): ")


def test_a_picture_is_no_image_for_a_model_of_volumes(
    model: LoadedClassifier, tmp_path: Path
) -> None:
    with pytest.raises(ImageError, match=r"one.png: not named \*.nii or \*.nii.gz"):
        classify_images(model, [write_picture(tmp_path / "one.png")], tmp_path / "out")


def test_several_channels_come_as_a_folder_with_a_file_each(tmp_path: Path) -> None:
    record = toy_record(channels=["T1w", "FLAIR"])
    model = load_classifier(write_classifier(tmp_path / "models" / "two", record))
    good, off = tmp_path / "new" / "p1", tmp_path / "new" / "p2"
    files = [write_volume(good / "T1w.nii.gz"), write_volume(good / "p1_FLAIR.nii.gz", seed=1)]
    write_volume(off / "T1w.nii.gz")
    write_volume(off / "FLAIR.nii.gz", shape=(12, 14, 11))
    result = classify_images(model, [tmp_path / "new"], tmp_path / "out")
    assert list(result.answers) == [good]
    assert "all files of a case must share one grid" in result.refused[off]
    case = preprocess_image(files, plan=PLAN)
    expected = answer_case(model, case).calibrated
    np.testing.assert_array_equal(result.answers[good].calibrated, expected)
    with pytest.raises(ImageError, match="name a folder with one file for each channel"):
        classify_images(model, [files[0]], tmp_path / "out")


def test_ct_is_seen_in_the_windows_of_the_plan_clipped_before_it_is_resampled(
    tmp_path: Path,
) -> None:
    record = toy_record(modality="CT", channels=["CT"])
    record["plan"] |= {"normalisation": "ct", "windows_hu": [[0, 80], [80, 600]]}
    record["plan"] |= {"spacing_mm": [2.0, 2.0, 2.0]}
    model = load_classifier(write_classifier(tmp_path / "models" / "ct", record))
    head = np.full((24, 28, 20), -1000, np.int16)
    head[4:20, 4:24, 4:16] = 1200
    head[6:18, 6:22, 6:14] = 30
    images = {"whole": head, "clipped": head.clip(0, 600), "no-bone": head.clip(0, 80)}
    for name, voxels in images.items():
        write_volume(tmp_path / "new" / f"{name}.nii.gz", voxels=voxels)
    result = classify_images(model, [tmp_path / "new"], tmp_path / "out")
    assert result.refused == {}
    answers = {path.name.split(".")[0]: each.calibrated for path, each in result.answers.items()}
    np.testing.assert_array_equal(answers["whole"], answers["clipped"])
    assert (answers["whole"] != answers["no-bone"]).any()


def test_a_picture_among_the_channels_of_volumes_is_refused(tmp_path: Path) -> None:
    record = toy_record(channels=["T1w", "FLAIR"])
    model = load_classifier(write_classifier(tmp_path / "models" / "two", record))
    write_volume(tmp_path / "p1" / "T1w.nii.gz")
    write_picture(tmp_path / "p1" / "FLAIR.png")
    with pytest.raises(ImageError, match=r"p1: 0 files of FLAIR; .* \*T1w.nii.gz, \*FLAIR.nii.gz"):
        classify_images(model, [tmp_path / "p1"], tmp_path / "out")


def test_several_classes_at_once_are_joined_and_none_is_said(tmp_path: Path) -> None:
    target = {"kind": "multi-label", "classes": ["mass", "oedema"], "separator": "+"}
    folder = write_classifier(tmp_path / "models" / "several", toy_record(target=target))
    image = write_volume(tmp_path / "one.nii.gz")
    result = classify_images(load_classifier(folder), [image], tmp_path / "out")
    answer = result.answers[image]
    answer.calibrated[:] = 0.75, 0.5625
    assert result.class_of(image) == "mass+oedema"
    answer.calibrated[:] = 0.25, 0.125
    assert result.class_of(image) == ""
    assert list(result.lines()) == [f"{image}: none of the classes (mass 25.0 %, oedema 12.5 %)"]


def test_nothing_is_read_when_the_output_is_a_file_or_the_model_needs_marks(
    model: LoadedClassifier, tmp_path: Path
) -> None:
    image = write_volume(tmp_path / "one.nii.gz")
    with pytest.raises(ImageError, match="is a file; --output names a folder"):
        classify_images(model, [image], image)
    record = toy_record(view={"view": "whole", "region": "lesion"})
    marked = load_classifier(write_classifier(tmp_path / "models" / "marked", record))
    with pytest.raises(ModelError, match="marked lesion"):
        classify_images(marked, [image], tmp_path / "out")

import json
import os
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from toy_network import TOY_UNET

from radflow.config.dataset import IntakeRules
from radflow.errors import ImageError
from radflow.files import sha256_file
from radflow.imaging.preparation import Preparation
from radflow.imaging.preprocess import preprocess_image, to_native
from radflow.inference.find import find_images
from radflow.inference.images import predict_images
from radflow.inference.model import LoadedModel, load_model

AFFINE = np.array([[-1.0, 0, 0, 17], [0, 1, 0, -25], [0, 0, 1.25, -17], [0, 0, 0, 1]])


def write_image(path: Path, *, seed: int = 0, constant: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    voxels = np.random.default_rng(seed).uniform(0, 900, (14, 18, 12)).astype(np.int16)
    image = nib.Nifti1Image(np.ones_like(voxels) if constant else voxels, AFFINE)
    image.set_sform(AFFINE, 1)
    image.set_qform(AFFINE, 1)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return path


@pytest.fixture
def model(model_folder: Path) -> LoadedModel:
    return load_model(model_folder)


def test_each_image_is_labelled_in_its_own_space(model: LoadedModel, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    one = write_image(folder / "one.nii.gz")
    two = write_image(folder / "two.nii", seed=1)
    result = predict_images(model, [folder], tmp_path / "out")

    assert result.refused == {}
    assert result.written == {
        one: tmp_path / "out" / "one.nii.gz",
        two: tmp_path / "out" / "two.nii.gz",
    }
    written = nib.Nifti1Image.from_filename(tmp_path / "out" / "two.nii.gz")
    np.testing.assert_allclose(written.affine, AFFINE)
    zscore = Preparation(spacing_mm=(1, 1, 1), normalisation="zscore")
    case = preprocess_image([two], plan=zscore)
    expected = to_native(model.probabilities(case.image), case.geometry)
    np.testing.assert_array_equal(np.asarray(written.dataobj), expected)


def test_ct_is_labelled_in_the_windows_of_the_plan(
    fold_writer: Callable[..., Path], tmp_path: Path
) -> None:
    plan = {"spacing_mm": [1, 1, 1], "patch_size": [8, 8, 8], "normalisation": "ct"}
    plan |= {"windows_hu": [[0, 80], [80, 600]]}
    network = {**TOY_UNET, "inputs": 2}
    fold_writer(tmp_path / "ct", 0, network=network, channels=["CT"], modality="CT", plan=plan)
    model = load_model(tmp_path / "ct")
    image = write_image(tmp_path / "one.nii.gz")
    result = predict_images(model, [image], tmp_path / "out")
    assert result.refused == {}
    windows = Preparation(spacing_mm=(1, 1, 1), normalisation="ct", windows_hu=((0, 80), (80, 600)))
    case = preprocess_image([image], plan=windows)
    expected = to_native(model.probabilities(case.image), case.geometry)
    written = nib.Nifti1Image.from_filename(tmp_path / "out" / "one.nii.gz")
    np.testing.assert_array_equal(np.asarray(written.dataobj), expected)


def test_a_legend_names_the_labels(model: LoadedModel, tmp_path: Path) -> None:
    predict_images(model, [write_image(tmp_path / "one.nii.gz")], tmp_path / "out")
    legend = json.loads((tmp_path / "out" / "labels.json").read_text())
    assert legend["classes"] == {"0": "background", "1": "anterior", "2": "posterior"}
    assert legend["model"] == "toy/unet"
    assert len(legend["weights_sha256"]) == 2


def test_what_intake_would_refuse_is_refused_and_the_rest_is_labelled(
    model: LoadedModel, tmp_path: Path
) -> None:
    good = write_image(tmp_path / "new" / "good.nii.gz")
    constant = write_image(tmp_path / "new" / "constant.nii.gz", constant=True)
    page = tmp_path / "new" / "page.nii.gz"
    page.write_text("<html>please log in</html>")
    cut = write_image(tmp_path / "new" / "cut.nii.gz")
    cut.write_bytes(cut.read_bytes()[:-200])

    result = predict_images(model, [tmp_path / "new"], tmp_path / "out")
    assert list(result.written) == [good]
    assert set(result.refused) == {constant, page, cut}
    assert all(path.name.split(".")[0] in reason for path, reason in result.refused.items())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "good.nii.gz",
        "labels.json",
    ]


def test_the_bounds_can_be_those_of_another_dataset(model: LoadedModel, tmp_path: Path) -> None:
    image = write_image(tmp_path / "one.nii.gz")
    result = predict_images(model, [image], tmp_path / "out", rules=IntakeRules(most_voxels=10))
    assert list(result.refused) == [image]
    assert not (tmp_path / "out").exists()


def test_inputs_are_never_replaced(model: LoadedModel, tmp_path: Path) -> None:
    image = write_image(tmp_path / "one.nii.gz")
    link = tmp_path / "elsewhere" / "one.nii.gz"
    link.parent.mkdir()
    link.symlink_to(image)
    before = sha256_file(image)
    for path in (image, link):
        with pytest.raises(ImageError, match=r"would replace an input[\s\S]*another --output"):
            predict_images(model, [path], tmp_path)
    assert sha256_file(image) == before


def test_images_that_would_share_an_output_are_refused(model: LoadedModel, tmp_path: Path) -> None:
    images = [
        write_image(tmp_path / "a" / "one.nii.gz"),
        write_image(tmp_path / "b" / "ONE.nii"),
        write_image(tmp_path / "a" / "two.nii.gz"),
    ]
    with pytest.raises(ImageError, match=r"one.nii.gz and .*ONE.nii would both become"):
        predict_images(model, images, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_image_named_twice_is_labelled_once(model: LoadedModel, tmp_path: Path) -> None:
    image = write_image(tmp_path / "new" / "one.nii.gz")
    result = predict_images(model, [image, tmp_path / "new"], tmp_path / "out")
    assert list(result.written) == [image]


def test_all_paths_that_are_no_images_are_listed_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "scan.dcm").write_bytes(b"")
    with pytest.raises(ImageError) as caught:
        find_images([tmp_path / "none.nii", tmp_path / "empty", tmp_path / "scan.dcm"])
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert "none.nii: no such file or folder" in lines[1]
    assert "no *.nii or *.nii.gz in this folder" in lines[2]
    assert "scan.dcm: not named" in lines[3]


def test_hidden_files_and_subfolders_of_a_folder_are_left_alone(tmp_path: Path) -> None:
    image = write_image(tmp_path / "one.nii.gz")
    write_image(tmp_path / ".tmp-two.nii.gz")
    write_image(tmp_path / "sub" / "three.nii.gz")
    assert find_images([tmp_path]) == [image]


def test_an_output_that_is_a_file_is_refused(model: LoadedModel, tmp_path: Path) -> None:
    image = write_image(tmp_path / "one.nii.gz")
    (tmp_path / "out").write_text("")
    with pytest.raises(ImageError, match="is a file"):
        predict_images(model, [image], tmp_path / "out")


@pytest.fixture
def two_channels(fold_writer: Callable[..., Path], tmp_path: Path) -> LoadedModel:
    network = {**TOY_UNET, "inputs": 2}
    folder = fold_writer(tmp_path / "models" / "two", 0, network=network, channels=["T1", "FLAIR"])
    return load_model(folder)


def test_several_channels_come_as_a_folder_with_a_file_each(
    two_channels: LoadedModel, tmp_path: Path
) -> None:
    good, twice = tmp_path / "new" / "p1", tmp_path / "new" / "p2"
    files = [write_image(good / "p1_T1.nii.gz"), write_image(good / "flair.nii", seed=1)]
    write_image(twice / "T1.nii.gz")
    write_image(twice / "FLAIR.nii.gz", constant=True)
    result = predict_images(two_channels, [tmp_path / "new"], tmp_path / "out")
    assert result.written == {good: tmp_path / "out" / "p1.nii.gz"}
    assert list(result.refused) == [twice]
    written = nib.Nifti1Image.from_filename(result.written[good])
    zscore = Preparation(spacing_mm=(1, 1, 1), normalisation="zscore")
    case = preprocess_image(files, plan=zscore)
    expected = to_native(two_channels.probabilities(case.image), case.geometry)
    np.testing.assert_array_equal(np.asarray(written.dataobj), expected)


def test_nothing_is_labelled_where_a_channel_is_missing(
    two_channels: LoadedModel, tmp_path: Path
) -> None:
    write_image(tmp_path / "new" / "p1" / "T1.nii.gz")
    (tmp_path / "new" / "p1" / "FLAIR.png").write_bytes(b"")
    with pytest.raises(ImageError, match="p1: 0 files of FLAIR; it needs one file for each"):
        predict_images(two_channels, [tmp_path / "new"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folders_of_one_name_are_refused(two_channels: LoadedModel, tmp_path: Path) -> None:
    for site in "ab":
        for channel in ("T1", "FLAIR"):
            write_image(tmp_path / site / "p1" / f"{channel}.nii.gz")
    with pytest.raises(ImageError, match=r"a/p1 and .*b/p1 would both become p1.nii.gz"):
        predict_images(two_channels, [tmp_path / "a", tmp_path / "b"], tmp_path / "out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_that_can_not_be_written_stops_the_run(
    model: LoadedModel, tmp_path: Path
) -> None:
    image = write_image(tmp_path / "one.nii.gz")
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        predict_images(model, [image], tmp_path / "locked")

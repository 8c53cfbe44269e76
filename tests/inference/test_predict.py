from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from radflow.errors import ImageError
from radflow.files import read_tsv, sha256_file
from radflow.imaging.geometry import Geometry
from radflow.imaging.preprocess import PreprocessedCase, to_native
from radflow.inference.model import load_folds
from radflow.inference.predict import predict_part
from radflow.patches.store import ShardSet, write_shard

# An LPS image with a voxel size of its own: axes and sizes must come back.
AFFINE = np.array([[-2.0, 0, 0, 90], [0, -1, 0, 30], [0, 0, 1.5, -10], [0, 0, 0, 1]])
SHAPE = (7, 12, 9)


def preprocessed(case: str, seed: int) -> PreprocessedCase:
    geometry = Geometry(SHAPE, AFFINE, (1.0, 1.0, 1.0))
    generator = np.random.default_rng(seed)
    image = generator.standard_normal((1, *geometry.grid_shape)).astype(np.float32)
    return PreprocessedCase(case, image, np.zeros(geometry.grid_shape, np.uint8), geometry)


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"development-{number:03d}.shard" for number in range(2)]
    write_shard(paths[0], [preprocessed("b", 1), preprocessed("c", 2)])
    write_shard(paths[1], [preprocessed("a", 3)])
    return paths


def test_cases_come_back_in_the_space_of_their_image(
    model_folder: Path, shards: list[Path], tmp_path: Path
) -> None:
    folds = [model_folder / "fold-0", model_folder / "fold-1"]
    predict_part(folds, shards, cases=["c", "a"], output=tmp_path / "test")

    table = read_tsv(tmp_path / "test" / "predictions.tsv", ("case",))
    assert list(table.case) == ["a", "c"]
    for row in table.itertuples():
        path = tmp_path / "test" / str(row.path)
        assert row.sha256 == sha256_file(path)
        image = nib.Nifti1Image.from_filename(path)
        assert image.shape == SHAPE
        assert image.get_data_dtype() == np.uint8
        np.testing.assert_allclose(image.affine, AFFINE)

    model = load_folds(folds)
    store = ShardSet(shards)
    expected = to_native(model.probabilities(store.image("a")), store.geometry("a"))
    written = np.asarray(nib.Nifti1Image.from_filename(tmp_path / "test" / "a.nii.gz").dataobj)
    np.testing.assert_array_equal(written, expected)
    assert len(np.unique(expected)) > 1


def test_two_runs_give_the_same_bytes(
    model_folder: Path, shards: list[Path], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        predict_part([model_folder / "fold-0"], shards, cases=["a"], output=tmp_path / name)
    for file in ("a.nii.gz", "predictions.tsv"):
        assert sha256_file(tmp_path / "one" / file) == sha256_file(tmp_path / "two" / file)


def test_predictions_of_an_earlier_run_do_not_stay(
    model_folder: Path, shards: list[Path], tmp_path: Path
) -> None:
    output = tmp_path / "fold-0"
    for cases in (["a", "b"], ["b"]):
        predict_part([model_folder / "fold-0"], shards, cases=cases, output=output)
    assert sorted(path.name for path in output.iterdir()) == ["b.nii.gz", "predictions.tsv"]


def test_a_failed_run_leaves_no_table(
    model_folder: Path, shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "fold-0"
    predict_part([model_folder / "fold-0"], shards, cases=["a"], output=output)

    def full(*_: object) -> None:
        message = "No space left on device"
        raise OSError(message)

    monkeypatch.setattr("radflow.inference.predict.write_labels", full)
    with pytest.raises(OSError, match="No space"):
        predict_part([model_folder / "fold-0"], shards, cases=["a"], output=output)
    assert not (output / "predictions.tsv").exists()


def test_a_case_in_no_shard_is_named_before_anything_is_removed(
    model_folder: Path, shards: list[Path], tmp_path: Path
) -> None:
    output = tmp_path / "fold-0"
    predict_part([model_folder / "fold-0"], shards, cases=["a"], output=output)
    with pytest.raises(ImageError, match=r"2 of 3 cases .*first: x"):
        predict_part([model_folder / "fold-0"], shards, cases=["y", "x", "a"], output=output)
    assert (output / "predictions.tsv").exists()


def test_the_mean_shape_predicts_by_the_same_step(
    baseline_folder: Path, shards: list[Path], tmp_path: Path
) -> None:
    folds = [baseline_folder / "fold-0", baseline_folder / "fold-1"]
    predict_part(folds, shards, cases=["b"], output=tmp_path / "test")
    assert (tmp_path / "test" / "b.nii.gz").is_file()


def test_progress_is_shown(
    model_folder: Path,
    shards: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    predict_part([model_folder / "fold-0"], shards, cases=["a"], output=tmp_path / "x")
    assert "predict toy/unet: 1 of 1 case" in capsys.readouterr().err

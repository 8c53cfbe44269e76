import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from radflow import __version__
from radflow.cli import main
from radflow.errors import ImageError, ModelError
from radflow.inference.images import Labelled

TASK = "radflow.inference.folds.task_of"
LOAD, PREDICT = "radflow.inference.model.load_model", "radflow.inference.images.predict_images"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "one.nii.gz"
    path.write_bytes(b"")
    return path


def predict(image: Path, model: str = "results/toy/models/unet") -> int:
    output = str(image.parent / "out")
    return main(["predict", "--model", model, str(image), "--output", output])


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replace loading; gives the folders that were loaded."""
    folders: list[Path] = []
    monkeypatch.setattr(TASK, lambda _: "segmentation")
    monkeypatch.setattr(LOAD, lambda folder, **_: folders.append(folder))
    return folders


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"radflow {__version__}\n"


def test_heavy_libraries_are_not_needed_for_the_help() -> None:
    program = (
        "import sys; from radflow.cli import main\n"
        "try: main(['predict', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'torch', 'mlflow', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"--model MODEL" in done.stdout


def test_labelled_images_exit_with_0(
    image: Path,
    loaded: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(PREDICT, lambda *_, **__: Labelled({image: image}, {}))
    assert predict(image) == 0
    assert loaded == [Path("results/toy/models/unet")]
    assert "labelled 1 of 1 images" in capsys.readouterr().err


def test_refused_images_exit_with_1_and_are_all_listed(
    image: Path,
    loaded: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused = {Path("two.nii"): "it is empty", Path("three.nii"): "it is constant"}
    monkeypatch.setattr(PREDICT, lambda *_, **__: Labelled({image: image}, refused))
    assert predict(image) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("labelled 1 of 3 images")
    expected = ["refused two.nii: it is empty", "refused three.nii: it is constant"]
    assert lines[1:] == expected


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ImageError("nothing was labelled"), "radflow: nothing was labelled\n"),
        (ModelError("no such model"), "radflow: no such model\n"),
        (OSError(28, "No space left on device", "out"), "radflow: out: No space left on device\n"),
    ],
)
def test_errors_are_one_message_without_a_traceback(
    *,
    error: Exception,
    line: str,
    image: Path,
    loaded: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(PREDICT, fail)
    assert predict(image) == 2
    assert capsys.readouterr().err == line


def test_a_model_that_is_not_there_is_told_before_images_are_read(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(image, model="nowhere") == 2
    assert "radflow: nowhere has no fold-K" in capsys.readouterr().err


def test_an_interrupt_is_clean(
    image: Path,
    loaded: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PREDICT, interrupt)
    assert predict(image) == 130
    assert capsys.readouterr().err == "radflow: interrupted\n"


def test_a_registered_model_is_fetched(
    image: Path, loaded: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def download(address: str) -> Iterator[Path]:
        assert address == "models:/toy-unet@champion"
        yield Path("fetched")

    monkeypatch.setattr("radflow.tracking.registry.downloaded_model", download)
    monkeypatch.setattr(PREDICT, lambda *_, **__: Labelled({image: image}, {}))
    assert predict(image, "models:/toy-unet@champion") == 0
    assert loaded == [Path("fetched")]


@pytest.mark.parametrize(
    "arguments", [[], ["predict"], ["predict", "--model", "m", "--output", "o"], ["train"]]
)
def test_arguments_that_make_no_command_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)

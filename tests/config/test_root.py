"""The argument of commands that write generated files."""

from pathlib import Path

import pytest

from radflow.config.root import project_root


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_root_is_the_current_folder_unless_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").touch()
    monkeypatch.chdir(tmp_path)
    assert project_root("make", []) == Path()
    assert project_root("make", [str(tmp_path)]) == tmp_path


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["-q"], "unrecognized arguments: -q"),
        (["--quiet"], "unrecognized arguments: --quiet"),
        ([".", "docs"], "unrecognized arguments: docs"),
        (["nowhere"], "nowhere has no config/config.yaml: name the project's root"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_anything_else_ends_the_command_and_makes_no_folder(
    arguments: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        project_root("python -m radflow.make", arguments)
    assert complaint in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []

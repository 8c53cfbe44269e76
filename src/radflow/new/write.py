"""Put a new card and a new study into the project: both or none, and never over others."""

import tempfile
from pathlib import Path

from radflow.config.load import check_study, load_card, load_study
from radflow.errors import ConfigError
from radflow.files import write_text


def refuse_taken(project: Path, name: str) -> None:
    """Refuse a name that is none, or whose files are there.

    Raises
    ------
    ConfigError
        With what to do.
    """
    taken = [path for path in _places(project, name) if path.exists()]
    if taken:
        files = " and ".join(str(path) for path in taken)
        message = f"{files} is there, and is never overwritten: choose another name, or remove it"
        raise ConfigError(message)


def write_both(project: Path, name: str, *, card: str, study: str) -> tuple[Path, Path]:
    """Check the texts as a run would read them, then write them.

    Raises
    ------
    ConfigError
        When a text is not valid, which no file shows then; or when a file appeared meanwhile.
    """
    check_texts(name, card=card, study=study)
    places = _places(project, name)
    made: list[Path] = []
    try:
        for path, text in zip(places, (card, study), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                made.append(path)
                stream.write(text)
    except BaseException as error:
        for path in made:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            refuse_taken(project, name)
        raise
    return places


def check_texts(name: str, *, card: str, study: str) -> None:
    """Load both texts from a folder of their own, and check them against each other.

    Raises
    ------
    ConfigError
        With every problem.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for kind, text in (("datasets", card), ("studies", study)):
            write_text(root / kind / f"{name}.yaml", text)
        loaded = load_study(root / "studies", name)
        check_study(loaded, load_card(root / "datasets", loaded.dataset))


def _places(project: Path, name: str) -> tuple[Path, Path]:
    folder = project / "config"
    return folder / "datasets" / f"{name}.yaml", folder / "studies" / f"{name}.yaml"

"""What the commands share: their parser, the project they run in, and some words."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from radflow.errors import ConfigError

if TYPE_CHECKING:
    Subcommands: TypeAlias = argparse._SubParsersAction[  # pyright: ignore[reportPrivateUsage]
        argparse.ArgumentParser
    ]
else:
    Subcommands = object


def project_root() -> Path:
    """Give the project's folder, which is the current one.

    Raises
    ------
    ConfigError
        When it is no project.
    """
    root = Path()
    if not (root / "config" / "config.yaml").is_file():
        message = (
            f"{Path.cwd()} has no config/config.yaml: go to the project's folder, where the "
            "Snakefile is, and run again"
        )
        raise ConfigError(message)
    return root


def mirror_folder(root: Path) -> Path | None:
    """Give the folder of archives: of RADFLOW_MIRROR, else of `mirror` in config/config.yaml."""
    from radflow.config.load import load_project  # noqa: PLC0415

    place = os.environ.get("RADFLOW_MIRROR") or load_project(root / "config/config.yaml").mirror
    return Path(place) if place else None


def run_command(study: str) -> str:
    """Give the command that runs a study."""
    return f"snakemake --cores all --config 'studies=[\"{study}\"]'"


def counted(number: int, what: str) -> str:
    """Say how many, e.g. ``"1 case"``."""
    return f"{number} {what}{'' if number == 1 else 's'}"

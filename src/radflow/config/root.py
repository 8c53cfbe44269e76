"""The one argument of commands that write generated files: the project's root."""

import argparse
from collections.abc import Sequence
from pathlib import Path


def project_root(command: str, arguments: Sequence[str] | None = None) -> Path:
    """Read the folder to write below; without an argument it is the current one.

    Whatever else stands on the command line ends the program: an option taken for a folder would
    be made, and filled.

    Parameters
    ----------
    command
        As it is called, for its usage.
    arguments
        None: of the command line.
    """
    parser = argparse.ArgumentParser(prog=command, allow_abbrev=False)
    parser.add_argument("root", nargs="?", type=Path, default=Path(), help="the project's folder")
    root: Path = parser.parse_args(arguments).root
    if not (root / "config" / "config.yaml").is_file():
        parser.error(f"{root} has no config/config.yaml: name the project's root")
    return root

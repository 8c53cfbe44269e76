"""The command `radflow`."""

import argparse
import sys
from collections.abc import Sequence

from radflow import __version__
from radflow.commands import check, new, predict
from radflow.commands.exits import INTERRUPTED, USER_ERROR
from radflow.errors import RadflowError
from radflow.progress import say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0; 1 if images or data were refused; 2 if the command could not be carried out; 130 if it
        was interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except RadflowError as error:
        say(f"radflow: {error}")
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        say(f"radflow: {place}{error.strerror or error}")
    except KeyboardInterrupt:
        say("radflow: interrupted")
        return INTERRUPTED
    return USER_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="radflow", description="Make studies of your own data, and use their models."
    )
    parser.add_argument("--version", action="version", version=f"radflow {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (new, check, predict):
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())

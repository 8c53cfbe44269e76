"""`radflow new`: from data to a dataset card and a study."""

import argparse

from radflow.commands.subcommands import Subcommands


def add(commands: Subcommands) -> None:
    """Add the command to the parser."""


def run(options: argparse.Namespace) -> int:
    """."""
    return 0

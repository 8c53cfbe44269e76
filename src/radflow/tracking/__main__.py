"""`python -m radflow.tracking`: what the workflow asks of MLflow outside of its jobs."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from radflow.tracking.store import default_uri, project_root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``init STUDY MODEL...`` before the jobs, or ``log STUDY`` after the report."""
    parser = argparse.ArgumentParser(prog="python -m radflow.tracking", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("init", help="make the store, the experiment and a run per model")
    start.add_argument("study")
    start.add_argument("models", nargs="+")
    start.add_argument("--search", default="", help="model whose settings are searched")
    log = commands.add_parser("log", help="log the results of a study, and register its models")
    log.add_argument("study")
    log.add_argument("--figures", type=Path, help="folder of the report's figures")
    options = parser.parse_args(arguments)
    if options.command == "init":
        from radflow.tracking.parents import init  # noqa: PLC0415

        init(options.study, options.models, uri=default_uri(), searched=options.search)
    else:
        from radflow.tracking.results import log_study  # noqa: PLC0415

        folder = project_root() / "results" / options.study
        log_study(folder, uri=default_uri(), figures=options.figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())

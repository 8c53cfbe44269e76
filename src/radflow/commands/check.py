"""`radflow check`: what would stop or mark a study's data, before anything is run."""

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from radflow.commands.exits import DONE, SOME_REFUSED
from radflow.commands.subcommands import (
    Subcommands,
    counted,
    mirror_folder,
    project_root,
    run_command,
)
from radflow.progress import say

if TYPE_CHECKING:
    from radflow.check.run import Checked


def add(commands: Subcommands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "check",
        help="find everything wrong with a study's data",
        description=(
            "Examine every file of a study's dataset as its run would, and list all that is wrong "
            "in one table. Nothing is trained, and no file of yours is moved or changed."
        ),
        epilog="exit status: 0 nothing refused, 1 something refused, 2 it could not be examined",
    )
    parser.add_argument("study", metavar="STUDY", help="name of a file in config/studies")
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="cases examined at once (default: the number of cores)",
    )
    parser.add_argument(
        "--all", action="store_true", help="list each finding, also where many are alike"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write all findings to a TSV table too"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the data of a study, and print what was found."""
    # pandas and nibabel start slowly: imported once the arguments are known to be sound.
    from radflow.check.run import check  # noqa: PLC0415
    from radflow.check.table import counts, table  # noqa: PLC0415
    from radflow.datasets.checks.finding import findings_table, refusals  # noqa: PLC0415
    from radflow.files import write_tsv  # noqa: PLC0415

    root = project_root()
    checked = check(options.study, root=root, mirror=mirror_folder(root), jobs=max(1, options.jobs))
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    lines = table(checked.findings, width=width, every=options.all)
    for line in lines:
        say(line, sys.stdout)
    if options.output is not None:
        write_tsv(options.output, findings_table(checked.findings))
    if lines:
        say("", sys.stdout)
    say(f"{options.study}: {_cases(checked)}; findings: {counts(checked.findings)}", sys.stdout)
    refused = bool(refusals(checked.findings))
    say(_next(options.study, checked, options.output), sys.stdout)
    return SOME_REFUSED if refused else DONE


def _cases(checked: "Checked") -> str:
    if checked.listed is None:
        return "no case could be listed"
    subjects = len({case.subject for case in checked.accepted})
    accepted = f"{len(checked.accepted)} accepted, of {counted(subjects, 'subject')}"
    return f"{counted(checked.listed, 'case')} listed, {accepted}"


def _next(study: str, checked: "Checked", output: Path | None) -> str:
    """Say what follows from the findings, and what to type next."""
    from radflow.datasets.checks.finding import Level, refusals  # noqa: PLC0415

    refused = refusals(checked.findings)
    again = f"radflow check {study}"
    if any(finding.level is Level.STOP for finding in refused):
        return f"A run would stop (STOP). Mend this, then: {again}"
    if not refused:
        where = f" (all findings: {output})" if output else ""
        return f"Nothing is refused{where}. Next: {run_command(study)}"
    listed = checked.listed or 0
    share = (listed - len(checked.accepted)) / listed if listed else 1.0
    bound = checked.card.intake.most_quarantined
    left_out = f"{share:.1%} of the cases would be left out (QUAR)"
    if share > bound or share == 1:
        return (
            f"A run would stop: {left_out}, the bound `intake: most_quarantined` is {bound:.1%}. "
            f"Mend the cases or raise the bound, then: {again}"
        )
    return f"{left_out}, which the card allows. Mend them, or go on: {run_command(study)}"

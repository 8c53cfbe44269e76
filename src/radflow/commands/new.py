"""`radflow new`: from data to a dataset card and a study."""

import argparse
import re
import sys
from typing import TYPE_CHECKING

from radflow.commands.exits import DONE
from radflow.commands.subcommands import (
    Subcommands,
    counted,
    mirror_folder,
    project_root,
    run_command,
)
from radflow.errors import ConfigError
from radflow.progress import say

if TYPE_CHECKING:
    from radflow.new.found import Found
    from radflow.new.place import Place

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SHOWN = 8


def add(commands: Subcommands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "new",
        help="make a study of your own data",
        description=(
            "Look at data, say what they are, and write a dataset card and a study with defaults "
            "that run: config/datasets/STUDY.yaml and config/studies/STUDY.yaml."
        ),
        epilog="exit status: 0 both files written, 2 none",
    )
    parser.add_argument("study", metavar="STUDY", help="a new name: letters, digits, '-' and '_'")
    parser.add_argument(
        "--data",
        required=True,
        metavar="PATH",
        help="a folder, a tar or tar.gz, or the name of an archive in the mirror folder",
    )
    parser.add_argument(
        "--task",
        choices=["segmentation", "classification", "description"],
        help=(
            "segmentation: train a U-Net on label maps; classification: train a network on the "
            "classes of cases; description: the data alone; left out: the first that the data allow"
        ),
    )
    parser.add_argument(
        "--pseudonyms",
        action="store_true",
        help="you declare that all names and record numbers in the files are made up",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Look at the data, say what was found, and write both files."""
    # pandas, nibabel and pydicom start slowly: imported once the arguments are known to be sound.
    from radflow.config.stages import write_stages  # noqa: PLC0415
    from radflow.new.card import card_text  # noqa: PLC0415
    from radflow.new.detect import understood  # noqa: PLC0415
    from radflow.new.place import opened  # noqa: PLC0415
    from radflow.new.study import study_text, task_for  # noqa: PLC0415
    from radflow.new.write import refuse_taken, write_both  # noqa: PLC0415

    name = options.study
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name of a study: use letters, digits, '-' and '_'"
        raise ConfigError(message)
    project = project_root()
    refuse_taken(project, name)
    with opened(options.data, project=project, mirror=mirror_folder(project)) as place:
        found = understood(place.root, options.data, pseudonyms=options.pseudonyms)
        for line in _told(options.data, found, place):
            say(line, sys.stdout)
        task = options.task or task_for(found)
        study = study_text(name, found, task=task)
        card = card_text(name, found, place)
    written = write_both(project, name, card=card, study=study)
    files = f"Wrote {written[0]} and {written[1]}: their comments say what each key is."
    say(f"\n{files}", sys.stdout)
    say(f"The task is {task}; another: --task", sys.stdout)
    say(f"Next:  radflow check {name}\nthen:  {run_command(name)}", sys.stdout)
    try:
        write_stages(project)
    except ConfigError as error:  # of another study or card: the new ones are written and sound
        say(f"dvc.yaml does not know {name} yet: {error}")
    return DONE


def _told(data: str, found: "Found", place: "Place") -> list[str]:
    """Say what was found, a line each."""
    from radflow.datasets.checks.listing import shown_id  # noqa: PLC0415

    sure = "" if found.sure else " (a guess)"
    facts = {
        "layout": found.layout,
        "content": f"{counted(found.cases, 'case')} of {counted(len(found.subjects), 'subject')}",
        "channels": f"{_few(found.channels)}; modality {found.modality}{sure}",
        "labels": counted(found.labelled, "label map") if found.labelled else "no label maps",
        "classes": _few([f"{value} {name}" for value, name in found.classes.items()]),
        "targets": _few(found.targets),
    }
    lines = [f"{data} holds"]
    lines += [f"  {key:<9} {text}" for key, text in facts.items() if text]
    remarks = [*place.remarks, *found.remarks, *([found.identity] if found.identity else [])]
    remarks += [entry.comment for entry in found.intake]
    every = [*lines, *(["Please note"] * bool(remarks)), *(f"  - {remark}" for remark in remarks)]
    return [shown_id(line) for line in every]


def _few(texts: "list[str] | tuple[str, ...]") -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more

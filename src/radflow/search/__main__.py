"""Run one trial, or train the best settings again: `python -m radflow.search trial|repeat`.

A program of its own for the reason that `radflow.training` is one: over several GPUs Lightning
starts the program again.
"""

import argparse
import sys
from pathlib import Path

from pydantic import ValidationError

from radflow.config.base import Section
from radflow.config.search import TrialRules
from radflow.errors import RadflowError
from radflow.files import sha256_record
from radflow.progress import say
from radflow.provenance import code_version
from radflow.search.record import read_records
from radflow.search.trial import Material, Trial, repetition, run, trial
from radflow.tracking.runs import Job as TrackedJob
from radflow.tracking.runs import is_first_process
from radflow.tracking.trials import REPEAT, TRIAL, trial_run
from radflow.training.job import HISTORY_NAME, Inputs, Settings
from radflow.training.silence import silence_lightning


class Order(Section):
    """What the workflow asks for, as JSON on the command line."""

    training: Settings
    search: TrialRules
    number: int


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, train, and return the exit status."""
    options = _parser().parse_args(arguments)
    silence_lightning()
    try:
        _run(options)
    except RadflowError as error:
        say(f"{options.rule}: {error}")
        return 1
    except KeyboardInterrupt:
        say(f"{options.rule}: stopped; started again it goes on from its last epoch")
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    order = _order(options.settings)
    planned = _planned(order, options)
    settings = planned.job.settings
    code = code_version("radflow.search.trial", f"radflow.training.{settings.task}")
    tracked = TrackedJob(
        rule=options.rule,
        configuration=sha256_record(order.model_dump(mode="json")),
        data=sha256_record(planned.job.digests),
        code=planned.identity(code),
    )
    with trial_run(
        settings.study,
        model=order.search.model,
        role=options.rule,
        number=order.number,
        job=tracked,
        params={**planned.parameters, "training.seed": settings.rules.training.seed},
    ) as mirror:
        record = run(planned, code=code, log=lambda row: mirror.log_epoch(row, int(row["step"])))
        if is_first_process():
            mirror.log_artifact(planned.job.folder / HISTORY_NAME)
            mirror.tag(state=record.state)


def _planned(order: Order, options: argparse.Namespace) -> Trial:
    inputs = Inputs(
        cases=options.cases,
        split=options.split,
        split_record=options.split_record,
        plan=options.plan,
        index=options.index,
        shards=tuple(options.shards),
    )
    material = Material(order.training, order.search, inputs)
    known = read_records(options.trials)
    if options.rule == REPEAT:
        return repetition(material, order.number, trials=known, folder=options.output)
    return trial(material, order.number, earlier=known, folder=options.output)


def _order(text: str) -> Order:
    try:
        return Order.model_validate_json(text)
    except ValidationError as error:
        message = f"--settings: {error}"
        raise RadflowError(message) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m radflow.search", description=__doc__)
    parser.add_argument("rule", choices=(TRIAL, REPEAT))
    parser.add_argument("--settings", required=True, help="JSON: training, search and number")
    parser.add_argument("--output", required=True, type=Path, help="folder of the results")
    parser.add_argument("--trials", type=Path, nargs="*", default=[], help="earlier trial.json")
    for name in ("cases", "split", "split-record", "plan", "index"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--shards", required=True, type=Path, nargs="+")
    return parser


if __name__ == "__main__":
    sys.exit(main())

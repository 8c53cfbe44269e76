"""Train one model on one fold: `python -m radflow.training`; the settings name the task.

The workflow starts this as a program of its own, because over several GPUs Lightning relaunches
the program it was started in.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from radflow.errors import RadflowError
from radflow.files import sha256_file, sha256_record
from radflow.inference.card import CARD_NAME, WEIGHTS_NAME
from radflow.progress import say
from radflow.provenance import code_version
from radflow.tracking.runs import FoldRun, Manifest, fold_run
from radflow.tracking.runs import Job as TrackedJob
from radflow.training.job import HISTORY_NAME, Inputs, Job, Settings
from radflow.training.silence import silence_lightning

_RULE = "train"


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, train, and return the exit status."""
    options = _parser().parse_args(arguments)
    silence_lightning()
    try:
        train(_job(options))
    except RadflowError as error:
        say(f"{_RULE}: {error}")
        return 1
    except KeyboardInterrupt:
        say(f"{_RULE}: stopped; started again it goes on from its last epoch")
        return 130
    return 0


def train(job: Job) -> None:
    """Train what `job` describes and mirror it to the tracking store."""
    family = import_module(f"radflow.training.{job.settings.task}")
    code = code_version(family.__name__)
    with fold_run(
        job.settings.study,
        model=job.settings.model,
        fold=job.settings.fold,
        job=_tracked(job, code),
        params=job.settings.model_dump(mode="json"),
        manifest=_manifest(job),
    ) as run:
        family.train(job, code=code, log=lambda row: run.log_epoch(row, int(row["step"])))
        _mirror_files(job, run)


def _mirror_files(job: Job, run: FoldRun) -> None:
    run.log_artifact(job.folder / HISTORY_NAME)
    run.log_artifact(job.folder / CARD_NAME)
    run.tag(weights_sha256=sha256_file(job.folder / WEIGHTS_NAME))


def _tracked(job: Job, code: str) -> TrackedJob:
    return TrackedJob(
        rule=_RULE,
        configuration=sha256_record(job.settings.model_dump(mode="json")),
        data=sha256_record(job.digests),
        code=code,
    )


def _manifest(job: Job) -> Manifest:
    columns = {
        "case": [case.case for case in job.training],
        "image_sha256": [" ".join(case.image_sha256) for case in job.training],
        "label_sha256": [case.label_sha256 or "" for case in job.training],
    }
    return Manifest(
        name=f"{job.settings.dataset}-training",
        source=job.inputs.cases.as_posix(),
        digest=sha256_record(columns),
        table=pd.DataFrame(columns),
    )


def _job(options: argparse.Namespace) -> Job:
    try:
        settings = Settings.model_validate_json(options.settings)
    except ValidationError as error:
        message = f"--settings: {error}"
        raise RadflowError(message) from error
    inputs = Inputs(
        cases=options.cases,
        split=options.split,
        split_record=options.split_record,
        plan=options.plan,
        index=options.index,
        shards=tuple(options.shards),
        start=options.start,
    )
    return Job.read(settings, inputs, options.output)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m radflow.training", description=__doc__)
    parser.add_argument("--settings", required=True, help="JSON: what to train")
    parser.add_argument("--output", required=True, type=Path, help="folder of the fold's results")
    for name in ("cases", "split", "split-record", "plan", "index"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--start", type=Path, help="model.json of the fold to start from")
    parser.add_argument("--shards", required=True, type=Path, nargs="+")
    return parser


if __name__ == "__main__":
    sys.exit(main())

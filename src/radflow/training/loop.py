"""The one training loop: from a task and its data to the best weights and their record."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils.data import DataLoader

from radflow.config.training import ModelRules
from radflow.files import replacing, write_text
from radflow.inference.card import WEIGHTS_NAME
from radflow.inference.precision import autocast_dtype, best_device
from radflow.progress import say
from radflow.tasks.base import FittedTask, parameter_count, state_of
from radflow.training.budget import steps_of, throwaway_step
from radflow.training.callbacks import Row, StepProgress, TuningRecord
from radflow.training.checkpoint import AtomicCheckpoint, State
from radflow.training.job import HISTORY_NAME, Job

STATE = "state"

Batch = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Fit:
    """What a family of tasks brings to the loop.

    Attributes
    ----------
    make_task
        Makes the task for a number of steps.
    make_loaders
        Makes the loaders of training batches and of tuning cases; given the device's rank, and how
        many there are.
    blank
        A batch without content, to time a step with.
    """

    make_task: Callable[[int], FittedTask]
    make_loaders: Callable[[int, int], tuple[DataLoader[Any], DataLoader[Any]]]
    blank: Callable[[], Batch]


@dataclass(frozen=True)
class Fitted:
    """A finished training: the task with the kept weights in `averaged`, and its record."""

    task: FittedTask
    record: TuningRecord
    about: dict[str, Any]


def run_fit(
    job: Job,
    fit: Fit,
    *,
    code: str,
    log: Callable[[Row], None],
    finish: Callable[[Fitted], None],
) -> None:
    """Train; resume if an unfinished training of the same identity is found.

    Weights and history are written first, then `finish` is called, which writes ``model.json``.

    Parameters
    ----------
    job
        What to train, on what, and where to.
    fit
        The family's own parts.
    code
        Hash of the code that decides the result.
    log
        Called with each epoch's row.
    finish
        Describes the weights; over several devices called by the first alone.

    Raises
    ------
    TrainingError
        If the loss is not finite, or a checkpoint can't be read.
    """
    rules = job.settings.rules
    state = State(job.folder / STATE, job.identity(code))
    checkpoint = state.resume_path()
    steps = _steps(job, state, fit)
    task = fit.make_task(steps)
    training = rules.training
    record = TuningRecord(
        state.best_weights,
        patience=training.patience,
        last=training.keep == "last",
        log=log,
        stop=job.stop,
    )
    trainer = _trainer(
        job, steps, [record, StepProgress(job.title, steps), AtomicCheckpoint(state.checkpoint)]
    )
    if checkpoint is not None:
        say(f"{job.title}: resuming an unfinished training")
    batches, tuning = fit.make_loaders(trainer.global_rank, trainer.world_size)
    trainer.fit(task, batches, tuning, ckpt_path=checkpoint, weights_only=True)
    if trainer.is_global_zero:
        task.averaged.load_state_dict(load_file(state.best_weights))
        save_weights(state_of(task.averaged), job)
        _write_history(job, record)
        finish(Fitted(task, record, _about(job, task, record)))
        state.clear()


def compiled(rules: ModelRules) -> bool:
    """Tell whether `torch.compile` is wanted: where it says so, else on a GPU."""
    wanted = rules.training.compile
    return wanted == "on" or (wanted == "auto" and torch.cuda.is_available())


def save_weights(tensors: dict[str, Tensor], job: Job) -> None:
    """Write a fold's weights, whole or not at all."""
    with replacing(job.folder / WEIGHTS_NAME) as temporary:
        save_file(tensors, temporary)


def _precision(rules: ModelRules) -> Any:
    dtype = autocast_dtype(best_device(), rules.training.precision)
    return "bf16-mixed" if dtype is torch.bfloat16 else "32-true"


def _trainer(job: Job, steps: int, callbacks: list[pl.Callback]) -> pl.Trainer:
    rules = job.settings.rules
    return pl.Trainer(
        accelerator="auto",
        devices="auto" if torch.cuda.is_available() and not job.one_device else 1,
        precision=_precision(rules),
        max_epochs=steps // rules.training.steps_per_epoch,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )


def _steps(job: Job, state: State, fit: Fit) -> int:
    """Turn the budget into steps, timing a throw-away training where it is in minutes."""
    rules = job.settings.rules.training
    device = best_device()
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    return steps_of(
        rules,
        state.budget,
        make_step=lambda: throwaway_step(
            fit.make_task(1),
            fit.blank(),
            device=device,
            dtype=autocast_dtype(device, rules.precision),
        ),
        machine=f"{name} x {torch.get_num_threads()} threads",
    )


def _write_history(job: Job, record: TuningRecord) -> None:
    history = pd.DataFrame(record.rows)
    text = history.to_csv(index=False, lineterminator="\n", float_format="%.7g")
    write_text(job.folder / HISTORY_NAME, text)


def _about(job: Job, task: FittedTask, record: TuningRecord) -> dict[str, Any]:
    training = job.settings.rules.training
    say(
        f"{job.title}: {training.keep} tuning score {record.best_score:.4f} in epoch "
        f"{record.best_epoch}"
    )
    return {
        "steps": task.steps,
        "steps_done": int(record.rows[-1]["step"]),
        "steps_per_epoch": training.steps_per_epoch,
        "batch_size": job.plan.batch_size,
        "best_epoch": record.best_epoch,
        "best_score": round(record.best_score, 6),
        "seed": training.seed,
        "parameters": parameter_count(task.network),
        "precision": _precision(job.settings.rules),
        "threads": torch.get_num_threads(),
    }

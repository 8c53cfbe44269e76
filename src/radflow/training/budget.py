"""The budget of a training, turned into steps once."""

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from radflow.config.training import TrainingRules
from radflow.files import read_json, sha256_record, write_json
from radflow.progress import say
from radflow.tasks.base import FittedTask

_TIMED_STEPS = 8
_WARM_UP_STEPS = 3
# What a training spends beside its steps: tuning checks, checkpoints.
_OVERHEAD = 1.10


def steps_of(
    rules: TrainingRules,
    record: Path,
    *,
    make_step: Callable[[], Callable[[], None]],
    machine: str,
) -> int:
    """Turn a budget into optimiser steps, rounded to whole epochs.

    A budget in minutes is measured on this machine at the first start and recorded; every later
    start of the same training reads the record, so that it repeats the same steps.

    Parameters
    ----------
    rules
        Budget and length of an epoch.
    record
        JSON file that keeps measured budgets; need not exist.
    make_step
        Makes a function that runs one optimiser step on throw-away weights; called only for a
        budget in minutes that is not yet recorded.
    machine
        Names the device and thread count; another machine measures anew.
    """
    budget = rules.budget
    if budget.steps is not None:
        return budget.steps
    if budget.epochs is not None:
        return budget.epochs * rules.steps_per_epoch
    seconds = 60.0 * (budget.minutes or 0.0)
    key = sha256_record({"rules": rules.model_dump(mode="json"), "machine": machine})
    known = read_json(record) if record.exists() else {}
    if key not in known:
        duration = _duration(make_step()) * _OVERHEAD
        epochs = max(int(seconds / duration / rules.steps_per_epoch), 1)
        known[key] = epochs * rules.steps_per_epoch
        write_json(record, known)
        say(f"budget: {budget.minutes:g} min at {duration:.3f} s a step = {known[key]} steps")
    return int(known[key])


def throwaway_step(
    task: FittedTask,
    batch: tuple[Tensor, Tensor, Tensor],
    *,
    device: torch.device,
    dtype: torch.dtype | None,
) -> Callable[[], None]:
    """Make a function that trains `task` for one step on a blank batch: image, label, samples."""
    task = task.to(device).train()
    optimiser = torch.optim.AdamW(task.network.parameters(), fused=True)
    image, label, samples = (each.to(device) for each in batch)

    def step() -> None:
        with torch.autocast(device.type, dtype, enabled=dtype is not None):
            loss = task.training_step((image, label, samples), 0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return step


def _duration(step: Callable[[], None]) -> float:
    for _ in range(_WARM_UP_STEPS):
        step()
    start = time.perf_counter()
    for _ in range(_TIMED_STEPS):
        step()
    return (time.perf_counter() - start) / _TIMED_STEPS

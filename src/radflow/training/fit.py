"""Train one model on one fold, from preprocessed shards to weights and their record."""

import os
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytorch_lightning as pl
import torch
from safetensors.torch import load_file, save_file
from torch.utils.data import DataLoader

from radflow.config.training import ModelRules
from radflow.files import replacing, write_text
from radflow.imaging.normalise import Intensity
from radflow.inference.card import WEIGHTS_NAME
from radflow.inference.precision import autocast_dtype, best_device
from radflow.networks.mean_shape import mean_shape
from radflow.patches.index import read_index
from radflow.patches.sampler import PatchSampler
from radflow.patches.store import ShardSet
from radflow.progress import say
from radflow.selections import TrainingCases
from radflow.tasks.segmentation import SegmentationTask, parameter_count
from radflow.training.budget import steps_of, throwaway_step
from radflow.training.callbacks import Row, StepProgress, TuningRecord
from radflow.training.checkpoint import AtomicCheckpoint, State
from radflow.training.data import EpochSamples, TuningVolumes, training_loader
from radflow.training.job import HISTORY_NAME, Job

_MOST_WORKERS = 8
_STATE = "state"


def fit_mean_shape(job: Job) -> None:
    """Fit the trivial baseline: the mean label map of the fold's training cases."""
    shards = ShardSet(job.inputs.shards)
    outputs = len(job.settings.classes)
    maps = mean_shape(job.training, shards.label, outputs=outputs)
    _save({"probabilities": maps}, job)
    write_text(job.folder / HISTORY_NAME, "epoch,step\n")
    network = {"name": "mean_shape", "outputs": outputs, "shape": list(maps.shape[1:])}
    job.write_record(network, {"parameters": maps.numel(), "steps": 0})


def fit_network(job: Job, *, code: str, log: Callable[[Row], None]) -> None:
    """Train a network; resume if an unfinished training of the same identity is found.

    Parameters
    ----------
    job
        What to train, on what, and where to.
    code
        Hash of the code that decides the result.
    log
        Called with each epoch's row.

    Raises
    ------
    TrainingError
        If the loss is not finite, or a checkpoint can't be read.
    """
    rules = job.settings.rules
    state = State(job.folder / _STATE, job.identity(code))
    checkpoint = state.resume_path()
    network = _network(job)
    steps = _steps(job, state, network)
    task = _task(job, network, steps=steps)
    record = TuningRecord(state.best_weights, patience=rules.training.patience, log=log)
    trainer = _trainer(
        rules,
        steps,
        [record, StepProgress(job.title, steps), AtomicCheckpoint(state.checkpoint)],
    )
    if checkpoint is not None:
        say(f"{job.title}: resuming an unfinished training")
    shards = ShardSet(job.inputs.shards)
    intensity = _intensity(job, shards)
    training, tuning = _loaders(job, trainer, shards, intensity)
    trainer.fit(task, training, tuning, ckpt_path=checkpoint, weights_only=True)
    if trainer.is_global_zero:
        _finish(job, record, state)
        _describe(job, task, record, intensity)
        state.clear()


def _network(job: Job) -> dict[str, Any]:
    return {
        **job.settings.rules.network.model_dump(mode="json"),
        "inputs": len(job.settings.channels),
        "outputs": len(job.settings.classes),
        "levels": job.plan.levels,
    }


def _task(job: Job, network: dict[str, Any], *, steps: int) -> SegmentationTask:
    wanted = job.settings.rules.training.compile
    return SegmentationTask(
        network,
        job.settings.rules,
        classes=job.settings.targets,
        patch_size=job.plan.patch_size,
        steps=steps,
        compiled=wanted == "on" or (wanted == "auto" and torch.cuda.is_available()),
    )


def _precision(rules: ModelRules) -> Any:
    dtype = autocast_dtype(best_device(), rules.training.precision)
    return "bf16-mixed" if dtype is torch.bfloat16 else "32-true"


def _trainer(rules: ModelRules, steps: int, callbacks: list[pl.Callback]) -> pl.Trainer:
    return pl.Trainer(
        accelerator="auto",
        devices="auto" if torch.cuda.is_available() else 1,
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


def _intensity(job: Job, shards: ShardSet) -> Intensity | None:
    """Fit CT intensities on the fold's training cases; MR is standardised image by image."""
    if job.plan.normalisation != "ct":
        return None
    return Intensity.fit(job.training, lambda case: (shards.image(case), shards.label(case)))


def _loaders(
    job: Job, trainer: pl.Trainer, shards: ShardSet, intensity: Intensity | None
) -> tuple[DataLoader[Any], DataLoader[Any]]:
    rules = job.settings.rules.training
    sampler = PatchSampler(
        read_index(job.inputs.index),
        shards,
        [case.case for case in TrainingCases.require(job.training, what="the network")],
        patch_size=job.plan.patch_size,
        target_share=rules.target_share,
        seed=rules.seed,
        intensity=intensity,
    )
    samples = EpochSamples(
        rules.steps_per_epoch,
        job.plan.batch_size,
        rank=trainer.global_rank,
        world=trainer.world_size,
    )
    # On a CPU the network takes every core: workers would only take turns with it.
    workers = min(os.cpu_count() or 1, _MOST_WORKERS) if torch.cuda.is_available() else 0
    training = training_loader(sampler, samples, batch_size=job.plan.batch_size, workers=workers)
    tuning = TuningVolumes(shards, [case.case for case in job.tuning], intensity=intensity)
    return training, DataLoader(tuning, batch_size=1)


def _steps(job: Job, state: State, network: dict[str, Any]) -> int:
    """Turn the budget into steps, timing a throw-away training where it is in minutes."""
    rules = job.settings.rules.training
    device = best_device()
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    return steps_of(
        rules,
        state.budget,
        make_step=lambda: throwaway_step(
            _task(job, network, steps=1),
            (job.plan.batch_size, network["inputs"], *job.plan.patch_size),
            device=device,
            dtype=autocast_dtype(device, rules.precision),
        ),
        machine=f"{name} x {torch.get_num_threads()} threads",
    )


def _save(tensors: dict[str, torch.Tensor], job: Job) -> None:
    with replacing(job.folder / WEIGHTS_NAME) as temporary:
        save_file(tensors, temporary)


def _finish(job: Job, record: TuningRecord, state: State) -> None:
    """Put the best epoch's weights and the history in their place."""
    _save(load_file(state.best_weights), job)
    history = pd.DataFrame(record.rows)
    text = history.to_csv(index=False, lineterminator="\n", float_format="%.7g")
    write_text(job.folder / HISTORY_NAME, text)


def _describe(
    job: Job, task: SegmentationTask, record: TuningRecord, intensity: Intensity | None
) -> None:
    training = job.settings.rules.training
    job.write_record(
        _network(job),
        {
            "steps": task.steps,
            "steps_done": int(record.rows[-1]["step"]),
            "steps_per_epoch": training.steps_per_epoch,
            "batch_size": job.plan.batch_size,
            "best_epoch": record.best_epoch,
            "best_dice": round(record.best_dice, 6),
            "seed": training.seed,
            "parameters": parameter_count(task.network),
            "precision": _precision(job.settings.rules),
            "threads": torch.get_num_threads(),
        },
        intensity=intensity.to_dict() if intensity else None,
    )
    say(f"{job.title}: best mean tuning Dice {record.best_dice:.4f} in epoch {record.best_epoch}")

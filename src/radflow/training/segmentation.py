"""Train a segmentation on one fold, from preprocessed shards to weights and their record."""

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.data import DataLoader

from radflow.files import write_text
from radflow.imaging.normalise import Intensity
from radflow.inference.window import OVERLAP
from radflow.networks.mean_shape import mean_shape
from radflow.networks.segmenters import build_segmenter
from radflow.patches.dataset import PatchDataset
from radflow.patches.index import read_index
from radflow.patches.sampler import PatchSampler
from radflow.patches.store import ShardSet
from radflow.selections import TrainingCases
from radflow.tasks.segmentation import SegmentationTask
from radflow.training.callbacks import Row
from radflow.training.data import EpochSamples, TuningVolumes, most_workers, training_loader
from radflow.training.job import HISTORY_NAME, Job
from radflow.training.loop import Fit, Fitted, compiled, run_fit, save_weights
from radflow.training.transfer import prepare_start


def train(job: Job, *, code: str, log: Callable[[Row], None]) -> None:
    """Train a network, or fit the trivial baseline, and write weights, history and description.

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
    if job.settings.rules.network.name == "mean_shape":
        fit_mean_shape(job)
    else:
        fit_network(job, code=code, log=log)


def fit_mean_shape(job: Job) -> None:
    """Fit the trivial baseline: the mean label map of the fold's training cases."""
    shards = ShardSet(job.inputs.shards)
    outputs = len(job.settings.classes)
    maps = mean_shape(job.training, shards.label, outputs=outputs)
    save_weights({"probabilities": maps}, job)
    write_text(job.folder / HISTORY_NAME, "epoch,step\n")
    network = {"name": "mean_shape", "outputs": outputs, "shape": list(maps.shape[1:])}
    _describe(job, network, {"parameters": maps.numel(), "steps": 0}, None)


def fit_network(job: Job, *, code: str, log: Callable[[Row], None]) -> None:
    """Train a network; see `train`."""
    shards = ShardSet(job.inputs.shards)
    network, rules = _network(job), job.settings.rules
    intensity = _intensity(job, shards)

    start = prepare_start(
        job,
        build_segmenter(network),
        same_answers=lambda card: card.get("classes") == _classes(job),
    )

    def make_task(steps: int) -> SegmentationTask:
        task = SegmentationTask(
            network,
            rules,
            classes=job.settings.targets,
            patch_size=job.plan.patch_size,
            steps=steps,
            compiled=compiled(rules),
        )
        if start is not None:
            start.apply(task)
        return task

    def blank() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        batch, size = job.plan.batch_size, job.plan.patch_size
        image = torch.zeros(batch, network["inputs"], *size)
        return image, torch.zeros(batch, *size, dtype=torch.uint8), torch.arange(batch)

    def finish(fitted: Fitted) -> None:
        origin = {} if start is None else {"start_from": start.record(fitted.task.steps)}
        _describe(job, network, {**fitted.about, **origin}, intensity)

    fit = Fit(make_task, lambda rank, world: _loaders(job, shards, intensity, (rank, world)), blank)
    run_fit(job, fit, code=code, log=log, finish=finish)


def _network(job: Job) -> dict[str, Any]:
    return {
        **job.settings.rules.network.model_dump(mode="json"),
        "inputs": len(job.image_channels),
        "outputs": len(job.settings.classes),
        "levels": job.plan.levels,
    }


def _classes(job: Job) -> dict[str, str]:
    return {str(label): name for label, name in job.settings.classes.items()}


def _intensity(job: Job, shards: ShardSet) -> Intensity | None:
    """Fit CT intensities on the fold's training cases, where it is neither MR nor windows."""
    if not job.plan.fits_intensity:
        return None
    return Intensity.fit(job.training, lambda case: (shards.image(case), shards.label(case)))


def _loaders(
    job: Job, shards: ShardSet, intensity: Intensity | None, place: tuple[int, int]
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
        rules.steps_per_epoch, job.plan.batch_size, rank=place[0], world=place[1]
    )
    training = training_loader(
        PatchDataset(sampler), samples, batch_size=job.plan.batch_size, workers=most_workers()
    )
    tuning = TuningVolumes(shards, [case.case for case in job.tuning], intensity=intensity)
    return training, DataLoader(tuning, batch_size=1)


def _describe(
    job: Job, network: dict[str, Any], training: dict[str, Any], intensity: Intensity | None
) -> None:
    settings = job.settings
    job.write_record(
        network,
        training,
        about={
            "classes": _classes(job),
            "plan": job.plan.of_image(),
            "intensity": intensity.to_dict() if intensity else None,
            "inference": {
                "overlap": OVERLAP,
                "mirror_axes": list(settings.rules.augmentation.mirror_axes),
            },
        },
    )

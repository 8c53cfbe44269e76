"""Train a classification on one fold, from preprocessed shards to weights and their record."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from radflow.config.training import SIMPLE
from radflow.errors import TrainingError
from radflow.files import write_text
from radflow.inference.calibrate import fit_temperature
from radflow.inference.precision import best_device
from radflow.networks.classifiers import build_classifier
from radflow.networks.majority import class_logits
from radflow.patches.view_sampler import ViewSampler, class_weights
from radflow.tasks.classification import ClassificationTask
from radflow.training.callbacks import Row
from radflow.training.data import EpochSamples, most_workers, training_loader
from radflow.training.job import HISTORY_NAME, Job
from radflow.training.loop import Fit, Fitted, compiled, run_fit, save_weights
from radflow.training.material import Material
from radflow.training.simple import fit_simple
from radflow.training.transfer import prepare_start
from radflow.training.view_samples import gather

_TUNING_BATCH = 32


def train(job: Job, *, code: str, log: Callable[[Row], None]) -> None:
    """Train a network, or fit a simpler classifier; write weights, history and description.

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
        If the loss is not finite, a checkpoint can't be read, a fold has one class alone or no
        tuning case, or mirrored axes are none of the view.
    """
    material = Material(job)
    name = job.settings.rules.network.name
    if name == "majority":
        fit_majority(material)
    elif name in SIMPLE:
        fit_on_features(material)
    else:
        fit_network(material, code=code, log=log)


def fit_majority(material: Material) -> None:
    """Fit the trivial baseline: how often each class is among the fold's training cases."""
    job, views = material.job, material.views
    code_of = dict(zip(views.cases, views.codes.tolist(), strict=True))
    logits = class_logits(list(code_of.values()), material.target)
    save_weights({"logits": logits}, job)
    write_text(job.folder / HISTORY_NAME, "epoch,step\n")
    describe(material, {"parameters": logits.numel(), "steps": 0}, calibration=(1.0, None, None))


def fit_on_features(material: Material) -> None:
    """Fit a logistic regression or a forest to simple features of all views of training cases.

    Nothing is augmented. Rare classes weigh more where the study asks for any kind of balance.
    """
    job, views = material.job, material.views
    rules = job.settings.rules
    samples = gather(job, views, material.reader, codes=material.sampler.codes)
    fitted = fit_simple(rules.network.name, samples, material.target, seed=rules.training.seed)
    material.network.update(fitted.network)
    network = build_classifier(material.network)
    network.load_state_dict(fitted.tensors)
    save_weights(fitted.tensors, job)
    write_text(job.folder / HISTORY_NAME, "epoch,step\n")
    parameters = sum(tensor.numel() for tensor in fitted.tensors.values())
    about = {"parameters": parameters, "steps": 0, **fitted.about}
    describe(material, about, calibration=_calibrate(material, network.to(best_device()).eval()))


def fit_network(material: Material, *, code: str, log: Callable[[Row], None]) -> None:
    """Train a network; see `train`."""
    job = material.job
    rules = job.settings.rules
    sampler = material.sampler
    if len(set(sampler.codes.tolist())) < 2:
        message = (
            f"the {len(job.training)} training cases of fold {job.settings.fold} are all of one "
            "class: there is nothing to tell apart; lower split.folds or choose another split.key"
        )
        raise TrainingError(message)
    weights = class_weights(sampler.codes) if rules.training.balance == "loss" else None

    start = prepare_start(job, build_classifier(material.network), same_answers=material.answers_as)

    def make_task(steps: int) -> ClassificationTask:
        task = ClassificationTask(
            build_classifier(material.network),
            rules,
            target=material.target,
            weights=weights,
            steps=steps,
            compiled=compiled(rules),
        )
        if start is not None:
            start.apply(task)
        return task

    def blank() -> tuple[Tensor, Tensor, Tensor]:
        batch, network = job.plan.batch_size, material.network
        image = torch.zeros(batch, network["inputs"], *network["grid"])
        return image, torch.full((batch,), int(sampler.codes[0])), torch.arange(batch)

    def finish(fitted: Fitted) -> None:
        network = fitted.task.averaged.eval()
        origin = {} if start is None else {"start_from": start.record(fitted.task.steps)}
        describe(material, {**fitted.about, **origin}, calibration=_calibrate(material, network))

    fit = Fit(make_task, lambda rank, world: _loaders(material, sampler, (rank, world)), blank)
    run_fit(job, fit, code=code, log=log, finish=finish)


def describe(
    material: Material,
    training: dict[str, Any],
    *,
    calibration: tuple[float, float | None, float | None],
) -> None:
    """Write ``model.json``.

    Parameters
    ----------
    material
        What the weights were fitted to.
    training
        How it went.
    calibration
        Temperature, and the tuning log loss without and with it; None where nothing was fitted.
    """
    job = material.job
    temperature = calibration[0]
    tuned = (
        None if calibration[1] is None else {"nll": calibration[1], "calibrated": calibration[2]}
    )
    job.write_record(
        material.network,
        {**training, "tuning": tuned},
        about={
            "target": material.target.rules.model_dump(mode="json"),
            "view": job.settings.view.model_dump(mode="json"),
            "plan": job.plan.of_image(),
            "intensity": material.intensity.to_dict() if material.intensity else None,
            "mirror_axes": list(material.mirror_axes),
            "temperature": temperature,
            "pixel_mm": job.settings.pixel_mm,
        },
    )


def _loaders(
    material: Material, sampler: ViewSampler, place: tuple[int, int]
) -> tuple[DataLoader[Any], DataLoader[Any]]:
    rules, batch = material.job.settings.rules.training, material.job.plan.batch_size
    samples = EpochSamples(rules.steps_per_epoch, batch, rank=place[0], world=place[1])
    training = training_loader(sampler, samples, batch_size=batch, workers=most_workers())
    return training, DataLoader(material.tuning, batch_size=_TUNING_BATCH)


def _calibrate(material: Material, network: nn.Module) -> tuple[float, float, float]:
    """Fit the temperature on the tuning cases, answered as prediction answers."""
    logits = material.tuning_logits(network)
    return fit_temperature(logits, material.tuning.codes, material.target)

"""Train a classification on one fold, from preprocessed shards to weights and their record."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from radflow.config.training import SIMPLE
from radflow.errors import TrainingError
from radflow.files import write_text
from radflow.imaging.normalise import Intensity
from radflow.inference.calibrate import fit_temperature
from radflow.inference.classifier import case_logits
from radflow.inference.precision import autocast_dtype, best_device
from radflow.networks.classifiers import build_classifier
from radflow.networks.majority import class_logits
from radflow.patches.index import read_index
from radflow.patches.store import ShardSet
from radflow.patches.view_sampler import ViewSampler, class_weights
from radflow.patches.views import ViewCentres, ViewReader, view_shape
from radflow.targets import Target
from radflow.tasks.answers import outputs_of
from radflow.tasks.classification import ClassificationTask
from radflow.training.callbacks import Row
from radflow.training.data import EpochSamples, most_workers, training_loader
from radflow.training.job import HISTORY_NAME, Job
from radflow.training.loop import Fit, Fitted, compiled, run_fit, save_weights
from radflow.training.simple import fit_simple
from radflow.training.tuning_views import TuningViews
from radflow.training.view_samples import gather

_BODY_HU = -500.0  # above it is the body, below air
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
        If the loss is not finite, a checkpoint can't be read, or a fold has one class alone.
    """
    material = Material(job)
    name = job.settings.rules.network.name
    if name == "majority":
        fit_majority(material)
    elif name in SIMPLE:
        fit_on_features(material)
    else:
        fit_network(material, code=code, log=log)


@dataclass(frozen=True)
class Material:
    """What every classifier of a fold is fitted to and tuned on."""

    job: Job

    @cached_property
    def target(self) -> Target:
        """The classes."""
        rules = self.job.settings.target
        if rules is None:
            message = "a classification needs `target`: which classes"
            raise TrainingError(message)
        return Target(rules)

    @cached_property
    def shards(self) -> ShardSet:
        """Preprocessed development cases."""
        return ShardSet(self.job.inputs.shards)

    @cached_property
    def views(self) -> ViewCentres:
        """Views of the training cases."""
        return ViewCentres(read_index(self.job.inputs.index), self.job.training)

    @cached_property
    def intensity(self) -> Intensity | None:
        """CT intensities, fitted on the body in the training cases; MR is standardised already."""
        if self.job.plan.normalisation != "ct":
            return None
        read = self.shards.image
        return Intensity.fit(
            self.job.training,
            lambda case: ((image := read(case)), (image[0] > _BODY_HU).astype("uint8")),
        )

    @cached_property
    def reader(self) -> ViewReader:
        """Reads views as the network sees them."""
        settings, plan = self.job.settings, self.job.plan
        return ViewReader(self.shards, settings.view, plan.patch_size, intensity=self.intensity)

    @cached_property
    def network(self) -> dict[str, Any]:
        """What the network is built from."""
        settings, plan = self.job.settings, self.job.plan
        inputs, grid = view_shape(settings.view, plan.patch_size, channels=len(settings.channels))
        return {
            **settings.rules.network.model_dump(mode="json"),
            "inputs": inputs,
            "outputs": outputs_of(self.target),
            "dimensions": len(grid),
            "grid": list(grid),
        }

    @property
    def mirror_axes(self) -> tuple[int, ...]:
        """Axes along which mirrored views are answered, too: those of the training's mirroring."""
        rules = self.job.settings.rules
        return () if rules.network.name in SIMPLE else rules.augmentation.mirror_axes

    @cached_property
    def sampler(self) -> ViewSampler:
        """Draws views of the training cases."""
        rules = self.job.settings.rules.training
        return ViewSampler(
            self.views,
            self.reader,
            balanced=rules.balance == "sampling",
            seed=rules.seed,
            shuffled=rules.shuffled_labels,
        )

    @cached_property
    def tuning(self) -> TuningViews:
        """Views of the tuning cases, case after case."""
        names = [case.case for case in self.job.tuning]
        index = read_index(self.job.inputs.index)
        own = index.loc[index["case"].isin(names)].sort_values(by=list(index.columns))
        rows = own[["case", "i", "j", "k", "label"]].itertuples(index=False, name=None)
        return TuningViews(self.reader, [(c, (i, j, k), code) for c, i, j, k, code in rows])


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
    weights = class_weights(sampler.codes) if rules.training.balance == "loss" else None

    def make_task(steps: int) -> ClassificationTask:
        return ClassificationTask(
            build_classifier(material.network),
            rules,
            target=material.target,
            weights=weights,
            steps=steps,
            compiled=compiled(rules),
        )

    def blank() -> tuple[Tensor, Tensor, Tensor]:
        batch, network = job.plan.batch_size, material.network
        image = torch.zeros(batch, network["inputs"], *network["grid"])
        return image, torch.zeros(batch, dtype=torch.int64), torch.arange(batch)

    def finish(fitted: Fitted) -> None:
        network = fitted.task.averaged.eval()
        describe(material, fitted.about, calibration=_calibrate(material, network))

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
    plan, temperature = job.plan, calibration[0]
    tuned = (
        None if calibration[1] is None else {"nll": calibration[1], "calibrated": calibration[2]}
    )
    job.write_record(
        material.network,
        {**training, "tuning": tuned},
        about={
            "target": material.target.rules.model_dump(mode="json"),
            "view": job.settings.view.model_dump(mode="json"),
            "plan": {
                "spacing_mm": list(plan.spacing_mm),
                "patch_size": list(plan.patch_size),
                "normalisation": plan.normalisation,
                "smooth": plan.smooth,
            },
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
    tuning, rules = material.tuning, material.job.settings.rules
    device = next(iter(network.state_dict().values())).device
    dtype = autocast_dtype(best_device(), rules.training.precision)
    of_case: dict[str, list[Tensor]] = {case: [] for case in tuning.cases}
    for case, centre, _ in tuning.rows:
        of_case[case].append(torch.from_numpy(material.reader.read(case, centre)))
    logits = [
        case_logits(
            network,
            of_case[case],
            mirror_axes=material.mirror_axes,
            device=device,
            dtype=dtype,
        ).cpu()
        for case in tuning.cases
    ]
    return fit_temperature(logits, tuning.codes, material.target)

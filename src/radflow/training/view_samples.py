"""Simple features of the views of training cases, as scikit-learn takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from radflow.config.classification import InputRules
from radflow.leaks import unit_of
from radflow.networks.view_features import feature_names, view_features
from radflow.patches.view_sampler import class_weights
from radflow.patches.views import ViewCentres, ViewReader
from radflow.progress import track
from radflow.training.job import Job

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Samples:
    """Views to fit to.

    Attributes
    ----------
    features
        ``(n, features)`` (`radflow.networks.view_features`).
    names
        Of the features.
    codes
        ``(n,)`` of the classes (`Target.code_of`).
    groups
        What no cross-validation divides: the part of the split that each is of, or the patient.
    weights
        ``(n,)``; None: all the same.
    """

    features: Floats
    names: Sequence[str]
    codes: Codes
    groups: Sequence[str]
    weights: Floats | None = None

    def rows(self, chosen: npt.NDArray[np.bool_]) -> "Samples":
        """Keep some of the views."""
        groups = [name for name, keep in zip(self.groups, chosen, strict=True) if keep]
        weights = None if self.weights is None else self.weights[chosen]
        return Samples(self.features[chosen], self.names, self.codes[chosen], groups, weights)


def gather(job: Job, views: ViewCentres, reader: ViewReader, *, codes: Codes) -> Samples:
    """Compute the features of the views of a fold's training cases.

    Parameters
    ----------
    job
        Tells the patients, and whether rare classes weigh more (any kind of `training.balance`).
    views
        Of the training cases.
    reader
        Reads them.
    codes
        ``(views,)`` of their classes; permuted where the study asks for it.
    """
    rows = zip(views.cases, views.centres.tolist(), strict=True)
    images = (torch.from_numpy(reader.read(case, centre)) for case, centre in rows)
    found = track(images, f"{job.title}: features", total=len(views), unit="view")
    features: list[Floats] = []
    shape = torch.Size()
    for image in found:
        features.append(view_features(image[None])[0].numpy())
        shape = image.shape
    weights = None
    if job.settings.rules.training.balance != "none":
        of_code = class_weights(codes)
        weights = np.array([of_code[code] for code in codes.tolist()])
    inputs = input_names(job.settings.view, job.image_channels, shape[0])
    group_of = _groups(job)
    groups = [group_of[case] for case in views.cases]
    names = feature_names(inputs, len(shape) - 1)
    return Samples(np.stack(features), names, codes, groups, weights)


def _groups(job: Job) -> dict[str, str]:
    """Give what of a case can't be divided: its fold, which keeps together what the split does."""
    training = job.training
    if len(set(training.parts)) > 1:
        return {case.case: part for case, part in zip(training, training.parts, strict=True)}
    return {case.case: unit_of(case) for case in training}


def input_names(rules: InputRules, channels: Sequence[str], inputs: int) -> list[str]:
    """Name the inputs of a view (`radflow.patches.views.view_shape`)."""
    if rules.view == "planes":
        return [f"{channel} across {axis}" for axis in "ijk" for channel in channels]
    deep = inputs // len(channels)
    if deep == 1:
        return list(channels)
    return [f"{channel} slice {at - deep // 2:+d}" for channel in channels for at in range(deep)]

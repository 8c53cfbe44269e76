"""The classification task: what a step and a tuning check are."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from radflow.augment.apply import augment_image
from radflow.augment.params import draw
from radflow.config.training import ModelRules
from radflow.networks.image_classifier import initialise_classifier
from radflow.targets import Target
from radflow.tasks.answers import correct, log_loss, probabilities, training_loss
from radflow.tasks.base import FittedTask

# A third faster in 2D on CPUs without bfloat16; in 3D it is slower.
_LAYOUT = torch.channels_last


class ClassificationTask(FittedTask):
    """Train a network to tell the classes of views; tune on whole cases by their log loss.

    Parameters
    ----------
    network
        With weights not yet set; maps views ``(b, inputs, *grid)`` to logits.
    rules
        The model's augmentation and training.
    target
        The classes.
    weights
        Code to weight of the loss; None: all the same.
    steps
        Optimiser steps of the whole training.
    compiled
        Whether `torch.compile` speeds the network up.
    """

    def __init__(
        self,
        network: nn.Module,
        rules: ModelRules,
        *,
        target: Target,
        weights: dict[int, float] | None,
        steps: int,
        compiled: bool = False,
    ) -> None:
        if not any(parameter.ndim == 5 for parameter in network.parameters()):
            network = network.to(memory_format=_LAYOUT)  # pyright: ignore[reportCallIssue]
        super().__init__(network, initialise_classifier, rules, steps=steps, compiled=compiled)
        self.target, self._weights = target, weights
        self._answers: dict[int, list[Tensor]] = {}
        self._codes: dict[int, int] = {}

    @property
    def note(self) -> str:
        """Tuning log loss and accuracy."""
        if not self.scores:
            return ""
        return f"tuning NLL {self.scores['nll']:.3f}, accuracy {self.scores['accuracy']:.3f}"

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], _: int) -> Tensor:
        """Augment a batch of views on the device and compute its loss."""
        image, codes, samples = batch
        parameters = draw(
            self.rules.augmentation,
            samples.tolist(),
            tuple(image.shape[2:]),
            seed=self.rules.training.seed,
        )
        image = self._smaller(augment_image(image, parameters))
        if image.ndim == 4:
            image = image.contiguous(memory_format=_LAYOUT)
        logits = self._forward(image)
        loss = training_loss(
            logits,
            codes,
            self.target,
            weights=self._sample_weights(codes),
            smoothing=self.rules.training.label_smoothing,
        )
        return self.keep_loss(loss, samples)

    def on_validation_epoch_start(self) -> None:
        """Start a tuning check."""
        super().on_validation_epoch_start()
        self._answers, self._codes = {}, {}

    def validation_step(self, batch: tuple[Tensor, Tensor, Tensor], _: int) -> None:
        """Answer views of tuning cases, and keep the answers by the number of their case."""
        image, codes, cases = batch
        answers = probabilities(self.averaged(image), self.target)
        for answer, code, case in zip(answers, codes.tolist(), cases.tolist(), strict=True):
            self._answers.setdefault(case, []).append(answer)
            self._codes[case] = code

    def on_validation_epoch_end(self) -> None:
        """Average each case's answers over its views, then score the cases."""
        answers = torch.stack([torch.stack(each).mean(0) for each in self._answers.values()])
        codes = torch.tensor(list(self._codes.values()), device=answers.device)
        loss = float(log_loss(answers, codes, self.target).mean())
        right = float(correct(answers, codes, self.target).float().mean())
        self.scores = {"nll": loss, "accuracy": right}
        self.score = -loss

    def _smaller(self, image: Tensor) -> Tensor:
        """Sample views down in the first steps, which are cheaper (Tan and Le 2021, 2104.00298).

        A network whose features are pooled over the image takes any size; the last steps settle it
        for the full one.
        """
        rules = self.rules.training
        if self.global_step >= int(rules.small_until * self.steps):
            return image
        size = [max(round(rules.small_share * n), 1) for n in image.shape[2:]]
        if image.ndim == 4:
            return functional.interpolate(image, size, mode="bilinear", antialias=True)
        return functional.interpolate(image, size, mode="area")  # no volume is antialiased (2.13)

    def _sample_weights(self, codes: Tensor) -> Tensor | None:
        if self._weights is None:
            return None
        known: dict[int, Any] = self._weights
        return torch.tensor([known[code] for code in codes.tolist()], device=codes.device)

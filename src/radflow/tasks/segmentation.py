"""The segmentation task: what a step and a tuning check are."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from radflow.augment.apply import augment
from radflow.augment.params import draw
from radflow.config.training import ModelRules
from radflow.inference.precision import autocast_dtype, best_device, trains_channels_last
from radflow.inference.window import WindowRules, window_probabilities
from radflow.networks.segmenters import build_segmenter
from radflow.networks.unet import initialise
from radflow.tasks.base import FittedTask
from radflow.tasks.loss import deeply_supervised


class SegmentationTask(FittedTask):
    """Train a network to label voxels; tune on whole volumes by their mean Dice.

    Parameters
    ----------
    network
        Record for `radflow.networks.segmenters.build_segmenter`.
    rules
        The model's augmentation and training.
    classes
        Names of the target classes 1, 2, ...
    patch_size
        Voxels of a patch, RAS axes.
    steps
        Optimiser steps of the whole training; the learning rate is scheduled over them.
    compiled
        Whether `torch.compile` speeds the network up.
    """

    def __init__(
        self,
        network: Mapping[str, Any],
        rules: ModelRules,
        *,
        classes: Sequence[str],
        patch_size: tuple[int, int, int],
        steps: int,
        compiled: bool = False,
    ) -> None:
        super().__init__(
            build_segmenter(network), initialise, rules, steps=steps, compiled=compiled
        )
        self._layout = _layout(rules)
        # After the weights are drawn: how they lie in memory decides which gets which number.
        for each in (self.network, self.averaged):
            each.to(memory_format=self._layout)  # pyright: ignore[reportCallIssue]
        self.classes, self.patch_size = tuple(classes), patch_size
        self._dice: list[Tensor] = []

    @property
    def note(self) -> str:
        """The tuning Dice of each class."""
        dice = [value for name, value in self.scores.items() if name.startswith("dice_")]
        return "tuning Dice " + "/".join(f"{value:.3f}" for value in dice) if dice else ""

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], _: int) -> Tensor:
        """Augment a batch of patches on the device and compute its loss."""
        image, label, samples = batch
        parameters = draw(
            self.rules.augmentation,
            samples.tolist(),
            tuple(image.shape[2:]),
            seed=self.rules.training.seed,
        )
        image, label = augment(image, label, parameters)
        image = image.contiguous(memory_format=self._layout)
        return self.keep_loss(deeply_supervised(self._forward(image), label), samples)

    def on_validation_epoch_start(self) -> None:
        """Start a tuning check."""
        super().on_validation_epoch_start()
        self._dice = []

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Label one whole tuning volume as prediction would, but for mirroring; keep its Dice."""
        image, label = batch
        rules = WindowRules(
            patch_size=self.patch_size,
            divisor=cast("int", self.averaged.divisor),
            dtype=autocast_dtype(self.device, self.rules.training.precision),
        )
        answer = window_probabilities(self.averaged, image[0], rules).argmax(0)
        self._dice.append(hard_dice(answer, label[0], classes=len(self.classes)))

    def on_validation_epoch_end(self) -> None:
        """Average the tuning cases' Dice per class."""
        dice = torch.stack(self._dice).mean(0).tolist()
        self.scores = {
            f"dice_{name}": value for name, value in zip(self.classes, dice, strict=True)
        }
        self.score = sum(dice) / len(dice)


def _layout(rules: ModelRules) -> torch.memory_format:
    device = best_device()
    last = trains_channels_last(device, autocast_dtype(device, rules.training.precision))
    return torch.channels_last_3d if last else torch.contiguous_format


def hard_dice(answer: Tensor, label: Tensor, *, classes: int) -> Tensor:
    """Dice ``(classes,)`` of classes 1, 2, ... between two label maps; 1 where both are empty.

    So the evaluation counts it, and an epoch that finds what is not there scores worse than one
    that does not, also where no tuning case has the class.
    """
    targets = torch.arange(1, classes + 1, device=label.device)[:, None]
    one = answer.flatten()[None] == targets
    two = label.flatten()[None] == targets
    sizes = one.sum(1) + two.sum(1)
    return torch.where(sizes > 0, 2 * (one & two).sum(1) / sizes.clamp(min=1), 1.0)

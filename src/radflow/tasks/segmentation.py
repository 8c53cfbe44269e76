"""The segmentation task: what a step and a tuning check are."""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import STEP_OUTPUT, OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer

from radflow.augment.apply import augment
from radflow.augment.params import draw
from radflow.config.training import ModelRules
from radflow.errors import TrainingError
from radflow.inference.precision import autocast_dtype
from radflow.inference.window import WindowRules, window_probabilities
from radflow.networks.build import build
from radflow.networks.unet import initialise
from radflow.randomness import keyed_seed
from radflow.tasks.loss import deeply_supervised

_SEED_BITS = 63


class SegmentationTask(pl.LightningModule):
    """Train a network to label voxels; tune on whole volumes.

    Parameters
    ----------
    network
        Record for `radflow.networks.build.build`.
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

    Attributes
    ----------
    network
        What the optimiser changes.
    averaged
        Moving average of its weights (Polyak and Juditsky 1992): what is tuned, kept and used.
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
        super().__init__()
        self.rules, self.classes, self.steps = rules, tuple(classes), steps
        self.patch_size = patch_size
        self.network = build(network)
        seed = keyed_seed(rules.training.seed, "weights") % 2**_SEED_BITS
        initialise(self.network, torch.Generator().manual_seed(seed))
        self.averaged = copy.deepcopy(self.network).requires_grad_(requires_grad=False)
        self._forward = torch.compile(self.network) if compiled else self.network
        self._dice: list[Tensor] = []
        self.tuning_dice: tuple[float, ...] = ()
        self.epoch_loss = math.nan
        self._losses: list[Tensor] = []

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW with a linear warm-up and a cosine to zero over the budget."""
        training = self.rules.training
        optimiser = torch.optim.AdamW(
            self.network.parameters(),
            lr=training.learning_rate,
            weight_decay=training.weight_decay,
            fused=True,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self.learning_rate_factor)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def learning_rate_factor(self, step: int) -> float:
        """Share of the peak learning rate at a step, counted from 0."""
        warm_up = max(round(self.rules.training.warm_up * self.steps), 1)
        if step < warm_up:
            return (step + 1) / warm_up
        progress = min((step - warm_up) / max(self.steps - warm_up, 1), 1.0)
        return 0.5 * (1 + math.cos(math.pi * progress))

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], _: int) -> Tensor:
        """Augment a batch of patches on the device and compute its loss."""
        image, label, samples = batch
        parameters = draw(
            self.rules.augmentation,
            samples.tolist(),
            (image.shape[2], image.shape[3], image.shape[4]),
            seed=self.rules.training.seed,
        )
        image, label = augment(image, label, parameters)
        loss = deeply_supervised(self._forward(image), label)
        if not torch.isfinite(loss):
            message = (
                f"the loss is {float(loss.detach())} at step {self.global_step} (samples "
                f"{samples.tolist()}): lower training.learning_rate or set precision: float32; "
                "the best weights so far are kept"
            )
            raise TrainingError(message)
        self._losses.append(loss.detach())
        return loss

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Bound the norm of the gradient (the loop's own clipping refuses a fused optimiser)."""
        del optimizer, gradient_clip_val, gradient_clip_algorithm
        nn.utils.clip_grad_norm_(self.network.parameters(), self.rules.training.clip_norm)

    def on_train_batch_end(self, outputs: STEP_OUTPUT, batch: Any, batch_idx: int) -> None:
        """Move the averaged weights towards the network's, faster in the first steps."""
        del outputs, batch, batch_idx
        decay = min(self.rules.training.average_decay, self.global_step / (self.global_step + 9))
        with torch.no_grad():
            torch._foreach_lerp_(  # pyright: ignore[reportPrivateUsage]
                list(self.averaged.parameters()), list(self.network.parameters()), 1 - decay
            )

    def on_train_epoch_end(self) -> None:
        """Average the epoch's loss."""
        self._close_epoch()

    def on_validation_epoch_start(self) -> None:
        """Start a tuning check."""
        self._close_epoch()
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
        self.tuning_dice = tuple(torch.stack(self._dice).nanmean(0).tolist())

    def _close_epoch(self) -> None:
        if self._losses:
            self.epoch_loss = float(torch.stack(self._losses).mean())
            self._losses = []


def hard_dice(answer: Tensor, label: Tensor, *, classes: int) -> Tensor:
    """Dice ``(classes,)`` of classes 1, 2, ... between two label maps; NaN where both are empty."""
    targets = torch.arange(1, classes + 1, device=label.device)[:, None]
    one = answer.flatten()[None] == targets
    two = label.flatten()[None] == targets
    return 2 * (one & two).sum(1) / (one.sum(1) + two.sum(1))


def parameter_count(network: nn.Module) -> int:
    """Count the trained parameters."""
    return sum(parameter.numel() for parameter in network.parameters())

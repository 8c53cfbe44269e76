"""What every task's training has in common: optimiser, schedule, averaged weights, scores."""

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import STEP_OUTPUT, OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer

from radflow.config.training import ModelRules
from radflow.errors import DivergedError
from radflow.randomness import keyed_seed
from radflow.tasks.freezing import Freezing

_SEED_BITS = 63


class FittedTask(pl.LightningModule):
    """Fit a network over a budget of steps, and keep a moving average of its weights.

    Parameters
    ----------
    network
        With weights not yet set.
    initialise
        Draws them from a generator.
    rules
        The model's augmentation and training.
    steps
        Optimiser steps of the whole training; the learning rate is scheduled over them.
    compiled
        Whether `torch.compile` speeds the network up.

    Attributes
    ----------
    network
        What the optimiser changes.
    freezing
        Which parts keep the weights they started from; None: all learn.
    averaged
        Moving average of its weights (Polyak and Juditsky 1992): what is tuned, kept and used.
    scores
        Name to value of the last tuning check's scores, for the history.
    score
        The one score that decides which epoch is best: the higher, the better.
    epoch_loss
        Mean loss of the last epoch.
    """

    def __init__(
        self,
        network: nn.Module,
        initialise: Callable[[nn.Module, torch.Generator], None],
        rules: ModelRules,
        *,
        steps: int,
        compiled: bool = False,
    ) -> None:
        super().__init__()
        self.rules, self.steps = rules, steps
        self.freezing: Freezing | None = None
        self.network = network
        seed = keyed_seed(rules.training.seed, "weights") % 2**_SEED_BITS
        initialise(self.network, torch.Generator().manual_seed(seed))
        self.averaged = copy.deepcopy(self.network).requires_grad_(requires_grad=False)
        self._forward = torch.compile(self.network) if compiled else self.network
        self.scores: dict[str, float] = {}
        self.score = math.nan
        self.epoch_loss = math.nan
        self._losses: list[Tensor] = []

    @property
    def note(self) -> str:
        """What progress shows of the last tuning check."""
        raise NotImplementedError

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW with a linear warm-up and a cosine to zero over the budget."""
        training = self.rules.training
        optimiser = torch.optim.AdamW(
            [{"params": each} for each in self._parameter_groups()],
            lr=training.learning_rate,
            weight_decay=training.weight_decay,
            fused=True,
        )
        rates = [self.learning_rate_factor, self._thawed_rate_factor]
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, rates[: len(optimiser.param_groups)]
        )
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
        """Compute the loss of a batch: images, truth, numbers of the samples."""
        raise NotImplementedError

    def start_with(self, weights: Mapping[str, Tensor], freezing: Freezing | None) -> None:
        """Take over weights, all of the network's names, and freeze parts of them."""
        self.network.load_state_dict(weights, strict=True)
        self.averaged.load_state_dict(weights, strict=True)
        self.freezing = freezing

    def _parameter_groups(self) -> list[list[nn.Parameter]]:
        """Divide the parameters: those that always learn, those that are frozen at first."""
        if self.freezing is None:
            return [list(self.network.parameters())]
        frozen = self.freezing.parameters(self.network)
        known = {id(parameter) for parameter in frozen}
        return [[each for each in self.network.parameters() if id(each) not in known], frozen]

    def _thawed_rate_factor(self, step: int) -> float:
        held = 1.0 if self.freezing is None else self.freezing.factor(step)
        return held * self.learning_rate_factor(step)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Freeze or thaw, as the step says, and key what a network draws by itself (dropout)."""
        del batch, batch_idx
        if self.freezing is not None:
            several = self.trainer.world_size > 1
            self.freezing.impose(self.network, self.global_step, whole=several)
        key = self.rules.training.seed, "dropout", self.global_step, self.global_rank
        torch.manual_seed(keyed_seed(*key) % 2**_SEED_BITS)

    def keep_loss(self, loss: Tensor, samples: Tensor) -> Tensor:
        """Note a step's loss for the epoch's mean, and give it back.

        Raises
        ------
        DivergedError
            If it is not finite.
        """
        if not torch.isfinite(loss):
            message = (
                f"the loss is {float(loss.detach())} at step {self.global_step} (samples "
                f"{samples.tolist()}): lower training.learning_rate or set precision: float32; "
                "the best weights so far are kept"
            )
            raise DivergedError(message)
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
        if self.freezing is not None:
            self.freezing.drop_gradients(self.network, self.global_step)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.rules.training.clip_norm)

    def on_train_batch_end(self, outputs: STEP_OUTPUT, batch: Any, batch_idx: int) -> None:
        """Move the averaged weights towards the network's, faster in the first steps."""
        del outputs, batch, batch_idx
        decay = min(self.rules.training.average_decay, self.global_step / (self.global_step + 9))
        with torch.no_grad():
            torch._foreach_lerp_(  # pyright: ignore[reportPrivateUsage]
                list(self.averaged.parameters()), list(self.network.parameters()), 1 - decay
            )
            for average, value in zip(self.averaged.buffers(), self.network.buffers(), strict=True):
                # Statistics of batch normalisation; its counter of batches is a whole number.
                if value.is_floating_point():
                    average.lerp_(value, 1 - decay)
                else:
                    average.copy_(value)

    def on_train_epoch_end(self) -> None:
        """Average the epoch's loss."""
        self._close_epoch()

    def on_validation_epoch_start(self) -> None:
        """Start a tuning check."""
        self._close_epoch()

    def _close_epoch(self) -> None:
        if self._losses:
            self.epoch_loss = float(torch.stack(self._losses).mean())
            self._losses = []


def state_of(network: nn.Module) -> dict[str, Tensor]:
    """Give parameters and buffers by name, laid out as safetensors takes them."""
    return {name: value.contiguous() for name, value in network.state_dict().items()}


def parameter_count(network: nn.Module) -> int:
    """Count the parameters."""
    return sum(parameter.numel() for parameter in network.parameters())

"""What hangs on the training loop: the record of epochs, the best weights, progress."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.utilities.types import STEP_OUTPUT
from safetensors.torch import save_file

from radflow.files import replacing
from radflow.progress import Progress
from radflow.tasks.base import FittedTask, state_of

Row = dict[str, float | int]
Stop = Callable[[Sequence[Row]], bool]
"""Told the rows so far after each epoch but the last, says whether the training should end."""


class TuningRecord(pl.Callback):
    """Keep one row per epoch and the weights of the epoch with the best tuning score.

    Parameters
    ----------
    best_weights
        Where the averaged weights of the best epoch go (safetensors), whole or not at all.
    patience
        Epochs without a better score before training stops; None: never.
    last
        Whether the last epoch's weights are kept, whatever their score.
    log
        Called with each row, those before a resumed training first, e.g. to mirror them to a
        tracking server.
    stop
        Asked, on every device alike, whether training should end; None: it goes on.
    """

    def __init__(
        self,
        best_weights: Path,
        *,
        patience: int | None,
        last: bool = False,
        log: Callable[[Row], None],
        stop: Stop | None = None,
    ) -> None:
        self._best_weights, self._patience, self._log = best_weights, patience, log
        self._last, self._stop = last, stop
        self.rows: list[Row] = []
        self.best_epoch = -1
        self.best_score = -math.inf

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """End a resumed training that was to end when it was killed."""
        del pl_module
        if self.rows:
            self._stop_where_asked(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the epoch's row, after its tuning check."""
        task = _fitted(pl_module)
        epoch = len(self.rows)
        better = self._last or task.score > self.best_score
        if better:
            self.best_epoch, self.best_score = epoch, task.score
            if trainer.is_global_zero:
                with replacing(self._best_weights) as temporary:
                    save_file(state_of(task.averaged), temporary)
        row: Row = {
            "epoch": epoch,
            "step": trainer.global_step,
            "learning_rate": trainer.optimizers[0].param_groups[0]["lr"],
            "loss": task.epoch_loss,
            **task.scores,
            "score": task.score,
            "best": int(better),
        }
        self.rows.append(row)
        if trainer.is_global_zero:
            self._log(row)
        self._stop_where_asked(trainer)

    def _stop_where_asked(self, trainer: pl.Trainer) -> None:
        epochs = len(self.rows)
        if self._patience is not None and epochs - 1 - self.best_epoch >= self._patience:
            trainer.should_stop = True
        elif self._stop is not None and epochs < (trainer.max_epochs or 0):
            trainer.should_stop = trainer.should_stop or self._stop(self.rows)

    def state_dict(self) -> dict[str, Any]:
        """Rows and the best epoch, for the checkpoint."""
        return {"rows": self.rows, "best_epoch": self.best_epoch, "best_score": self.best_score}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up rows and the best epoch of a resumed training; log the rows once more."""
        self.rows = list(state_dict["rows"])
        for row in self.rows:
            self._log(row)
        self.best_epoch = int(state_dict["best_epoch"])
        self.best_score = float(state_dict["best_score"])


class StepProgress(pl.Callback):
    """Show steps, rate, time left, and the last tuning scores."""

    def __init__(self, title: str, steps: int) -> None:
        self._title, self._steps = title, steps
        self._progress: Progress | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the bar, at the step that is resumed."""
        del pl_module
        if trainer.is_global_zero:
            self._progress = Progress(
                self._steps, self._title, unit="step", done=trainer.global_step
            )

    def on_train_batch_end(  # noqa: PLR0917 - the signature is Lightning's
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: STEP_OUTPUT,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count a step."""
        del trainer, outputs, batch, batch_idx
        if self._progress is not None:
            self._progress.update(note=_fitted(pl_module).note)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the bar."""
        del trainer, pl_module
        if self._progress is not None:
            self._progress.__exit__(None, None, None)


def _fitted(module: pl.LightningModule) -> FittedTask:
    if not isinstance(module, FittedTask):
        message = f"expected a FittedTask, got {type(module).__name__}"
        raise TypeError(message)
    return module

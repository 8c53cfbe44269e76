"""Resumable checkpoints: written whole or not at all, one per epoch, read without pickle."""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from radflow.files import read_json, replacing, write_json
from radflow.progress import say

_CHECKPOINT = "last.ckpt"
_IDENTITY = "identity.json"


class State:
    """The folder that keeps an unfinished training.

    It is no output of the workflow: an engine may delete outputs before it starts a step again,
    and then there would be nothing to resume.

    Parameters
    ----------
    folder
        Where the state lies; made when first needed.
    identity
        Hash of all that decides the training: settings, data, code. Only a checkpoint of the
        same identity is resumed; another is removed, and the run says so.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self.folder, self.identity = folder, identity
        self.checkpoint = folder / _CHECKPOINT
        self.best_weights = folder / "best.safetensors"
        self.budget = folder / "budget.json"

    def resume_path(self) -> Path | None:
        """Find the checkpoint to resume from; None means to start afresh."""
        identity = self.folder / _IDENTITY
        known = read_json(identity)["identity"] if identity.exists() else None
        if known == self.identity and self.checkpoint.exists():
            return self.checkpoint
        if self.checkpoint.exists():
            say("an unfinished training with other settings, data or code was found: starting anew")
        self.clear()
        write_json(identity, {"identity": self.identity})
        return None

    def clear(self) -> None:
        """Forget the unfinished training; the recorded budget stays."""
        for path in (self.checkpoint, self.best_weights, self.folder / _IDENTITY):
            path.unlink(missing_ok=True)


class AtomicCheckpoint(pl.Callback):
    """Save everything a training needs to go on, at the end of each epoch.

    The new checkpoint replaces the old by `os.replace`, so a kill at any moment leaves a whole
    one. It must be the last callback: it saves the state the others have reached.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save after the tuning check of the epoch."""
        del pl_module
        with replacing(self._path) as temporary:
            trainer.save_checkpoint(temporary)

    def state_dict(self) -> dict[str, Any]:
        """Nothing of its own to keep."""
        return {}

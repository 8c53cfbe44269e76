"""Errors a user can act on: every message names the case, the value, the bound and the remedy."""

from collections.abc import Sequence


class RadflowError(Exception):
    """Raised for anything the user can mend; shown as one message, without a traceback."""


class ConfigError(RadflowError):
    """Raised when a configuration file is not valid; lists every problem found in it."""


class DownloadError(RadflowError):
    """Raised when no source of a dataset gave the bytes its card names."""


class ArchiveError(RadflowError):
    """Raised when an archive or a folder holds what must not be unpacked or packed.

    `offenders` are its parts that must not, each with the reason; the message names them too.
    """

    def __init__(self, message: str, *, offenders: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.offenders = tuple(offenders)


class IntakeError(RadflowError):
    """Raised when cases are so broken, or so many, that the study must not go on."""


class ImageError(RadflowError):
    """Raised when one image file can't be read as a volume in physical space."""


class LeakError(RadflowError):
    """Raised when a subject, a case or a fitted value would cross parts of the split."""


class TrainingError(RadflowError):
    """Raised when training can't go on, say with a loss that is not finite."""


class DivergedError(TrainingError):
    """Raised when the loss of a training is not finite."""


class ModelError(RadflowError):
    """Raised when a trained model can't be found or does not match its description."""


class EvaluationError(RadflowError):
    """Raised when predictions and references can't be compared."""

"""What `model.json` says of one trained fold."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from radflow.config.classification import InputRules, TargetRules
from radflow.errors import ModelError
from radflow.imaging.preparation import Preparation

CARD_NAME = "model.json"
WEIGHTS_NAME = "weights.safetensors"
FORMAT = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class PlanCard(Preparation):
    """The grid and the intensities a network was trained on; a key unknown here is refused."""

    patch_size: tuple[int, int, int]


class InferenceCard(_Part):
    """How the network is applied."""

    overlap: Annotated[float, Field(ge=0, lt=1)]
    mirror_axes: tuple[Literal[0, 1, 2], ...]


class Card(_Part):
    """The part of `model.json` that every use needs; what is left out describes the training.

    Attributes
    ----------
    channels
        Of a case: its files, in their order.
    network
        What the network is built from.
    intensity
        What `radflow.imaging.normalise.Intensity` was fitted to on the fold's training cases (CT);
        None where each image is standardised by itself (MR), or by windows (CT).
    weights_sha256
        Hash of the bytes of `weights.safetensors`.
    """

    format: Literal[1]
    study: Annotated[str, Field(min_length=1)]
    model: Annotated[str, Field(min_length=1)]
    fold: Annotated[int, Field(ge=0)]
    dataset: str
    channels: Annotated[tuple[str, ...], Field(min_length=1)]
    modality: str
    network: dict[str, Any]
    plan: PlanCard
    intensity: dict[str, float] | None = None
    weights_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @model_validator(mode="after")
    def _one_scheme(self) -> Self:
        if self.intensity is not None and not self.plan.fits_intensity:
            message = (
                f"intensity is fitted to CT without windows alone; the plan is "
                f"{self.plan.normalisation!r} with windows_hu {self.plan.windows_hu}"
            )
            raise ValueError(message)
        return self

    @property
    def name(self) -> str:
        """Study and model, e.g. ``"hippocampus/unet"``."""
        return f"{self.study}/{self.model}"

    @property
    def image_channels(self) -> tuple[str, ...]:
        """Names of the channels of preprocessed images: `channels`, or windows of them."""
        return self.plan.image_channels(self.channels)

    @property
    def own_fields(self) -> set[str]:
        """What each fold has for itself."""
        return {"fold", "intensity", "weights_sha256", "network"}

    def shared(self) -> dict[str, Any]:
        """Give what all folds of one model have in common (a mean shape's size is its fold's)."""
        network = {key: self.network.get(key) for key in ("name", "inputs", "outputs")}
        return {**self.model_dump(exclude=self.own_fields), "network": network}


class ModelCard(Card):
    """What prediction needs of a segmentation.

    Attributes
    ----------
    classes
        Name of each label value; 0 is the background.
    """

    task: Literal["segmentation"]
    classes: Annotated[dict[int, str], Field(min_length=2)]
    inference: InferenceCard


class ClassifierCard(Card):
    """What prediction needs of a classification.

    Attributes
    ----------
    target
        Classes, and of which kind.
    view
        What of a case the network sees.
    mirror_axes
        Axes of the view along which mirrored images are answered, too.
    temperature
        That divides logits; fitted on the fold's tuning cases (Guo et al. 2017, arXiv 1706.04599).
    pixel_mm
        Size of the pixels of the pictures it was trained on; None where nobody knew, and for
        volumes.
    """

    task: Literal["classification"]
    target: TargetRules
    view: InputRules
    mirror_axes: tuple[Literal[0, 1, 2], ...]
    temperature: Annotated[float, Field(gt=0)]
    pixel_mm: Annotated[float | None, Field(gt=0)] = None

    @property
    def own_fields(self) -> set[str]:
        """What each fold has for itself."""
        return {*super().own_fields, "temperature"}


class TaskCard(_Part):
    """What `model.json` says of its task alone, to know which card to read."""

    task: str


AnyCard = TypeVar("AnyCard", bound=_Part)


def read_card(path: Path, kind: type[AnyCard]) -> AnyCard:
    """Read `model.json` as a card of `kind`.

    Raises
    ------
    ModelError
        If the file is missing, no JSON, of another format, or lacks an entry.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        message = f"{path} is missing: a fold needs {CARD_NAME} and {WEIGHTS_NAME}; train it again"
        raise ModelError(message) from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}"
            for item in error.errors(include_url=False)
        )
        message = (
            f"{path} does not describe a model of format {FORMAT} ({problems}); "
            "train it again, or use the version of radflow that wrote it"
        )
        raise ModelError(message) from error

"""A model of a study: network, augmentation, optimisation, budget."""

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from radflow.config.base import Section
from radflow.config.transfer import StartRules

Probability = Annotated[float, Field(ge=0, le=1)]
Channels = Annotated[int, Field(ge=1)]
Range = tuple[float, float]
Segmenter = Literal["unet", "mean_shape"]
Classifier = Literal["cnn", "resnet", "densenet", "efficientnet"]
Simple = Literal["majority", "logistic", "forest"]
Decoder = Literal["light", "full"]
NetworkName = Literal[Segmenter, Classifier, Simple]

SEGMENTERS: tuple[str, ...] = get_args(Segmenter)
CLASSIFIERS: tuple[str, ...] = get_args(Classifier)
SIMPLE: tuple[str, ...] = get_args(Simple)
"""Classifiers that are no networks: the majority class, and features with scikit-learn."""


class NetworkRules(Section):
    """Which network, by name from `radflow.networks`, and its size."""

    name: Annotated[NetworkName, Field(description="builder")] = "unet"
    channels: Annotated[
        tuple[Channels, ...],
        Field(
            min_length=1, description="of the finest levels; each further level doubles the last"
        ),
    ] = (16, 48)
    most_channels: Annotated[int, Field(ge=1, description="cap of every level")] = 320
    decoder: Annotated[
        Decoder,
        Field(
            description="of a U-Net: skips added and one convolution a level, or skips "
            "concatenated and two"
        ),
    ] = "light"
    depth: Annotated[
        int | None, Field(ge=0, description="variant, e.g. resnet 18, densenet 121, efficientnet 0")
    ] = None
    dropout: Annotated[
        float, Field(ge=0, lt=1, description="share of features dropped before the last layer")
    ] = 0.0
    stem: Annotated[
        Literal[2, 4],
        Field(description="how much coarser a resnet's first layers make the grid; 4: by pooling"),
    ] = 4
    shortcut: Annotated[
        Literal["strided", "pooled"],
        Field(description="how a resnet's shortcuts reach a coarser grid; pooled loses no voxel"),
    ] = "strided"
    pooling: Annotated[
        Literal["mean", "top"],
        Field(
            description="of a classifier's last maps; top: where they are strongest, for small "
            "lesions"
        ),
    ] = "mean"


class AugmentationRules(Section):
    """Probabilities per patch and ranges of the batched augmentation; 0 switches one off."""

    mirror_axes: Annotated[
        tuple[Literal[0, 1, 2], ...],
        Field(description="RAS axes along which anatomy may flip; of 2D views, the view's own"),
    ] = (0,)
    spatial: Annotated[Probability, Field(description="affine and elastic together")] = 0.6
    rotation_degrees: Annotated[float, Field(ge=0, le=180, description="largest angle")] = 15.0
    scale: Annotated[Range, Field(description="factor of size")] = (0.8, 1.25)
    translation: Annotated[float, Field(ge=0, description="largest shift, share of the patch")] = (
        0.05
    )
    shear: Annotated[float, Field(ge=0, description="largest shear (skew), dimensionless")] = 0.1
    elastic: Annotated[Probability, Field(description="elastic part, where spatial applies")] = 0.5
    elastic_voxels: Annotated[float, Field(ge=0, description="SD of control displacements")] = 1.5
    elastic_grid: Annotated[int, Field(ge=8, description="voxels between control points")] = 12
    gamma: Annotated[Probability, Field(description="contrast by a power of intensity")] = 0.3
    gamma_range: Annotated[Range, Field(description="exponent")] = (0.7, 1.5)
    brightness: Annotated[Probability, Field(description="one factor for all intensities")] = 0.3
    brightness_range: Annotated[Range, Field(description="factor of intensity")] = (0.75, 1.25)
    noise: Annotated[Probability, Field(description="Gaussian noise")] = 0.15
    noise_sd: Annotated[float, Field(ge=0, description="largest SD, in image SDs")] = 0.15
    blur: Annotated[Probability, Field(description="Gaussian blur")] = 0.1
    blur_sigma: Annotated[Range, Field(description="SD of the blur, voxels")] = (0.5, 1.0)
    low_resolution: Annotated[
        Probability, Field(description="sampled down and up again, as from thicker voxels")
    ] = 0.1
    low_resolution_zoom: Annotated[Range, Field(description="share of the resolution kept")] = (
        0.5,
        1.0,
    )
    cutout: Annotated[Probability, Field(description="a box of the image set to 0")] = 0.0
    cutout_share: Annotated[Probability, Field(description="of each axis, that the box covers")] = (
        0.3
    )


class Budget(Section):
    """How long to train: exactly one of steps, epochs and minutes."""

    steps: Annotated[int | None, Field(ge=1, description="optimiser steps")] = None
    epochs: Annotated[int | None, Field(ge=1, description="epochs of `steps_per_epoch`")] = None
    minutes: Annotated[
        float | None, Field(gt=0, description="turned into steps once, and recorded")
    ] = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Budget":
        if sum(value is not None for value in (self.steps, self.epochs, self.minutes)) != 1:
            message = "a budget names exactly one of steps, epochs, minutes"
            raise ValueError(message)
        return self


class TrainingRules(Section):
    """How the network is fitted."""

    budget: Budget = Budget(steps=4000)
    steps_per_epoch: Annotated[int, Field(ge=1, description="steps between tuning checks")] = 100
    learning_rate: Annotated[float, Field(gt=0, description="peak, after the warm-up")] = 3e-3
    warm_up: Annotated[Probability, Field(description="share of the steps")] = 0.05
    weight_decay: Annotated[float, Field(ge=0, description="decoupled (AdamW)")] = 1e-2
    clip_norm: Annotated[float, Field(gt=0, description="largest norm of the gradient")] = 12.0
    average_decay: Annotated[
        float, Field(ge=0, lt=1, description="decay of the moving average of weights; 0: none")
    ] = 0.995
    target_share: Annotated[
        Probability, Field(description="patches centred on a target class; the rest background")
    ] = 0.5
    balance: Annotated[
        Literal["none", "sampling", "loss"],
        Field(description="classification: classes drawn alike, or weighted by rarity"),
    ] = "none"
    label_smoothing: Annotated[
        float, Field(ge=0, lt=1, description="classification: share spread over all classes")
    ] = 0.0
    small_until: Annotated[
        Probability, Field(description="classification: share of the steps on smaller views")
    ] = 0.0
    small_share: Annotated[
        float, Field(gt=0, le=1, description="of each axis of a view, that the smaller one has")
    ] = 0.75
    shuffled_labels: Annotated[
        bool,
        Field(description="classification: train on permuted labels, to prove that nothing leaks"),
    ] = False
    patience: Annotated[
        int | None, Field(ge=1, description="epochs without a better tuning score before stopping")
    ] = None
    keep: Annotated[
        Literal["best", "last"], Field(description="weights of which epoch, by tuning score")
    ] = "best"
    seed: Annotated[int, Field(ge=0, description="keys all randomness of a training")] = 0
    precision: Annotated[
        Literal["auto", "bf16", "float32"], Field(description="auto: bf16 where the machine has it")
    ] = "auto"
    compile: Annotated[
        Literal["auto", "on", "off"], Field(description="torch.compile; auto: on a GPU")
    ] = "auto"

    @model_validator(mode="after")
    def _whole_epochs(self) -> "TrainingRules":
        if (self.budget.steps or 0) % self.steps_per_epoch:
            message = (
                f"budget.steps ({self.budget.steps}) must be a multiple of steps_per_epoch "
                f"({self.steps_per_epoch})"
            )
            raise ValueError(message)
        return self


class ModelRules(Section):
    """One way to answer the study's question."""

    network: NetworkRules = NetworkRules()
    augmentation: AugmentationRules = AugmentationRules()
    training: TrainingRules = TrainingRules()
    start_from: StartRules | None = None

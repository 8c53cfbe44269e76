"""Networks that answer for a whole image: stages, the mean of their features, one linear layer."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from monai.networks.nets.densenet import DenseNet
from monai.networks.nets.efficientnet import EfficientNetBN
from monai.networks.nets.resnet import ResNet
from torch import Tensor, nn

from radflow.errors import ModelError

_CONVOLUTIONS = (nn.Conv2d, nn.Conv3d)
_RESNETS = {
    10: ("basic", [1, 1, 1, 1]),
    18: ("basic", [2, 2, 2, 2]),
    34: ("basic", [3, 4, 6, 3]),
    50: ("bottleneck", [3, 4, 6, 3]),
}
_DENSENETS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
_EFFICIENTNETS = range(8)
_POOLED = 4
_TOP = 0.0005


class ImageClassifier(nn.Module):
    """Map an image to logits: stages of convolutions, global pooling, dropout, one linear layer.

    Parameters
    ----------
    stages
        Name to module, in order; each maps ``(b, f, *grid)`` to features on a grid as large or
        smaller. Transfer learning freezes and thaws them by these names, explanation looks at them.
    features
        That the last stage gives.
    outputs
        Logits.
    dropout
        Share of the features dropped before the last layer, in training.
    pooling
        What a feature's map is reduced to: the ``mean`` of all its values (Lin et al. 2014), or of
        its ``top`` 0.05 %, in which a small lesion in a large image does not get lost (Durand et
        al. 2016, WELDON). The latter are standardised before the last layer: they differ little
        between images, and without it nothing was learnt in hundreds of steps.
    """

    def __init__(
        self,
        stages: Mapping[str, nn.Module],
        *,
        features: int,
        outputs: int,
        dropout: float,
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        self.stages, self.pooling = nn.ModuleDict(stages), pooling
        self.dropout = nn.Dropout(dropout)
        last = nn.Linear(features, outputs)
        self.head = last if pooling == "mean" else nn.Sequential(nn.BatchNorm1d(features), last)

    @property
    def blocks(self) -> dict[str, tuple[str, ...]]:
        """Name to modules of each part that can be kept as a whole, in order; last the answer's."""
        return {**{name: (f"stages.{name}",) for name in self.stages}, "head": ("head",)}

    def maps(self, image: Tensor) -> Tensor:
        """Give the feature maps ``(b, features, *grid)`` of the last stage."""
        for stage in self.stages.values():
            image = stage(image)
        return image

    def pooled(self, maps: Tensor) -> Tensor:
        """Reduce the feature maps of the last stage to the features, ``(b, features)``."""
        flat = maps.flatten(2)
        if self.pooling == "top":
            flat = flat.topk(max(round(_TOP * flat.shape[2]), 1), dim=2).values
        return flat.mean(2)

    def features(self, image: Tensor) -> Tensor:
        """Give the features before the last layer, ``(b, features)``: the maps, pooled."""
        return self.pooled(self.maps(image))

    def answer(self, maps: Tensor) -> Tensor:
        """Map the feature maps of the last stage to logits ``(b, outputs)``."""
        return self.head(self.dropout(self.pooled(maps)))

    def forward(self, image: Tensor) -> Tensor:
        """Map ``(b, inputs, *image)`` to logits ``(b, outputs)``."""
        return self.answer(self.maps(image))


def build_image_classifier(network: Mapping[str, Any]) -> ImageClassifier:
    """Build a classifier from its record in ``model.json``.

    Parameters
    ----------
    network
        ``name``: ``cnn`` (convolution, normalisation, ReLU and pooling at each level of `channels`,
        as in the primer's Figure 11), ``resnet``, ``densenet`` or ``efficientnet`` (MONAI's);
        ``depth``: its variant; ``dimensions``: 2 or 3; ``inputs``, ``outputs``, ``channels``,
        ``dropout``, ``pooling``. A resnet takes its four widths from `channels`, each further one
        twice the one before; its ``stem`` samples down by 2 or 4, its ``shortcut`` is ``strided``,
        as He et al. (2016) have it, or ``pooled`` (He et al. 2019, arXiv 1812.01187, ResNet-D):
        a mean over the voxels of which the strided convolution would leave all but one out.

    Raises
    ------
    ModelError
        If there is no such variant.
    """
    stages, features = _STAGES[network["name"]](network)
    return ImageClassifier(
        stages,
        features=features,
        outputs=network["outputs"],
        dropout=network["dropout"],
        pooling=network["pooling"],
    )


def initialise_classifier(network: nn.Module, generator: torch.Generator) -> None:
    """Draw weights as He et al. (2015, arXiv 1502.01852) do, for the ReLU, from `generator`."""
    for module in network.modules():
        if isinstance(module, _CONVOLUTIONS):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5, generator=generator)
        if isinstance(module, (*_CONVOLUTIONS, nn.Linear)) and module.bias is not None:
            nn.init.zeros_(module.bias)


Stages = tuple[Mapping[str, nn.Module], int]


def _cnn(network: Mapping[str, Any]) -> Stages:
    two = network["dimensions"] == 2
    convolution, norm, pool = (
        (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d)
        if two
        else (nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d)
    )
    stages: dict[str, nn.Module] = {}
    before = network["inputs"]
    for number, width in enumerate(network["channels"]):
        stages[f"level{number}"] = nn.Sequential(
            *([] if number == 0 else [pool(2)]),
            convolution(before, width, 3, padding=1, bias=False),
            norm(width),
            nn.ReLU(),
            convolution(width, width, 3, padding=1, bias=False),
            norm(width),
            nn.ReLU(),
        )
        before = width
    return stages, before


def _resnet(network: Mapping[str, Any]) -> Stages:
    block, blocks = _variant(network, _RESNETS, default=18)
    widths = _four(network["channels"])
    made = ResNet(
        block,
        blocks,
        widths,
        spatial_dims=network["dimensions"],
        n_input_channels=network["inputs"],
        conv1_t_stride=2,
        num_classes=1,
        bias_downsample=False,
        act=("relu", {"inplace": False}),
    )
    pool = [made.maxpool] if network["stem"] == _POOLED else []
    stem = nn.Sequential(made.conv1, made.bn1, made.act, *pool)
    layers = {f"layer{n}": getattr(made, f"layer{n}") for n in range(1, 5)}
    if network["shortcut"] == "pooled":
        _pool_shortcuts(layers, network["dimensions"])
    return {"stem": stem, **layers}, cast("nn.Linear", made.fc).in_features


def _pool_shortcuts(layers: Mapping[str, nn.Module], dimensions: int) -> None:
    average = nn.AvgPool2d if dimensions == 2 else nn.AvgPool3d
    for layer in layers.values():
        shortcut = cast("Any", layer)[0].downsample
        if shortcut is not None and set(shortcut[0].stride) != {1}:
            # An odd axis ends in half a window, as the strided convolution's grid does.
            shortcut.insert(0, average(2, ceil_mode=True, count_include_pad=False))
            shortcut[1].stride = (1,) * dimensions


def _densenet(network: Mapping[str, Any]) -> Stages:
    blocks = _variant(network, _DENSENETS, default=121)
    made = DenseNet(
        network["dimensions"],
        network["inputs"],
        1,
        block_config=blocks,
        act=("relu", {"inplace": False}),
    )
    children = dict(made.features.named_children())
    stem = [children.pop(name) for name in ("conv0", "norm0", "relu0", "pool0")]
    last = nn.Sequential(children.pop("norm5"), nn.ReLU())
    features = cast("nn.Linear", made.class_layers.out).in_features
    return {"stem": nn.Sequential(*stem), **children, "last": last}, features


def _efficientnet(network: Mapping[str, Any]) -> Stages:
    variant = 0 if network["depth"] is None else network["depth"]
    _variant(network, dict.fromkeys(_EFFICIENTNETS), default=0)
    made = EfficientNetBN(
        f"efficientnet-b{variant}",
        pretrained=False,
        spatial_dims=network["dimensions"],
        in_channels=network["inputs"],
        num_classes=1,
    )
    made.set_swish(memory_efficient=False)
    swish = nn.SiLU()
    stem = nn.Sequential(made._conv_stem_padding, made._conv_stem, made._bn0, swish)  # pyright: ignore[reportPrivateUsage]
    blocks = {f"blocks{n}": block for n, block in enumerate(made._blocks)}  # pyright: ignore[reportPrivateUsage]
    last = nn.Sequential(made._conv_head_padding, made._conv_head, made._bn1, swish)  # pyright: ignore[reportPrivateUsage]
    return {"stem": stem, **blocks, "last": last}, made._fc.in_features  # pyright: ignore[reportPrivateUsage]


def _four(channels: Sequence[int]) -> list[int]:
    widths = list(channels[:4])
    while len(widths) < 4:
        widths.append(widths[-1] * 2)
    return widths


def _variant(network: Mapping[str, Any], known: Mapping[int, Any], *, default: int) -> Any:
    depth = default if network["depth"] is None else network["depth"]
    if depth not in known:
        message = (
            f"there is no {network['name']} {depth}; network.depth may be "
            f"{', '.join(map(str, known))}"
        )
        raise ModelError(message)
    return known[depth]


_STAGES = {"cnn": _cnn, "resnet": _resnet, "densenet": _densenet, "efficientnet": _efficientnet}

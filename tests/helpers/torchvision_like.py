"""State dicts of the shape and names of torchvision's networks, and what those networks compute.

Written from the papers (He et al. 2016, Huang et al. 2017) and the names in torchvision's files, so
that our networks with these weights can be held against something that is not ours.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

RESNETS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
DENSENET = (6, 12, 24, 16)
_GROWTH, _BOTTLENECK = 32, 128


def resnet_weights(depth: int) -> dict[str, Tensor]:
    """Make random weights of torchvision's resnet of a depth."""
    return _drawn(_resnet(depth))


def densenet_weights(*, old: bool = False) -> dict[str, Tensor]:
    """Make random weights of torchvision's densenet121; `old`: with the names of its first file."""
    weights = _drawn(_densenet())
    if not old:
        return weights
    for digit in "12":
        for kind in ("norm", "conv"):
            weights = {
                name.replace(f".{kind}{digit}.", f".{kind}.{digit}."): value
                for name, value in weights.items()
                if not name.endswith("num_batches_tracked")
            }
    return weights


def resnet_features(weights: dict[str, Tensor], depth: int, image: Tensor) -> Tensor:
    """Compute the pooled features ``(b, f)`` of an image ``(b, 3, i, j)``."""
    x = functional.relu(_norm(weights, "bn1", _conv(weights, "conv1", image, stride=2, padding=3)))
    x = functional.max_pool2d(x, 3, 2, 1)
    last = 3 if depth == 50 else 2
    for layer, blocks in enumerate(RESNETS[depth], start=1):
        for block in range(blocks):
            name = f"layer{layer}.{block}"
            stride = 2 if layer > 1 and block == 0 else 1
            y = x
            for n in range(1, last + 1):
                # torchvision strides in the 3x3 convolution: the first of two, the middle of three.
                strides = stride if n == last - 1 else 1
                padding = 0 if depth == 50 and n != 2 else 1
                y = _conv(weights, f"{name}.conv{n}", y, stride=strides, padding=padding)
                y = _norm(weights, f"{name}.bn{n}", y)
                y = functional.relu(y) if n < last else y
            if f"{name}.downsample.0.weight" in weights:
                x = _conv(weights, f"{name}.downsample.0", x, stride=stride, padding=0)
                x = _norm(weights, f"{name}.downsample.1", x)
            x = functional.relu(x + y)
    return x.flatten(2).mean(2)


def densenet_features(weights: dict[str, Tensor], image: Tensor) -> Tensor:
    """Compute the pooled features ``(b, f)`` of an image ``(b, 3, i, j)``."""
    at = "features."
    x = _conv(weights, f"{at}conv0", image, stride=2, padding=3)
    x = functional.max_pool2d(functional.relu(_norm(weights, f"{at}norm0", x)), 3, 2, 1)
    for block, layers in enumerate(DENSENET, start=1):
        for layer in range(1, layers + 1):
            name = f"{at}denseblock{block}.denselayer{layer}"
            y = functional.relu(_norm(weights, f"{name}.norm1", x))
            y = functional.relu(
                _norm(weights, f"{name}.norm2", _conv(weights, f"{name}.conv1", y, padding=0))
            )
            x = torch.cat([x, _conv(weights, f"{name}.conv2", y, padding=1)], 1)
        if block < len(DENSENET):
            name = f"{at}transition{block}"
            x = functional.relu(_norm(weights, f"{name}.norm", x))
            x = functional.avg_pool2d(_conv(weights, f"{name}.conv", x, padding=0), 2, 2)
    return functional.relu(_norm(weights, f"{at}norm5", x)).flatten(2).mean(2)


def _resnet(depth: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "conv1.weight", (64, 3, 7, 7)
    yield from _norm_shapes("bn1", 64)
    before = 64
    for layer, blocks in enumerate(RESNETS[depth], start=1):
        width = 64 * 2 ** (layer - 1)
        after = 4 * width if depth == 50 else width
        for block in range(blocks):
            name = f"layer{layer}.{block}"
            sizes = (
                [(before, width, 1), (width, width, 3), (width, after, 1)]
                if depth == 50
                else [(before, width, 3), (width, width, 3)]
            )
            for n, (inputs, outputs, kernel) in enumerate(sizes, start=1):
                yield f"{name}.conv{n}.weight", (outputs, inputs, kernel, kernel)
                yield from _norm_shapes(f"{name}.bn{n}", outputs)
            if before != after:
                yield f"{name}.downsample.0.weight", (after, before, 1, 1)
                yield from _norm_shapes(f"{name}.downsample.1", after)
            before = after
    yield "fc.weight", (1000, before)
    yield "fc.bias", (1000,)


def _densenet() -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "features.conv0.weight", (64, 3, 7, 7)
    yield from _norm_shapes("features.norm0", 64)
    width = 64
    for block, layers in enumerate(DENSENET, start=1):
        for layer in range(1, layers + 1):
            name = f"features.denseblock{block}.denselayer{layer}"
            yield from _norm_shapes(f"{name}.norm1", width)
            yield f"{name}.conv1.weight", (_BOTTLENECK, width, 1, 1)
            yield from _norm_shapes(f"{name}.norm2", _BOTTLENECK)
            yield f"{name}.conv2.weight", (_GROWTH, _BOTTLENECK, 3, 3)
            width += _GROWTH
        if block < len(DENSENET):
            yield from _norm_shapes(f"features.transition{block}.norm", width)
            yield f"features.transition{block}.conv.weight", (width // 2, width, 1, 1)
            width //= 2
    yield from _norm_shapes("features.norm5", width)
    yield "classifier.weight", (1000, width)
    yield "classifier.bias", (1000,)


def _norm_shapes(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for kind in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{kind}", (width,)
    yield f"{name}.num_batches_tracked", ()


def _drawn(shapes: Iterator[tuple[str, tuple[int, ...]]]) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    drawn: dict[str, Tensor] = {}
    for name, shape in shapes:
        if name.endswith("num_batches_tracked"):
            drawn[name] = torch.tensor(3)
        elif len(shape) > 1:
            fan_in = torch.Size(shape[1:]).numel()
            drawn[name] = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        else:
            drawn[name] = torch.rand(shape, generator=generator) + 0.5
    return drawn


def _conv(
    weights: dict[str, Tensor], name: str, x: Tensor, *, stride: int = 1, padding: int
) -> Tensor:
    return functional.conv2d(x, weights[f"{name}.weight"], stride=stride, padding=padding)


def _norm(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    mean, var, weight, bias = (
        weights[f"{name}.{kind}"] for kind in ("running_mean", "running_var", "weight", "bias")
    )
    return functional.batch_norm(x, mean, var, weight, bias)

"""Which part of the image a unit of a stage can see, from the kernels and strides before it."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from radflow.networks.image_classifier import ImageClassifier


@dataclass(frozen=True)
class Field:
    """What the units of a map see along one axis of the image.

    Unit ``u`` sees the voxels ``first + u * step`` to ``first + u * step + size - 1``; voxels
    outside the image are padding.

    Attributes
    ----------
    first
        First voxel that unit 0 sees.
    size
        Voxels that a unit sees; None: the whole image, as by a mean over it.
    step
        Voxels from one unit's field to the next one's.
    """

    first: int
    size: int | None
    step: int

    def box(self, unit: int) -> tuple[int, int] | None:
        """Give the first voxel a unit sees and the one past the last; None: the whole image."""
        if self.size is None:
            return None
        start = self.first + unit * self.step
        return start, start + self.size


Fields = tuple[Field, ...]


def receptive_fields(network: ImageClassifier, shape: Sequence[int]) -> dict[str, Fields]:
    """Compute the receptive field of each stage's units, one `Field` per axis of the image.

    The network runs once without numbers; each convolution and pooling widens the field by its
    kernel, dilation and stride (Araujo et al. 2019, Distill, doi:10.23915/distill.00021). Where
    branches meet, what either sees is seen. What mixes all places (a mean over the map, as in
    squeeze and excitation) sees the whole image, and so does everything behind it.

    Parameters
    ----------
    network
        Any; it is copied.
    shape
        ``(inputs, *grid)`` of an image.
    """
    ghost = copy.deepcopy(network).to("meta").eval()
    image = torch.empty(1, *shape, device="meta")
    found: dict[str, Fields] = {}
    with torch.no_grad(), _Follow(image) as follow:
        for name, stage in ghost.stages.items():
            image = stage(image)
            found[name] = follow.fields_of(image)
    return found


class _Follow(TorchDispatchMode):
    """Follow the fields of all tensors that are made of an image."""

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        # Tensors are kept, so that no other takes their id.
        self._known: dict[int, tuple[Tensor, Fields]] = {}
        self._keep(image, (Field(0, 1, 1),) * (image.ndim - 2))

    def fields_of(self, tensor: Tensor) -> Fields:
        return self._known[id(tensor)][1]

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        del types
        result = func(*args, **(kwargs or {}))
        seen = [each for each in _tensors(args) if id(each) in self._known]
        made = result if isinstance(result, (tuple, list)) else (result,)
        for each in made:
            if isinstance(each, Tensor) and seen:
                self._keep(each, self._fields(str(func.overloadpacket), args, seen, each))
        return result

    def _keep(self, tensor: Tensor, fields: Fields) -> None:
        self._known[id(tensor)] = tensor, fields

    def _fields(
        self, name: str, args: tuple[Any, ...], seen: Sequence[Tensor], made: Tensor
    ) -> Fields:
        before = [self.fields_of(each) for each in seen]
        first, axes = before[0], len(before[0])
        if name == "aten.convolution":
            kernel = list(args[1].shape[2:])
            stride, padding, dilation = (_each(args[n], axes) for n in (3, 4, 5))
            return _widened(first, kernel, stride, padding, dilation=dilation)
        if "pool" in name and "adaptive" not in name:
            kernel, stride, padding = (
                _each(args[n] if len(args) > n else 0, axes) for n in (1, 2, 3)
            )
            dilation = args[4] if "max_pool" in name and len(args) > 4 else 1
            step = stride if any(stride) else kernel
            return _widened(first, kernel, step, padding, dilation=_each(dilation, axes))
        if name == "aten.constant_pad_nd":
            return _padded(first, args[1])
        if made.ndim == axes + 2 and all(
            each.shape[2:] == made.shape[2:] or all(field.size is None for field in fields)
            for each, fields in zip(seen, before, strict=True)
        ):
            return tuple(_union(fields) for fields in zip(*before, strict=True))
        return tuple(Field(0, None, field.step) for field in first)


def _tensors(values: Any) -> list[Tensor]:
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, (tuple, list)):
        return [tensor for each in values for tensor in _tensors(each)]
    return []


def _each(value: Any, axes: int) -> list[int]:
    listed = list(value) if isinstance(value, (tuple, list)) else [value]
    return [int(each) for each in (listed * axes if len(listed) == 1 else listed)] or [0] * axes


def _widened(
    fields: Fields,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    *,
    dilation: Sequence[int],
) -> Fields:
    return tuple(
        Field(
            field.first - pad * field.step,
            None if field.size is None else field.size + (k - 1) * d * field.step,
            field.step * s,
        )
        for field, k, s, pad, d in zip(fields, kernel, stride, padding, dilation, strict=True)
    )


def _padded(fields: Fields, pads: Sequence[int]) -> Fields:
    """Shift by what stands before each axis; `pads` lists pairs from the last axis on."""
    before = [*reversed(list(pads)[::2])]
    before = [0] * (len(fields) - len(before)) + before[-len(fields) :]
    return tuple(
        Field(field.first - pad * field.step, field.size, field.step)
        for field, pad in zip(fields, before, strict=True)
    )


def _union(fields: Sequence[Field]) -> Field:
    step = min(field.step for field in fields)
    if any(field.size is None for field in fields):
        return Field(0, None, step)
    first = min(field.first for field in fields)
    last = max(field.first + (field.size or 0) for field in fields)
    return Field(first, last - first, step)

"""Instance normalisation that trains on volumes whose channels lie last in memory."""

from typing import Any, cast

import torch
from torch import Tensor, nn

_LAST = torch.channels_last_3d
_EPSILON = 1e-5


class InstanceNorm(nn.InstanceNorm3d):
    """Standardise each channel of each image, then scale and shift it by learnt values.

    The same numbers as `torch.nn.InstanceNorm3d` with ``affine=True`` (Ulyanov et al. 2016, arXiv
    1607.08022). PyTorch brings batches whose channels lie last into the other layout first, and
    its group normalisation of single channels takes ten times the convolutions' time backwards
    there; here both ways stay in the layout they are given.

    Parameters
    ----------
    channels
        Features ``c`` of the input ``(b, c, i, j, k)``.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=_EPSILON, affine=True)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the base class's name)
        """Map ``(b, c, i, j, k)`` to the same shape, type and layout."""
        last = input.is_contiguous(memory_format=_LAST) and not input.is_contiguous()
        if last and input.device.type == "cpu":
            return cast("Tensor", _ChannelsLast.apply(input, self.weight, self.bias))
        return super().forward(input)


class _ChannelsLast(torch.autograd.Function):
    """Group normalisation of single channels, with a gradient that reads memory in order."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        batch, channels = image.shape[:2]
        voxels = image[0, 0].numel()
        normalised, mean, scale = torch.native_group_norm(
            image, weight, bias, batch, channels, voxels, channels, _EPSILON
        )
        ctx.save_for_backward(image, weight, mean, scale)
        return normalised

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Derive by the closed form (Ioffe and Szegedy 2015, arXiv 1502.03167, section 3)."""
        image, weight, mean, scale = ctx.saved_tensors
        values, slope = _rows(image), _rows(gradients[0])
        number, kind = values.shape[1], torch.promote_types(weight.dtype, torch.float32)
        mean, scale, weight = mean.to(kind), scale.to(kind), weight.to(kind)
        shifts = slope.sum(1, dtype=kind)
        scales = ((slope * values).sum(1, dtype=kind) - mean * shifts) * scale
        of_slope = weight * scale
        of_value = -of_slope * scale * scales / number
        constant = -of_slope * shifts / number - of_value * mean
        of_slope, of_value, constant = (
            each[:, None].to(values.dtype) for each in (of_slope, of_value, constant)
        )
        rows = torch.addcmul(torch.addcmul(constant, slope, of_slope), values, of_value)
        batch, channels, *grid = image.shape
        back = rows.reshape(batch, *grid, channels).movedim(-1, 1)
        return back, scales.sum(0), shifts.sum(0)


def _rows(volume: Tensor) -> Tensor:
    """Lay out ``(b, c, i, j, k)`` as ``(b, voxels, c)``: a view where channels lie last."""
    return volume.movedim(1, -1).flatten(1, 3)

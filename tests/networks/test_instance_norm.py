"""Instance normalisation gives PyTorch's numbers, forwards and backwards, in either layout."""

import pytest
import torch
from torch import Tensor, nn

from radflow.networks.instance_norm import InstanceNorm

LAYOUTS = [torch.contiguous_format, torch.channels_last_3d]


def _both(dtype: torch.dtype) -> tuple[InstanceNorm, nn.InstanceNorm3d]:
    generator = torch.Generator().manual_seed(1)
    ours, theirs = InstanceNorm(3), nn.InstanceNorm3d(3, affine=True)
    for name in ("weight", "bias"):
        drawn = torch.randn(3, generator=generator)
        for norm in (ours, theirs):
            nn.init.zeros_(getattr(norm, name)).data.copy_(drawn)
    return ours.to(dtype), theirs.to(dtype)


def _gradients(norm: nn.Module, image: Tensor, slope: Tensor) -> list[Tensor]:
    image = image.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    answer = norm(image)
    answer.backward(slope)
    assert image.grad is not None
    return [answer.detach(), image.grad, *(parameter.grad for parameter in norm.parameters())]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_and_gradients_are_those_of_pytorch(layout: torch.memory_format) -> None:
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(2, 3, 4, 5, 6, generator=generator, dtype=torch.float64) * 7 + 3
    slope = torch.randn(image.shape, generator=generator, dtype=torch.float64)
    ours, theirs = _both(torch.float64)
    expected = _gradients(theirs, image, slope)
    found = _gradients(ours, image.contiguous(memory_format=layout), slope)
    for one, two in zip(found, expected, strict=True):
        torch.testing.assert_close(one, two)


def test_bfloat16_keeps_the_layout_and_comes_near_float32() -> None:
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(2, 3, 8, 8, 8, generator=generator)
    slope = torch.randn(image.shape, generator=generator)
    ours, theirs = _both(torch.float32)
    expected = _gradients(theirs, image, slope)
    last = image.to(torch.bfloat16).contiguous(memory_format=torch.channels_last_3d)
    found = _gradients(ours, last, slope.to(torch.bfloat16))
    assert found[0].is_contiguous(memory_format=torch.channels_last_3d)
    assert found[1].is_contiguous(memory_format=torch.channels_last_3d)
    assert [each.dtype for each in found] == [torch.bfloat16] * 2 + [torch.float32] * 2
    for one, two in zip(found, expected, strict=True):
        torch.testing.assert_close(one.float(), two, atol=0.05, rtol=0.02)


def test_weights_have_the_names_that_pytorch_gives_them() -> None:
    ours, theirs = _both(torch.float32)
    assert list(ours.state_dict()) == list(theirs.state_dict())

"""In which number format a network runs on this machine."""

from typing import Literal

import torch

from radflow.errors import ModelError

Precision = Literal["auto", "bf16", "float32"]

# Instruction sets that multiply in bfloat16 (names of `torch.cpu.get_capabilities`, x86 and ARM). A
# CPU with plain AVX-512 emulates it, and is slower with it than in float32.
_CPU_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")


def autocast_dtype(device: torch.device, precision: Precision) -> torch.dtype | None:
    """Choose the number format of a network's convolutions.

    Parameters
    ----------
    device
        Where the network runs.
    precision
        ``"auto"`` takes bfloat16 where the device multiplies in it, ``"bf16"`` always, and
        ``"float32"`` never.

    Returns
    -------
    torch.dtype or None
        The type for `torch.autocast`; None means float32, without autocast.
    """
    if precision == "float32":
        return None
    if precision == "bf16" or _has_bfloat16(device):
        return torch.bfloat16
    return None


def trains_channels_last(device: torch.device, dtype: torch.dtype | None) -> bool:
    """Tell whether a 3D network trains faster where the channels of its features lie last.

    CPUs that multiply tiles of bfloat16 (AMX) want them there, and bring every batch into that
    layout for each convolution and back; on other CPUs 3D convolutions are slower with it
    (``benchmarks/README.md``).

    Parameters
    ----------
    device
        Where the network is trained.
    dtype
        What `autocast_dtype` chose.
    """
    tiles = torch.cpu.get_capabilities().get("amx_bf16", False)
    return device.type == "cpu" and dtype is torch.bfloat16 and bool(tiles)


def best_device() -> torch.device:
    """Choose the first GPU where there is one, else the CPU."""
    return device_named("auto")


def device_named(name: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """Find a device; ``"auto"`` takes the first GPU where there is one, else the CPU.

    Raises
    ------
    ModelError
        If a GPU is asked for and there is none.
    """
    has_gpu = torch.cuda.is_available()
    if name == "cuda" and not has_gpu:
        message = "no GPU was found that this PyTorch can use; take the device cpu or auto"
        raise ModelError(message)
    return torch.device("cuda" if has_gpu and name != "cpu" else "cpu")


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(name, False) for name in _CPU_BFLOAT16)
    return False

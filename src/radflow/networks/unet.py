"""A deeply supervised U-Net, with a light decoder for short budgets or a full one."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from radflow.config.training import Decoder
from radflow.networks.instance_norm import InstanceNorm

_LEAK = 0.01


class ConvBlock(nn.Sequential):
    """3x3x3 convolution, instance normalisation, leaky ReLU.

    Maps ``(b, c, i, j, k)`` to ``(b, outputs, i/stride, j/stride, k/stride)``.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__(
            nn.Conv3d(inputs, outputs, 3, stride, padding=1, bias=False),
            InstanceNorm(outputs),
            nn.LeakyReLU(_LEAK, inplace=True),
        )


class UNet(nn.Module):
    """3D U-Net (Ronneberger et al. 2015, Cicek et al. 2016).

    The encoder has two convolutions per level and halves the grid by strided convolution, as
    nnU-Net does (Isensee et al. 2021). A *light* decoder, for short budgets, has one convolution
    per level, as nnU-Net's residual-encoder presets do, and *adds* the skip to the upsampled
    features (as in LinkNet, Chaurasia and Culurciello 2017): at full resolution the convolution
    over concatenated features is the costliest operation of the network. A *full* one concatenates
    skip and upsampled features and has two convolutions per level, as the U-Net was published.

    Parameters
    ----------
    inputs
        Image channels.
    outputs
        Classes, background included.
    widths
        Features of each level, finest first. Every axis of the input must be a multiple of
        ``2 ** (len(widths) - 1)``.
    decoder
        ``"light"`` or ``"full"``.
    """

    def __init__(
        self, *, inputs: int, outputs: int, widths: Sequence[int], decoder: Decoder = "light"
    ) -> None:
        super().__init__()
        levels = len(widths)
        self._concatenates = decoder == "full"
        self.divisor = 2 ** (levels - 1)
        self.encoder = nn.ModuleList(
            nn.Sequential(
                ConvBlock(before, width, stride=1 if level == 0 else 2), ConvBlock(width, width)
            )
            for level, (before, width) in enumerate(zip([inputs, *widths], widths, strict=False))
        )
        pairs = list(itertools.pairwise(widths))
        self.upsample = nn.ModuleList(
            nn.ConvTranspose3d(coarse, fine, 2, stride=2, bias=False) for fine, coarse in pairs
        )
        self.decoder = nn.ModuleList(
            nn.Sequential(ConvBlock(2 * fine, fine), ConvBlock(fine, fine))
            if self._concatenates
            else ConvBlock(fine, fine)
            for fine, _ in pairs
        )
        self.heads = nn.ModuleList(nn.Conv3d(fine, outputs, 1) for fine, _ in pairs)

    @property
    def blocks(self) -> dict[str, tuple[str, ...]]:
        """Name to modules of each part that can be kept as a whole, in order; last the answer's."""
        coarse_to_fine = reversed(range(len(self.decoder)))
        return {
            **{f"encoder{level}": (f"encoder.{level}",) for level in range(len(self.encoder))},
            **{f"decoder{n}": (f"upsample.{n}", f"decoder.{n}") for n in coarse_to_fine},
            "heads": ("heads",),
        }

    def forward(self, image: Tensor) -> Tensor | list[Tensor]:
        """Compute logits.

        Parameters
        ----------
        image
            ``(b, inputs, i, j, k)``.

        Returns
        -------
        Tensor or list of Tensor
            In evaluation ``(b, outputs, i, j, k)``. In training one such tensor per level but
            the coarsest, finest first, each half the size of the one before.
        """
        features = []
        for stage in self.encoder:
            image = stage(image)
            features.append(image)
        logits = []
        for level in reversed(range(len(self.decoder))):
            image, skip = self.upsample[level](image), features[level]
            joined = torch.cat([image, skip], 1) if self._concatenates else image + skip
            image = self.decoder[level](joined)
            if self.training or level == 0:
                logits.append(self.heads[level](image))
        return logits[::-1] if self.training else logits[0]


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw convolution weights as He et al. (2015, arXiv 1502.01852) do, from `generator`."""
    for module in network.modules():
        if isinstance(module, (nn.Conv3d, nn.ConvTranspose3d)):
            nn.init.kaiming_normal_(module.weight, a=_LEAK, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

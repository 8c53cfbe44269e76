"""Several networks trained side by side, whose probabilities are averaged."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn


class Members(nn.Module):
    """An ensemble that trains and predicts as one network.

    Networks that start from different weights and see different patches err differently, and their
    mean errs less (Lakshminarayanan et al. 2017, arXiv 1612.01474). In a fixed budget two short
    trainings can thus be worth more than one that is twice as long.

    Parameters
    ----------
    networks
        Networks of one kind, each with its own weights.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(networks)
        self.divisor = cast("int", networks[0].divisor)

    def forward(self, image: Tensor) -> Tensor | list[Tensor]:
        """Compute logits.

        Parameters
        ----------
        image
            ``(b, c, i, j, k)``; in training ``b`` is a multiple of the number of members, and each
            sees its own share of the batch.

        Returns
        -------
        Tensor or list of Tensor
            In training the members' answers in the order of the batch, level by level. In
            evaluation the logarithm of their mean probabilities, ``(b, outputs, i, j, k)``.
        """
        if self.training:
            shares = image.chunk(len(self.members))
            answers = [member(share) for member, share in zip(self.members, shares, strict=True)]
            return [torch.cat(level) for level in zip(*answers, strict=True)]
        mean = torch.stack([member(image).float().softmax(1) for member in self.members]).mean(0)
        return mean.clamp_min(torch.finfo(mean.dtype).tiny).log()

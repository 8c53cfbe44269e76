"""The trivial baseline of classification: how often each class is among the training cases."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from radflow.targets import Target

_LEAST = 0.5  # added to each count, so that no class is impossible (Jeffreys' prior)


class Majority(nn.Module):
    """Answer every image with the frequencies of the training cases' classes.

    It looks at no image, so whatever a model gains over it comes from the image.

    Parameters
    ----------
    outputs
        Logits.
    """

    logits: Tensor

    def __init__(self, *, outputs: int) -> None:
        super().__init__()
        self.register_buffer("logits", torch.zeros(outputs))

    def forward(self, image: Tensor) -> Tensor:
        """Map ``(b, inputs, *grid)`` to logits ``(b, outputs)``, the same for every image."""
        return self.logits.expand(image.shape[0], -1)


def class_logits(codes: Sequence[int], target: Target) -> Tensor:
    """Turn the codes of the training cases into the logits that give back their frequencies.

    Returns
    -------
    Tensor
        ``(outputs,)``, as `radflow.tasks.answers` reads them.
    """
    hot = torch.from_numpy(target.multi_hot(codes)).double()
    counts = hot.sum(0) + _LEAST
    if target.several:
        return (counts / (len(codes) + 2 * _LEAST)).logit().float()
    shares = counts / counts.sum()
    if target.rules.kind != "ordinal":
        return shares.log().float()
    return (1 - shares.cumsum(0)[:-1]).logit().float()

"""Dice plus cross-entropy, deeply supervised."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

_SMOOTH = 1e-5


def dice_cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """Soft-Dice loss over target classes plus voxel-wise cross-entropy over all.

    The pair is nnU-Net's loss (Isensee et al. 2021), with the Dice of Milletari et al. 2016
    taken per patch and class, smoothed by 1e-5.

    Parameters
    ----------
    logits
        ``(b, classes, i, j, k)``, class 0 is background.
    label
        ``(b, i, j, k)`` int64 classes.

    Returns
    -------
    Tensor
        Scalar: cross-entropy (nats) + 1 - mean soft Dice; computed in float32.
    """
    log_probabilities = functional.log_softmax(logits.float(), dim=1)
    cross_entropy = functional.nll_loss(log_probabilities, label)
    probabilities = log_probabilities[:, 1:].exp().flatten(2)
    targets = torch.arange(1, logits.shape[1], device=label.device)
    target = (label.flatten(1)[:, None] == targets[None, :, None]).to(probabilities.dtype)
    overlap = (probabilities * target).sum(2)
    size = probabilities.sum(2) + target.sum(2)
    dice = (2 * overlap + _SMOOTH) / (size + _SMOOTH)
    return cross_entropy + 1 - dice.mean()


def deeply_supervised(logits: Sequence[Tensor], label: Tensor) -> Tensor:
    """Weigh `dice_cross_entropy` of each resolution by 1, 1/2, 1/4, ..., normalised to sum 1.

    Parameters
    ----------
    logits
        Finest first; each half the size of the one before.
    label
        ``(b, i, j, k)`` at the finest resolution. Coarser labels are every second voxel of it:
        the voxels on which the strided convolutions are centred.
    """
    total = torch.zeros((), device=label.device)
    label = label.long()
    for level, coarse in enumerate(logits):
        stride = 2**level
        total = total + dice_cross_entropy(coarse, label[:, ::stride, ::stride, ::stride]) / stride
    return total / sum(0.5**level for level in range(len(logits)))

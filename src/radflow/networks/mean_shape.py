"""The trivial baseline of segmentation: the mean shape of the training cases."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from radflow.selections import TrainingCases

_LEAST_PROBABILITY = 1e-6


class MeanShape(nn.Module):
    """Answer every image with the training cases' mean label map, centred on the image.

    It looks at no intensity, so whatever a model gains over it comes from the image.

    Parameters
    ----------
    outputs
        Classes, background included.
    shape
        Voxels of the mean map along the RAS axes.
    """

    probabilities: Tensor
    divisor = 1

    def __init__(self, *, outputs: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.register_buffer("probabilities", torch.zeros(outputs, *shape))

    def forward(self, image: Tensor) -> Tensor:
        """Map ``(b, c, i, j, k)`` to log-probabilities ``(b, outputs, i, j, k)``.

        Beyond the mean map everything is background.
        """
        whole = centred(self.probabilities, tuple(image.shape[2:]))
        whole[0] += 1 - whole.sum(0)
        logits = whole.clamp_min(_LEAST_PROBABILITY).log()
        return logits.expand(image.shape[0], *logits.shape)


def centred(maps: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Crop or zero-pad ``(c, i, j, k)`` about its centre to the spatial size `shape`."""
    padding: list[int] = []
    for size, wanted in zip(reversed(maps.shape[1:]), reversed(shape), strict=True):
        # Truncated, not floored: cropping then undoes padding by an odd number of voxels.
        before = int((wanted - size) / 2)
        padding += [before, wanted - size - before]
    return functional.pad(maps, padding)


def mean_shape(
    training: TrainingCases, read: Callable[[str], npt.NDArray[np.uint8]], *, outputs: int
) -> Tensor:
    """Average label maps of different sizes, aligned at their centres.

    Parameters
    ----------
    training
        The fold's training cases.
    read
        Gives the label map ``(i, j, k)`` of a case's id, on the preprocessed grid.
    outputs
        Classes, background included.

    Returns
    -------
    Tensor
        Frequency of each class ``(outputs, i, j, k)``, as large as the largest map on each axis.

    Raises
    ------
    LeakError
        If the cases are anything but a fold's training cases.
    ValueError
        If there are no cases.
    """
    total: Tensor | None = None
    count = 0
    for case in TrainingCases.require(training, what="the mean shape"):
        one_hot = functional.one_hot(torch.from_numpy(read(case.case)).long(), outputs)
        one_hot = one_hot.permute(3, 0, 1, 2).float()
        if total is None:
            total = one_hot
        else:
            shape = tuple(map(max, total.shape[1:], one_hot.shape[1:]))
            total = centred(total, shape) + centred(one_hot, shape)
        count += 1
    if total is None:
        message = "the mean shape needs at least one label map"
        raise ValueError(message)
    return (total / count).contiguous()

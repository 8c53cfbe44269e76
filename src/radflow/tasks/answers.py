"""What a classifier's logits mean: probabilities of classes, and the loss against the truth.

====================  ==========================================================================
binary, multi-class   one logit per class, softmax
multi-label           one logit per class, each its own sigmoid
ordinal               one logit per step between classes in rising order: the class is beyond the
                      step (Frank and Hall 2001; Niu et al., CVPR 2016)
====================  ==========================================================================
"""

import torch
from torch import Tensor
from torch.nn import functional

from radflow.targets import CALLED_BEYOND, Target

LEAST_PROBABILITY = 1e-12


def outputs_of(target: Target) -> int:
    """Count the logits of a network that answers for `target`."""
    return len(target.classes) - (1 if target.rules.kind == "ordinal" else 0)


def probabilities(logits: Tensor, target: Target, *, temperature: float = 1.0) -> Tensor:
    """Turn logits ``(..., outputs)`` into probabilities ``(..., classes)``.

    They sum to 1 over the classes, but for multi-label, where each stands for itself.

    Parameters
    ----------
    logits
        Of any batch shape.
    target
        The classes.
    temperature
        Divides the logits: above 1 less sure (Guo et al. 2017, arXiv 1706.04599).
    """
    logits = (logits if logits.dtype == torch.float64 else logits.float()) / temperature
    if target.several:
        return logits.sigmoid()
    if target.rules.kind != "ordinal":
        return logits.softmax(-1)
    # A class can't be beyond a step without being beyond those below it.
    beyond = logits.sigmoid().cummin(-1).values
    ends = torch.ones_like(beyond[..., :1])
    return torch.cat([ends, beyond], -1) - torch.cat([beyond, torch.zeros_like(ends)], -1)


def log_loss(answers: Tensor, codes: Tensor, target: Target) -> Tensor:
    """Negative log-likelihood of each case, nats; of multi-label the mean over classes.

    Parameters
    ----------
    answers
        Probabilities ``(n, classes)``.
    codes
        ``(n,)`` codes of the true classes (`radflow.targets.Target.code_of`).
    target
        The classes.

    Returns
    -------
    Tensor
        ``(n,)`` float64; at most 27.6, since no probability is taken for less than 1e-12.
    """
    answers = answers.double().clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    if not target.several:
        return -answers.gather(1, codes[:, None]).log()[:, 0]
    truth = bits_of(codes, len(target.classes)).double()
    return functional.binary_cross_entropy(answers, truth, reduction="none").mean(1)


def training_loss(
    logits: Tensor,
    codes: Tensor,
    target: Target,
    *,
    weights: Tensor | None = None,
    smoothing: float = 0.0,
) -> Tensor:
    """Compute the mean loss of a batch, a scalar.

    Parameters
    ----------
    logits
        ``(n, outputs)``.
    codes
        ``(n,)`` codes of the true classes.
    target
        The classes.
    weights
        ``(n,)`` of the samples; None: all the same.
    smoothing
        Share of the truth that is spread over all classes (Szegedy et al. 2016).
    """
    if target.several or target.rules.kind == "ordinal":
        width = logits.shape[1]
        truth = (
            bits_of(codes, width)
            if target.several
            else (codes[:, None] > torch.arange(width, device=codes.device)).float()
        )
        truth = truth * (1 - smoothing) + smoothing / 2
        losses = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none").mean(
            1
        )
    else:
        losses = functional.cross_entropy(
            logits, codes, label_smoothing=smoothing, reduction="none"
        )
    return losses.mean() if weights is None else (losses * weights).sum() / weights.sum()


def bits_of(codes: Tensor, classes: int) -> Tensor:
    """Write codes ``(n,)`` of several classes at once as 0.0 and 1.0, ``(n, classes)``."""
    return ((codes[:, None] >> torch.arange(classes, device=codes.device)) & 1).float()


def correct(answers: Tensor, codes: Tensor, target: Target) -> Tensor:
    """Tell which cases are right, ``(n,)``: by the likeliest class; of several, all beyond half."""
    if target.several:
        return ((answers > CALLED_BEYOND) == bits_of(codes, len(target.classes)).bool()).all(1)
    return answers.argmax(1) == codes

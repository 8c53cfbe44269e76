"""Temperature scaling: one number makes a classifier as sure as it is right."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from radflow.targets import Target
from radflow.tasks.answers import log_loss, probabilities

_LEAST, _MOST = 0.05, 20.0


def fit_temperature(
    logits: Sequence[Tensor], codes: Sequence[int], target: Target
) -> tuple[float, float, float]:
    """Fit the temperature that divides logits (Guo et al. 2017, arXiv 1706.04599).

    Parameters
    ----------
    logits
        Of each tuning case ``(views, outputs)``; its answer is the mean over its views.
    codes
        Codes of the cases' classes.
    target
        The classes.

    Returns
    -------
    tuple of float
        Temperature from 0.05 to 20, and the mean log loss of the cases without and with it. Where
        no temperature lowers the loss it is 1: calibration never makes the tuning loss worse. It
        is 1, too, where the lowest temperature is the best, as of cases that are all answered
        right: the loss has no minimum then, and says nothing of how sure to be of other cases.
    """
    truth = torch.tensor(list(codes))
    views = torch.cat(list(logits)).double()
    counts = torch.tensor([len(each) for each in logits])
    case_of = torch.arange(len(counts)).repeat_interleave(counts)

    def loss(log_temperature: float) -> float:
        answers = probabilities(views, target, temperature=float(np.exp(log_temperature)))
        sums = answers.new_zeros(len(counts), answers.shape[1]).index_add_(0, case_of, answers)
        return float(log_loss(sums / counts[:, None], truth, target).mean())

    before = loss(0.0)
    found = minimize_scalar(loss, bounds=(np.log(_LEAST), np.log(_MOST)), method="bounded")
    after = float(found.fun)
    if not after < before or loss(np.log(_LEAST)) <= after:
        return 1.0, before, before
    temperature = float(np.exp(found.x))
    return temperature, before, after

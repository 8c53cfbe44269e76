"""Logistic regression on simple features of a view, as a network."""

import torch
from torch import Tensor, nn

from radflow.networks.view_features import feature_count, view_features


class Logistic(nn.Module):
    """Map views to logits: features, standardised as the training cases' were, times weights.

    Parameters
    ----------
    inputs, dimensions
        Of the views.
    outputs
        Logits.
    """

    mean: Tensor
    sd: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, *, inputs: int, dimensions: int, outputs: int) -> None:
        super().__init__()
        features = feature_count(inputs, dimensions)
        self.register_buffer("mean", torch.zeros(features, dtype=torch.float64))
        self.register_buffer("sd", torch.ones(features, dtype=torch.float64))
        self.register_buffer("weight", torch.zeros(outputs, features, dtype=torch.float64))
        self.register_buffer("bias", torch.zeros(outputs, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        """Map ``(b, inputs, *grid)`` to logits ``(b, outputs)``."""
        features = (view_features(image) - self.mean) / self.sd
        return nn.functional.linear(features, self.weight, self.bias).float()

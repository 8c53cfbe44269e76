"""A random forest on simple features of a view, as a network: its trees as flat arrays."""

import torch
from torch import Tensor, nn

from radflow.config.classification import Kind
from radflow.networks.view_features import view_features

_LEAST = 1e-7  # of a probability, so that its logit is finite


class Forest(nn.Module):
    """Answer views with the mean of many trees (Breiman 2001), as logits.

    A node of a tree sends views whose `feature` is at most `threshold` to the node `below`, others
    to the node `above`; a leaf sends all to itself. So a view is at its leaf after as many steps as
    the deepest tree is deep, and stays there.

    Parameters
    ----------
    kind
        Of the target: decides how probabilities become logits.
    classes
        That a leaf has a probability of.
    trees, nodes
        How many; `nodes` of all trees together.
    tree_depth
        Of the deepest tree.
    """

    roots: Tensor
    feature: Tensor
    threshold: Tensor
    below: Tensor
    above: Tensor
    value: Tensor

    def __init__(
        self, *, kind: Kind, classes: int, trees: int, nodes: int, tree_depth: int
    ) -> None:
        super().__init__()
        self.kind, self.tree_depth = kind, tree_depth
        self.register_buffer("roots", torch.zeros(trees, dtype=torch.int64))
        for name in ("feature", "below", "above"):
            self.register_buffer(name, torch.zeros(nodes, dtype=torch.int64))
        self.register_buffer("threshold", torch.zeros(nodes, dtype=torch.float64))
        self.register_buffer("value", torch.zeros(nodes, classes, dtype=torch.float64))

    def forward(self, image: Tensor) -> Tensor:
        """Map ``(b, inputs, *grid)`` to logits ``(b, outputs)``."""
        return self.logits(self.probabilities(view_features(image)))

    def probabilities(self, features: Tensor) -> Tensor:
        """Average the trees' leaves: ``(b, features)`` to ``(b, classes)`` float64."""
        # scikit-learn compares features in single precision with thresholds in double.
        features = features.float().double()
        nodes = self.roots.expand(len(features), -1)
        for _ in range(self.tree_depth):
            seen = features.gather(1, self.feature[nodes])
            nodes = torch.where(seen <= self.threshold[nodes], self.below[nodes], self.above[nodes])
        return self.value[nodes].mean(1)

    def logits(self, probabilities: Tensor) -> Tensor:
        """Write probabilities as the logits that `radflow.tasks.answers` turns back into them."""
        if self.kind == "ordinal":
            beyond = 1 - probabilities.cumsum(1)[:, :-1]
            return beyond.clamp(_LEAST, 1 - _LEAST).logit().float()
        if self.kind == "multi-label":
            return probabilities.clamp(_LEAST, 1 - _LEAST).logit().float()
        return probabilities.clamp_min(_LEAST).log().float()

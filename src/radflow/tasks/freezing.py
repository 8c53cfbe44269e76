"""Parts of a network that keep their weights, for a while or for good."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Freezing:
    """Which modules of a network are frozen, and until when; a pure function of the step.

    Frozen modules are in evaluation mode, so that batch normalisation keeps its statistics, and get
    neither gradients nor weight decay.

    Attributes
    ----------
    stages
        Name to modules (dotted) of each frozen part.
    thaw_step
        First step, from 0, at which they learn; None: never.
    rate
        Factor of the learning rate once they do.
    """

    stages: Mapping[str, tuple[str, ...]]
    thaw_step: int | None
    rate: float

    def holds(self, step: int) -> bool:
        """Tell whether the parts are frozen at a step."""
        return self.thaw_step is None or step < self.thaw_step

    def factor(self, step: int) -> float:
        """Factor of the parts' learning rate at a step."""
        return 0.0 if self.holds(step) else self.rate

    def modules(self, network: nn.Module) -> list[nn.Module]:
        """Find the modules in a network."""
        return [network.get_submodule(name) for names in self.stages.values() for name in names]

    def parameters(self, network: nn.Module) -> list[nn.Parameter]:
        """Find the modules' parameters in a network."""
        return [each for module in self.modules(network) for each in module.parameters()]

    def impose(self, network: nn.Module, step: int, *, whole: bool) -> None:
        """Bring a network in training into the state of a step.

        Parameters
        ----------
        network
            In training mode.
        step
            From 0.
        whole
            Whether the backward pass must go through all parameters, as it must over several
            devices, which exchange every gradient; then `drop_gradients` alone keeps the parts.
        """
        frozen = self.holds(step)
        for module in self.modules(network):
            module.train(not frozen)
        for parameter in self.parameters(network):
            parameter.requires_grad_(whole or not frozen)

    def drop_gradients(self, network: nn.Module, step: int) -> None:
        """Forget the gradients of frozen parts, before they are clipped and applied."""
        if self.holds(step):
            for parameter in self.parameters(network):
                parameter.grad = None

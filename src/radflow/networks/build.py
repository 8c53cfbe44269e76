"""From a network's record in ``model.json`` to the network."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from radflow.errors import ModelError

Builder = Callable[[Mapping[str, Any]], nn.Module]


def build_from(
    builders: Mapping[str, Builder], network: Mapping[str, Any], *, what: str
) -> nn.Module:
    """Build a network by its name in a table of builders, with weights not yet set.

    Parameters
    ----------
    builders
        Name to what builds from a record.
    network
        ``name``, and the builder's own arguments.
    what
        What the table holds, for messages.

    Raises
    ------
    ModelError
        If the name is unknown or an argument is missing.
    """
    name = str(network.get("name"))
    if name not in builders:
        message = f"unknown {what} {name!r}; known: {', '.join(builders)}"
        raise ModelError(message)
    try:
        return builders[name](network)
    except KeyError as error:
        message = f"the description of {what} {name!r} lacks {error}"
        raise ModelError(message) from error

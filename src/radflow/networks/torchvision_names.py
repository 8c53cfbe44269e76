"""The names of torchvision's layers in our networks."""

import re
from collections.abc import Mapping

from torch import Tensor

from radflow.errors import ModelError

# The first file of DenseNet-121 (2017) writes `norm.1` where torchvision's code says `norm1`.
_OLD_DENSENET = re.compile(r"\.(norm|conv)\.([12])\.")

_RULES: dict[str, tuple[tuple[re.Pattern[str], str], ...]] = {
    "resnet": (
        (re.compile(r"^conv1\."), "stages.stem.0."),
        (re.compile(r"^bn1\."), "stages.stem.1."),
        (re.compile(r"^(layer[1-4]\.)"), r"stages.\1"),
        (re.compile(r"^fc\."), "head."),
    ),
    "densenet": (
        (re.compile(r"^features\.conv0\."), "stages.stem.0."),
        (re.compile(r"^features\.norm0\."), "stages.stem.1."),
        (re.compile(r"^features\.norm5\."), "stages.last.0."),
        (re.compile(r"^features\.(denseblock\d\.denselayer\d+)\."), r"stages.\1.layers."),
        (re.compile(r"^features\.(transition\d\.)"), r"stages.\1"),
        (re.compile(r"^classifier\."), "head."),
    ),
}


def rename_torchvision(weights: Mapping[str, Tensor], network: str) -> dict[str, Tensor]:
    """Rename the tensors of torchvision's state dict as our network's are.

    Parameters
    ----------
    weights
        torchvision's names to tensors, of `resnet18`, `34`, `50` or `densenet121`.
    network
        ``resnet`` or ``densenet``.

    Raises
    ------
    ModelError
        If a name belongs to no such network.
    """
    renamed: dict[str, Tensor] = {}
    strangers: list[str] = []
    for name, tensor in weights.items():
        plain = _OLD_DENSENET.sub(r".\1\2.", name) if network == "densenet" else name
        for pattern, ours in _RULES[network]:
            if pattern.search(plain):
                renamed[pattern.sub(ours, plain)] = tensor
                break
        else:
            strangers.append(name)
    if strangers:
        message = (
            f"these are no weights of torchvision's {network}: {len(strangers)} of {len(weights)} "
            f"tensors have names it has not, first {', '.join(strangers[:3])}"
        )
        raise ModelError(message)
    return renamed

"""What every plan holds: grid, patch, batch and intensities, each choice with its reason."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from radflow.config.dataset import Modality
from radflow.config.preprocess import PlanRules
from radflow.errors import ConfigError
from radflow.files import read_json, write_json
from radflow.imaging.preparation import Normalisation, Preparation
from radflow.imaging.windows import Window
from radflow.planning.fingerprint import Floats

FIXED = "Set by the study."


class Plan(Preparation):
    """What the preprocessing and the network are built to.

    Attributes
    ----------
    patch_size
        Voxels of a patch, RAS axes; multiples of ``2 ** (levels - 1)``.
    batch_size
        Patches per step.
    levels
        Resolutions of the U-Net, the finest included; 1 where the network halves by itself.
    """

    patch_size: tuple[int, int, int]
    batch_size: int
    levels: int

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the values of `plan.json`.

        Raises
        ------
        ConfigError
            When the file is no plan.
        """
        record: dict[str, Any] = read_json(path)
        try:
            return cls(**{name: record[name]["value"] for name in cls.model_fields})
        except (KeyError, TypeError, ValidationError) as error:
            message = f"{path} is no plan of this version ({error}): delete it to plan again"
            raise ConfigError(message) from None

    def of_image(self) -> dict[str, Any]:
        """Give, JSON-able, what must be known to bring an image to a network of this plan."""
        return self.model_dump(mode="json", exclude={"batch_size", "levels"})


def write_plan(
    path: Path, choices: Mapping[str, tuple[Any, str]], *, fingerprint: Mapping[str, Any]
) -> Plan:
    """Write `plan.json`: each choice with its reason, and the fingerprint they follow from.

    Parameters
    ----------
    path
        JSON to write: ``{"spacing_mm": {"value", "reason"}, ..., "fingerprint": {...}}``.
    choices
        Name of each value of `Plan`: value and reason.
    fingerprint
        What the development cases look like.
    """
    plan = Plan(**{name: value for name, (value, _) in choices.items()})
    record: dict[str, Any] = {
        name: {"value": value, "reason": reason} for name, (value, reason) in choices.items()
    }
    write_json(path, {**record, "fingerprint": dict(fingerprint)})
    return plan


def normalisation(modality: Modality) -> tuple[Normalisation, str]:
    """Choose the scheme of intensities, and say why."""
    if modality == "CT":
        return "ct", "CT intensities are absolute (HU): one scale for all cases."
    return "zscore", "MR intensities are relative: each channel of each case gets mean 0 and SD 1."


def windows(rules: PlanRules) -> tuple[tuple[Window, ...] | None, str]:
    """Tell the windows of CT, and why."""
    if rules.windows_hu is None:
        return None, "The study sets no window."
    return rules.windows_hu, FIXED


def times(values: Sequence[float] | Floats) -> str:
    """Write sizes along axes: ``"40 x 48 x 40"``."""
    return " x ".join(f"{value:g}" for value in values)

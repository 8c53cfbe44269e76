"""How a series was made, and who was examined, as far as a report may show it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from pydicom.dataset import Dataset

from radflow.datasets.dicom.header import find, first_text, sources_of
from radflow.datasets.dicom.identity import age_in_years
from radflow.datasets.dicom.reading import quiet, read_instance

_TEXTS = {"manufacturer": "Manufacturer", "model": "ManufacturerModelName"}
_NUMBERS = {
    "field_strength_t": ("", ("MagneticFieldStrength",)),
    "tr_ms": ("MRTimingAndRelatedParametersSequence", ("RepetitionTime",)),
    "te_ms": ("MREchoSequence", ("EffectiveEchoTime", "EchoTime")),
    "ti_ms": ("MRModifierSequence", ("InversionTimes", "InversionTime")),
    "flip_angle_deg": ("MRTimingAndRelatedParametersSequence", ("FlipAngle",)),
    "kvp": ("CTXRayDetailsSequence", ("KVP",)),
    "slice_thickness_mm": ("PixelMeasuresSequence", ("SliceThickness",)),
    "pixel_spacing_mm": ("PixelMeasuresSequence", ("PixelSpacing",)),
}
"""What the report shows: functional group of enhanced files, and keywords in order of choice."""
_MOST_LETTERS = 64


def describe(file: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Read how a file was acquired, and age and sex of the patient.

    Returns
    -------
    tuple
        Acquisition and covariates, as text; a key is absent where the header is silent or wrong.
        Descriptions of series are left out: they may hold names.
    """
    try:
        with quiet():
            dataset = read_instance(file)
            return _acquisition(dataset), _covariates(dataset)
    except Exception:  # a damaged value makes pydicom raise almost anything; conversion tells of it
        return {}, {}


def _acquisition(dataset: Dataset) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, keyword in _TEXTS.items():
        text = "".join(letter for letter in first_text(dataset, keyword) if letter.isprintable())
        found[name] = text[:_MOST_LETTERS]
    sources = sources_of(dataset)
    for name, (sequence, keywords) in _NUMBERS.items():
        texts = (_number(find(sources, sequence, keyword)) for keyword in keywords)
        found[name] = next((text for text in texts if text), "")
    return {name: text for name, text in found.items() if text}


def _covariates(dataset: Dataset) -> dict[str, str]:
    found: dict[str, str] = {}
    years = age_in_years(first_text(dataset, "PatientAge"))
    if years is not None:
        found["age"] = f"{years:.4g}"
    sex = first_text(dataset, "PatientSex").upper()
    if sex in {"F", "M", "O"}:
        found["sex"] = sex
    return found


def _number(value: Any) -> str:
    """Give a number, or several joined by x, without trailing zeros; empty where it is none."""
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        value = [value]
    try:
        numbers = [float(each) for each in cast("Sequence[Any]", value)]
    except (TypeError, ValueError):
        return ""
    return " x ".join(f"{number:g}" for number in numbers)

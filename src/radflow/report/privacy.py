"""What intake looked at to find who a patient is, what it found, and what nobody did."""

from collections.abc import Mapping

from radflow.report.load import DescribedStudy, Finding
from radflow.report.quality import by_rule
from radflow.report.tables import Table

_FAULT = 57
"""Row of the catalogue of faults: identity in headers, pixels, tables and names."""

_NAMES = "case ids and names of files"
_NIFTI = "free text in NIfTI headers and their extensions"
_PICTURES = "text and places in the metadata of pictures"
_AGES = "ages above 89 years"
_CHECKED: Mapping[str, tuple[str, ...]] = {
    "msd": (_NIFTI, _NAMES),
    "bids": (
        *("columns of the tables of participants and sessions", "sidecars", _AGES),
        *(_NIFTI, _NAMES),
    ),
    "dicom": (
        *("DICOM attributes that name patients, other persons, places, days or devices",),
        *("private attributes", "flags of text burned into the image", _AGES, _NAMES),
    ),
    "table": ("columns of the sheet", _AGES, _PICTURES, _NIFTI, _NAMES),
    "images": (_PICTURES, _NAMES),
}
"""What intake searches for identity, by layout."""


def identity_checks(data: DescribedStudy) -> tuple[str, ...]:
    """Name what was searched for identity, by the layout; nothing where subjects are simulated."""
    return _CHECKED.get(data.inputs.card.layout, ())


def identity_findings(data: DescribedStudy) -> Table | None:
    """Count what the search for identity found; None: nothing."""
    found: list[Finding] = [each for each in data.findings if each.fault == _FAULT]
    return by_rule(found, "Found in the search for identity") if found else None


def shows_heads(data: DescribedStudy) -> bool:
    """Say whether a face could be computed from the images: volumes of MR or CT of patients."""
    card = data.inputs.card
    return (
        not card.simulated
        and card.modality in ("MR", "CT")
        and any(case.shape[2] > 1 for case in data.cases)
    )

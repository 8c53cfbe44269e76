"""Where the files of a simulated subject lie in its archive, after BIDS 1.10.

Paths are relative to the archive's top. Whoever writes an archive and whoever reads one ask here.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

DESCRIPTION = PurePosixPath("dataset_description.json")
PARTICIPANTS = PurePosixPath("participants.tsv")
DERIVATIVES = PurePosixPath("derivatives/reference")
"""The dataset of the references: labels, lesions, raters' outlines."""

_IMAGES: Mapping[str, tuple[str, str]] = {
    "T1w": ("anat", "T1w"),
    "T1c": ("anat", "ce-gadolinium_T1w"),
    "T2w": ("anat", "T2w"),
    "FLAIR": ("anat", "FLAIR"),
    "PDw": ("anat", "PDw"),
    "T2starw": ("anat", "T2starw"),
    "b0": ("dwi", "S0map"),
    "b1000": ("dwi", "trace"),
    "ADC": ("dwi", "ADC"),
    "CBF": ("perf", "cbf"),
    "CT": ("ct", "ct"),
}
"""Channel to BIDS data type, and to entities with suffix."""

OUTSIDE_BIDS = ("ct/", "*_cbf.nii.gz")
"""Patterns of the files that BIDS 1.10 has no place for."""


def image_path(subject: str, channel: str) -> PurePosixPath:
    """Place the image of a channel, e.g. ``sub-00007/anat/sub-00007_T1w.nii.gz``."""
    folder, ending = _IMAGES[channel]
    return PurePosixPath(subject, folder, f"{subject}_{ending}.nii.gz")


def reference_path(subject: str, reference: str) -> PurePosixPath:
    """Place a label map: ``.../sub-00007_desc-tissueandtumour_dseg.nii.gz``."""
    return _derived(subject, f"desc-{plain(reference)}_dseg.nii.gz")


def rater_path(subject: str, rater: str) -> PurePosixPath:
    """Place the lesion mask of a rater: ``.../sub-00007_desc-rater1_mask.nii.gz``."""
    return _derived(subject, f"desc-{plain(rater)}_mask.nii.gz")


def lesions_path(subject: str) -> PurePosixPath:
    """Place the table of lesions."""
    return _derived(subject, "lesions.tsv")


def plain(name: str) -> str:
    """Turn a name into what a BIDS label may be: letters and digits alone."""
    return "".join(letter for letter in name if letter.isalnum())


def _derived(subject: str, ending: str) -> PurePosixPath:
    return DERIVATIVES / subject / "anat" / f"{subject}_{ending}"

"""All checks of one file, in the order in which they make sense."""

from pathlib import Path

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.examined import Examined
from radflow.datasets.checks.file import FILE_CHECKS, stem, unreadable
from radflow.datasets.checks.finding import Finding, run_checks
from radflow.datasets.checks.geometry import GEOMETRY_CHECKS
from radflow.datasets.checks.identity import IDENTITY_CHECKS
from radflow.datasets.checks.intensity import INTENSITY_CHECKS
from radflow.datasets.checks.label import LABEL_CHECKS
from radflow.imaging.nifti_reader import UnreadableFileError, read_raw


def check_image(
    path: Path, rules: IntakeRules, *, modality: str | None = None, flat: bool = False
) -> list[Finding]:
    """Check one image that belongs to no dataset, as intake would.

    Parameters
    ----------
    path
        The image.
    rules
        Bounds, of the card of the dataset that the model was trained on.
    modality
        "MR" or "CT" where it is known: adds checks of the intensity scale.
    flat
        Whether it may be a 2D image, of one slice.

    Returns
    -------
    list of Finding
        Empty when nothing was found. The case is the file's name without suffixes; intake would
        refuse the image for findings of the levels STOP and QUAR (`finding.refusals`). Nothing is
        repaired here, so repairs that the card declares don't count; and nobody but the owner of
        the image sees it, so it may say whose it is.
    """
    rules = rules.without_repairs()
    found = examine_image(path, rules, case=stem(path), modality=modality, flat=flat)[1]
    own = {check.rule for check in IDENTITY_CHECKS}
    return [finding for finding in found if finding.rule not in own]


def examine_image(
    path: Path,
    rules: IntakeRules,
    *,
    case: str,
    role: str = "image",
    modality: str | None = None,
    flat: bool = False,
) -> tuple[Examined | None, list[Finding]]:
    """Read an image completely and run the checks of file, header text, geometry and intensities.

    `flat` says that it was a picture, of which one slice is by design.

    Returns
    -------
    tuple
        The examined file, None where it can't be read; and the findings.
    """
    try:
        raw = read_raw(path, most_voxels=rules.most_voxels)
    except UnreadableFileError as error:
        return None, [unreadable(error, case=case, role=role)]
    examined = Examined(path, raw, rules, modality, flat=flat)
    checks = (*FILE_CHECKS, *IDENTITY_CHECKS, *GEOMETRY_CHECKS, *INTENSITY_CHECKS)
    return examined, run_checks(checks, examined, case=case, role=role)


def examine_label(
    path: Path, rules: IntakeRules, classes: tuple[int, ...], *, case: str, flat: bool = False
) -> tuple[Examined | None, list[Finding]]:
    """Read a label map completely and run the checks of file, header text, geometry and values."""
    try:
        raw = read_raw(path, most_voxels=rules.most_voxels)
    except UnreadableFileError as error:
        return None, [unreadable(error, case=case, role="label")]
    examined = Examined(path, raw, rules, classes=classes, flat=flat)
    checks = (*FILE_CHECKS, *IDENTITY_CHECKS, *GEOMETRY_CHECKS, *LABEL_CHECKS)
    return examined, run_checks(checks, examined, case=case, role="label")

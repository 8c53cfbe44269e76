"""Label images that no study has seen: NIfTI files in, label maps in the same space out."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.image import check_image
from radflow.errors import ImageError, RadflowError
from radflow.files import write_json
from radflow.imaging.preprocess import preprocess_image, to_native
from radflow.imaging.volume import write_labels
from radflow.inference.find import Found, find, refuse_findings, require_folder
from radflow.inference.model import LoadedModel
from radflow.progress import track

LEGEND_NAME = "labels.json"


@dataclass
class Labelled:
    """What became of each image, or of each folder with one file per channel.

    Attributes
    ----------
    written
        Image or folder to its label map.
    refused
        Image or folder to the reasons why it was not labelled.
    """

    written: dict[Path, Path] = field(default_factory=dict[Path, Path])
    refused: dict[Path, str] = field(default_factory=dict[Path, str])


def predict_images(
    model: LoadedModel,
    paths: Iterable[Path],
    output: Path,
    *,
    rules: IntakeRules | None = None,
) -> Labelled:
    """Label images, each in its own space.

    Writes ``NAME.nii.gz`` (uint8) for ``NAME.nii``, ``NAME.nii.gz`` or the folder ``NAME``, and
    ``labels.json`` (names of the label values, and which weights made them). Images that the intake
    of a dataset would refuse are left out and reported; the others are labelled all the same.

    Parameters
    ----------
    model
        From `radflow.inference.model.load_model`.
    paths
        Of a model of one channel images, and folders: of a folder, each ``*.nii`` and ``*.nii.gz``
        directly in it. Of one of several channels see `radflow.inference.find.find_examinations`.
    output
        Folder to write.
    rules
        Bounds an image must keep; None takes the defaults.

    Raises
    ------
    ImageError
        Before anything is read, if a path does not exist, is no NIfTI file or a folder without
        one, a channel is missing, two images would share an output, or an output would replace an
        input.
    """
    targets = _name_outputs(find(paths, model.card.channels), output)
    result = Labelled()
    for found, target in track(targets.items(), "predict", total=len(targets), unit="image"):
        try:
            _label(model, found, target, rules or IntakeRules())
            result.written[found.path] = target
        except RadflowError as error:
            result.refused[found.path] = str(error)
    if result.written:
        legend = {
            "model": model.card.name,
            "classes": {str(value): name for value, name in model.card.classes.items()},
            "weights_sha256": [card.weights_sha256 for card in model.cards],
        }
        write_json(output / LEGEND_NAME, legend)
    return result


def _name_outputs(images: Sequence[Found], output: Path) -> dict[Found, Path]:
    require_folder(output)
    targets = {found: output / f"{found.name}.nii.gz" for found in images}
    inputs = {_identity(file) for found in images for file in found.files}
    problems = [
        f"{target} would replace an input"
        for target in targets.values()
        if target.exists() and _identity(target) in inputs
    ]
    taken: dict[str, Path] = {}
    for found, target in targets.items():
        # Some file systems ignore case, or the way an accent is spelt.
        key = unicodedata.normalize("NFC", target.name).casefold()
        if key in taken:
            problems.append(f"{taken[key]} and {found.path} would both become {target.name}")
        taken[key] = found.path
    if problems:
        remedy = "choose another --output, or label them in separate runs"
        message = "nothing was labelled:\n  " + "\n  ".join(problems) + f"\n{remedy}"
        raise ImageError(message)
    return targets


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _label(model: LoadedModel, found: Found, target: Path, rules: IntakeRules) -> None:
    modality = model.card.modality
    refuse_findings(
        finding for file in found.files for finding in check_image(file, rules, modality=modality)
    )
    case = preprocess_image(found.files, plan=model.card.plan, case=found.name)
    labels = to_native(model.probabilities(case.image), case.geometry)
    write_labels(target, labels, case.geometry.affine)

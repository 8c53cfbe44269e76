"""Label images that no study has seen: NIfTI files in, label maps in the same space out."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.file import stem
from radflow.datasets.checks.finding import refusals
from radflow.datasets.checks.image import check_image
from radflow.errors import ImageError, ModelError, RadflowError
from radflow.files import write_json
from radflow.imaging.preprocess import preprocess_image, to_native
from radflow.imaging.volume import write_labels
from radflow.inference.find import find_images
from radflow.inference.model import LoadedModel
from radflow.progress import track

LEGEND_NAME = "labels.json"


@dataclass
class Labelled:
    """What became of each image.

    Attributes
    ----------
    written
        Image to its label map.
    refused
        Image to the reasons why it was not labelled.
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

    Writes ``NAME.nii.gz`` (uint8) for ``NAME.nii`` or ``NAME.nii.gz``, and ``labels.json`` (names
    of the label values, and which weights made them). Images that the intake of a dataset would
    refuse are left out and reported; the others are labelled all the same.

    Parameters
    ----------
    model
        From `radflow.inference.model.load_model`.
    paths
        Images, and folders: of a folder, each ``*.nii`` and ``*.nii.gz`` directly in it.
    output
        Folder to write.
    rules
        Bounds an image must keep; None takes the defaults.

    Raises
    ------
    ImageError
        Before anything is read, if a path does not exist, is no NIfTI file or a folder without
        one, two images would share an output, or an output would replace an input.
    ModelError
        If the model takes several channels, which single files can't give.
    """
    channels = model.card.channels
    if len(channels) != 1:
        message = (
            f"model {model.card.name} takes {len(channels)} channels ({', '.join(channels)}) on "
            "one grid; only models of one channel label single files: make it a dataset"
        )
        raise ModelError(message)
    targets = _name_outputs(find_images(paths), output)
    result = Labelled()
    for image, target in track(targets.items(), "predict", total=len(targets), unit="image"):
        try:
            _label(model, image, target, rules or IntakeRules())
            result.written[image] = target
        except RadflowError as error:
            result.refused[image] = str(error)
    if result.written:
        legend = {
            "model": model.card.name,
            "classes": {str(value): name for value, name in model.card.classes.items()},
            "weights_sha256": [card.weights_sha256 for card in model.cards],
        }
        write_json(output / LEGEND_NAME, legend)
    return result


def _name_outputs(images: Sequence[Path], output: Path) -> dict[Path, Path]:
    if output.exists() and not output.is_dir():
        message = f"{output} is a file; --output names a folder"
        raise ImageError(message)
    targets = {image: output / f"{stem(image)}.nii.gz" for image in images}
    inputs = {_identity(image) for image in images}
    problems = [
        f"{target} would replace an input"
        for target in targets.values()
        if target.exists() and _identity(target) in inputs
    ]
    taken: dict[str, Path] = {}
    for image, target in targets.items():
        # Some file systems ignore case, or the way an accent is spelt.
        key = unicodedata.normalize("NFC", target.name).casefold()
        if key in taken:
            problems.append(f"{taken[key]} and {image} would both become {target.name}")
        taken[key] = image
    if problems:
        remedy = "choose another --output, or label them in separate runs"
        message = "nothing was labelled:\n  " + "\n  ".join(problems) + f"\n{remedy}"
        raise ImageError(message)
    return targets


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _label(model: LoadedModel, image: Path, target: Path, rules: IntakeRules) -> None:
    findings = refusals(check_image(image, rules, modality=model.card.modality))
    if findings:
        message = "; ".join(f"{finding.message} [{finding.rule}]" for finding in findings)
        raise ImageError(message)
    case = preprocess_image([image], plan=model.card.plan)
    labels = to_native(model.probabilities(case.image), case.geometry)
    write_labels(target, labels, case.geometry.affine)

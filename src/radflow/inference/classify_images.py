"""Tell the classes of images that no study has seen: files in, a table of probabilities out."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.finding import Finding, refusals
from radflow.datasets.checks.image import check_image
from radflow.datasets.picture import convert_picture, is_picture
from radflow.errors import RadflowError
from radflow.files import write_json, write_tsv
from radflow.imaging.preprocess import preprocess_image
from radflow.inference.card import ClassifierCard
from radflow.inference.classifier import Answer, LoadedClassifier
from radflow.inference.find import Found, find, refuse_findings, require_folder
from radflow.inference.one_case import answer_case, require_usable, sees_flat_images
from radflow.progress import track
from radflow.targets import CALLED_BEYOND, Target

TABLE_NAME, RECORD_NAME = "predictions.tsv", "predictions.json"
_MOST_TOLD = 4


@dataclass
class Classified:
    """What became of each image, or folder of one file per channel.

    Attributes
    ----------
    target
        The classes.
    answers
        Image to the answer.
    refused
        Image to the reasons why it has none.
    """

    target: Target
    answers: dict[Path, Answer] = field(default_factory=dict[Path, Answer])
    refused: dict[Path, str] = field(default_factory=dict[Path, str])

    def class_of(self, image: Path) -> str:
        """Name the likeliest class; of several at once those beyond one half, joined."""
        likely = self.answers[image].calibrated
        classes = self.target.classes
        if not self.target.several:
            return classes[int(likely.argmax())]
        names = [name for name, share in zip(classes, likely, strict=True) if share > CALLED_BEYOND]
        return self.target.rules.separator.join(names)

    def table(self) -> pd.DataFrame:
        """Give a row per image: image, class, ``p:CLASS`` of each class (calibrated), views."""
        columns = [f"p:{name}" for name in self.target.classes]
        return pd.DataFrame(
            [
                {
                    "image": image.as_posix(),
                    "class": self.class_of(image),
                    **dict(zip(columns, answer.calibrated.round(6).tolist(), strict=True)),
                    "views": answer.views,
                }
                for image, answer in self.answers.items()
            ]
        )

    def lines(self) -> Iterator[str]:
        """Say one sentence per image: the class, then the likeliest classes in per cent."""
        for image, answer in self.answers.items():
            shares = zip(answer.calibrated.tolist(), self.target.classes, strict=True)
            likeliest = sorted(shares, key=lambda each: -each[0])[:_MOST_TOLD]
            told = ", ".join(f"{name} {100 * share:.1f} %" for share, name in likeliest)
            yield f"{image}: {self.class_of(image) or 'none of the classes'} ({told})"


def classify_images(
    model: LoadedClassifier,
    paths: Iterable[Path],
    output: Path,
    *,
    rules: IntakeRules | None = None,
) -> Classified:
    """Tell the classes of images.

    Writes ``predictions.tsv`` (`Classified.table`) and ``predictions.json`` (which weights said
    so). Images that the intake of a dataset would refuse are left out and reported; the others are
    answered all the same.

    Parameters
    ----------
    model
        From `radflow.inference.classifier.load_classifier`.
    paths
        Of a model of one channel images, NIfTI or for 2D models also PNG, JPEG and TIFF, and
        folders of them; of one of several channels see
        `radflow.inference.find.find_examinations`.
    output
        Folder to write.
    rules
        Bounds an image must keep; None takes the defaults.

    Raises
    ------
    ImageError
        Before anything is read, if a path does not exist or is no image that the model can see.
    ModelError
        If the model needs more than images: the marks of lesions.
    """
    require_usable(model.card)
    require_folder(output)
    found = find(paths, model.card.channels, pictures=_takes_pictures(model.card))
    result = Classified(model.target)
    for each in track(found, f"predict {model.card.name}", unit="image"):
        try:
            result.answers[each.path] = _answer(model, each, rules or IntakeRules())
        except RadflowError as error:
            result.refused[each.path] = str(error)
    if result.answers:
        write_tsv(output / TABLE_NAME, result.table())
        record = {
            "model": model.card.name,
            "kind": model.card.target.kind,
            "classes": list(model.target.classes),
            "temperatures": [card.temperature for card in model.cards],
            "weights_sha256": [card.weights_sha256 for card in model.cards],
        }
        write_json(output / RECORD_NAME, record)
    return result


def _takes_pictures(card: ClassifierCard) -> bool:
    """Whether the model sees axial slices, which a picture is taken for."""
    return sees_flat_images(card) or (card.view.view == "slices" and card.view.axis == 2)


def _answer(model: LoadedClassifier, found: Found, rules: IntakeRules) -> Answer:
    card = model.card
    with tempfile.TemporaryDirectory() as scratch:
        files: list[Path] = []
        findings: list[Finding] = []
        for number, file in enumerate(found.files):
            folder = Path(scratch, str(number))
            folder.mkdir()
            ready, problems = _checked(file, folder / f"{file.stem}.nii.gz", card, rules)
            files.append(ready)
            findings += problems
        refuse_findings(findings)
        case = preprocess_image(files, plan=card.plan, case=found.name)
    return answer_case(model, case)


def _checked(
    file: Path, converted: Path, card: ClassifierCard, rules: IntakeRules
) -> tuple[Path, list[Finding]]:
    """Turn a picture into a volume, then check it; gives the file to read, and what was found."""
    findings: list[Finding] = []
    flat = is_picture(file)
    if flat:
        # Whoever asks owns the picture, so its text may say whose it is.
        findings += convert_picture(
            file,
            converted,
            case=file.name,
            role="image",
            pixel_mm=card.pixel_mm,
            most_voxels=rules.most_voxels,
            pseudonyms=True,
        )
        if refusals(findings):
            return file, findings
        file = converted
    flat = flat or sees_flat_images(card)
    return file, [*findings, *check_image(file, rules, modality=card.modality, flat=flat)]

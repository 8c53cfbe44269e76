"""A case that no study has seen, answered by a classifier as the cases of its study are."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from radflow.datasets.cases import Case
from radflow.errors import ImageError, ModelError
from radflow.imaging.geometry import PreprocessedCase
from radflow.inference.card import ClassifierCard
from radflow.inference.classifier import Answer, LoadedClassifier
from radflow.patches.store import ShardSet, write_shard
from radflow.patches.views import view_centres


def require_usable(card: ClassifierCard) -> None:
    """Refuse a model that looks at marked lesions: a new image has no mark.

    Raises
    ------
    ModelError
        Saying what to do instead.
    """
    if card.view.region == "lesion":
        message = (
            f"model {card.name} sees the region about a marked lesion (input.region), and single "
            "images mark none: make them a dataset with marks, and a study of it"
        )
        raise ModelError(message)


def require_channels(model: str, channels: Sequence[str], found: int, *, case: str) -> None:
    """Refuse an image with other channels than its model takes.

    Parameters
    ----------
    model, channels
        Its name, and the names of the channels that it takes.
    found
        How many the image has.
    case
        Whose image it is.

    Raises
    ------
    ModelError
        Naming both sides.
    """
    if found != len(channels):
        message = (
            f"model {model} takes {len(channels)} channels ({', '.join(channels)}), {case} has "
            f"{found}"
        )
        raise ModelError(message)


def sees_flat_images(card: ClassifierCard) -> bool:
    """Whether the model was trained on 2D images, which are volumes of one slice."""
    return card.view.view == "whole" and card.plan.patch_size[2] == 1


def answer_case(model: LoadedClassifier, case: PreprocessedCase) -> Answer:
    """Tell the class of a preprocessed case.

    It is written to a shard and read again, so that an image is answered with the very numbers that
    it had as a case of the model's study.

    Parameters
    ----------
    model
        From `radflow.inference.classifier.load_classifier`.
    case
        At the spacing and with the intensities of the model's plan.

    Raises
    ------
    ImageError
        If a model of 2D images is shown a volume of several slices.
    ModelError
        If the case has other channels than the model, or the answer is NaN.
    """
    channels = model.card.image_channels
    require_channels(model.card.name, channels, len(case.image), case=case.case)
    slices = case.geometry.orientation.shape(case.geometry.shape)[2]
    if sees_flat_images(model.card) and slices > 1:
        message = (
            f"{case.case} has {slices} slices, model {model.card.name} was trained on 2D images of "
            "one: give it the slice to look at"
        )
        raise ImageError(message)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.shard"
        write_shard(path, [case])
        shards = ShardSet([path])
        centres = view_centres(shards, _listed(case), model.card.view)
        return model.answer(shards, case.case, centres)


def _listed(case: PreprocessedCase) -> Case:
    """Make the row of a table of cases; without marks, only its id is looked at."""
    return Case(
        case=case.case,
        subject=case.case,
        images=(),
        label=None,
        shape=case.geometry.shape,
        spacing_mm=case.geometry.spacing_mm,
        orientation="RAS",
        image_sha256=(),
        label_sha256=None,
        label_voxels={},
    )

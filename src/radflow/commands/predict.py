"""`radflow predict`: label images with a trained model, or tell their classes."""

import argparse
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from radflow.commands.exits import DONE, SOME_REFUSED
from radflow.commands.subcommands import Subcommands
from radflow.progress import say

if TYPE_CHECKING:
    from radflow.inference.classify_images import Classified
    from radflow.inference.images import Labelled

_REGISTERED = "models:/"


def add(commands: Subcommands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "predict",
        help="label images, or tell their classes, with a trained model",
        description=(
            "Use a trained model. A segmentation writes a label map in the space of each image, "
            "and labels.json, which names the labels. A classification writes predictions.tsv: "
            "the class of each image, and the probability of every class. For research, not for "
            "diagnosis."
        ),
        epilog="exit status: 0 all done, 1 some images refused, 2 nothing could be done",
    )
    parser.add_argument(
        "--model",
        required=True,
        metavar="MODEL",
        help="a folder such as results/hippocampus/models/unet (all its folds are averaged), "
        "one of its fold-K folders, or models:/NAME@ALIAS from MLflow",
    )
    parser.add_argument(
        "images",
        nargs="+",
        type=Path,
        metavar="IMAGE_OR_FOLDER",
        help="*.nii or *.nii.gz, or a folder of them; for 2D classifiers also PNG, JPEG and TIFF; "
        "for models of several channels a folder with one file each, named *CHANNEL.nii.gz, "
        "or a folder of such folders",
    )
    parser.add_argument(
        "--output", required=True, type=Path, metavar="FOLDER", help="where results are written"
    )
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="auto: a GPU where there is one",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Label the images or tell their classes, and say which were refused."""
    # torch starts slowly: it is imported once the arguments are known to be sound.
    from radflow.inference.folds import task_of  # noqa: PLC0415

    with ExitStack() as stack:
        folder = Path(options.model)
        if options.model.startswith(_REGISTERED):
            from radflow.tracking.registry import downloaded_model  # noqa: PLC0415

            folder = stack.enter_context(downloaded_model(options.model))
        if task_of(folder) == "classification":
            return _classify(folder, options)
        return _label(folder, options)


def _label(folder: Path, options: argparse.Namespace) -> int:
    from radflow.inference.images import predict_images  # noqa: PLC0415
    from radflow.inference.model import load_model  # noqa: PLC0415
    from radflow.inference.precision import device_named  # noqa: PLC0415

    model = load_model(folder, device=device_named(options.device))
    result: Labelled = predict_images(model, options.images, options.output)
    return _report("labelled", len(result.written), result.refused, options.output)


def _classify(folder: Path, options: argparse.Namespace) -> int:
    from radflow.inference.classifier import load_classifier  # noqa: PLC0415
    from radflow.inference.classify_images import TABLE_NAME, classify_images  # noqa: PLC0415
    from radflow.inference.precision import device_named  # noqa: PLC0415

    model = load_classifier(folder, device=device_named(options.device))
    result: Classified = classify_images(model, options.images, options.output)
    for line in result.lines():
        say(line, sys.stdout)
    place = options.output / TABLE_NAME
    return _report("classified", len(result.answers), result.refused, place)


def _report(done: str, count: int, refused: Mapping[Path, str], output: Path) -> int:
    say(f"{done} {count} of {count + len(refused)} images in {output}")
    for image, reason in refused.items():
        say(f"refused {image}: {reason}")
    return SOME_REFUSED if refused else DONE

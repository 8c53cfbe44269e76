"""`radflow predict`: label images with a trained model."""

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from radflow.commands.exits import DONE, SOME_REFUSED
from radflow.commands.subcommands import Subcommands
from radflow.progress import say

if TYPE_CHECKING:
    from radflow.inference.images import Labelled

_REGISTERED = "models:/"


def add(commands: Subcommands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "predict",
        help="label NIfTI images with a trained model",
        description=(
            "Label NIfTI images with a trained model. Each label map lies in the space of its "
            "image; labels.json beside them names the labels. For research, not for diagnosis."
        ),
        epilog="exit status: 0 all labelled, 1 some images refused, 2 nothing could be done",
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
        help="*.nii or *.nii.gz, or a folder of them",
    )
    parser.add_argument(
        "--output", required=True, type=Path, metavar="FOLDER", help="where label maps are written"
    )
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="auto: a GPU where there is one",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Label the images, and say which were refused."""
    # torch starts slowly: it is imported once the arguments are known to be sound.
    from radflow.inference.images import find_images, predict_images  # noqa: PLC0415
    from radflow.inference.model import load_model  # noqa: PLC0415
    from radflow.inference.precision import device_named  # noqa: PLC0415

    images = find_images(options.images)
    with ExitStack() as stack:
        folder = Path(options.model)
        if options.model.startswith(_REGISTERED):
            from radflow.tracking.registry import downloaded_model  # noqa: PLC0415

            folder = stack.enter_context(downloaded_model(options.model))
        model = load_model(folder, device=device_named(options.device))
        return _report(predict_images(model, images, options.output), options.output)


def _report(result: "Labelled", output: Path) -> int:
    total = len(result.written) + len(result.refused)
    say(f"labelled {len(result.written)} of {total} images in {output}")
    for image, reason in result.refused.items():
        say(f"refused {image}: {reason}")
    return SOME_REFUSED if result.refused else DONE

"""The command `radflow`."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from radflow import __version__
from radflow.errors import RadflowError
from radflow.progress import say

if TYPE_CHECKING:
    from radflow.inference.images import Labelled

_REGISTERED = "models:/"
_SOME_REFUSED, _USER_ERROR, _INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0; 1 if some images were refused; 2 if the command could not be carried out; 130 if it
        was interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        return _predict(options)
    except RadflowError as error:
        say(f"radflow: {error}")
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        say(f"radflow: {place}{error.strerror or error}")
    except KeyboardInterrupt:
        say("radflow: interrupted")
        return _INTERRUPTED
    return _USER_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="radflow", description="Use the models of radflow's studies."
    )
    parser.add_argument("--version", action="version", version=f"radflow {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    predict = commands.add_parser(
        "predict",
        help="label NIfTI images with a trained model",
        description=(
            "Label NIfTI images with a trained model. Each label map lies in the space of its "
            "image; labels.json beside them names the labels. For research, not for diagnosis."
        ),
        epilog="exit status: 0 all labelled, 1 some images refused, 2 nothing could be done",
    )
    predict.add_argument(
        "--model",
        required=True,
        metavar="MODEL",
        help="a folder such as results/hippocampus/models/unet (all its folds are averaged), "
        "one of its fold-K folders, or models:/NAME@ALIAS from MLflow",
    )
    predict.add_argument(
        "images",
        nargs="+",
        type=Path,
        metavar="IMAGE_OR_FOLDER",
        help="*.nii or *.nii.gz, or a folder of them",
    )
    predict.add_argument(
        "--output", required=True, type=Path, metavar="FOLDER", help="where label maps are written"
    )
    predict.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="auto: a GPU where there is one",
    )
    return parser


def _predict(options: argparse.Namespace) -> int:
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
    return _SOME_REFUSED if result.refused else 0


if __name__ == "__main__":
    sys.exit(main())

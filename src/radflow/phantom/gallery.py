"""One subject in every sequence and disease, as a picture: `python -m radflow.phantom.gallery`."""

import argparse
from pathlib import Path
from typing import Any, get_args

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from radflow.config.phantom import SEQUENCES, Diagnosis, PhantomRules
from radflow.files import replacing
from radflow.phantom.fields import Floats
from radflow.phantom.subject import PhantomSubject, simulate
from radflow.progress import say, track

_WINDOWS = {"CT": (0.0, 80.0), "ADC": (0.0, 2600.0), "CBF": (0.0, 100.0)}
_BRIGHTEST = 99.7
_CELL_INCHES = (1.25, 1.46)
_TITLES = {"T2starw": "T2*w", "b0": "DWI b0", "b1000": "DWI b1000", "T1c": "T1w + Gd"}


def write_gallery(path: Path, number: int, *, seed: int, sequences: tuple[str, ...]) -> None:
    """Draw the same head with every diagnosis (rows) in every sequence (columns).

    Each row shows the axial plane that cuts most of its lesions, or one through the lateral
    ventricles; right is on the left, as radiologists look at it.

    Parameters
    ----------
    path
        JPEG to write.
    number, seed
        Of the subject.
    sequences
        Columns.
    """
    rows = get_args(Diagnosis)
    width, height = _CELL_INCHES
    figure = Figure((width * len(sequences), height * len(rows)), facecolor="black")
    axes: Any = figure.subplots(len(rows), len(sequences), squeeze=False)
    for row, diagnosis in zip(axes, track(rows, "gallery", unit="diagnosis"), strict=True):
        rules = PhantomRules(subjects=number, shards=1, seed=seed, diagnoses={diagnosis: 1.0})
        subject = simulate(rules, number, sequences)
        plane = _plane(subject)
        for cell, sequence in zip(row, sequences, strict=True):
            low, high = _window(subject, sequence)
            image = subject.images[sequence][::-1, :, plane].T
            cell.imshow(image, origin="lower", cmap="gray", vmin=low, vmax=high)
            cell.set_axis_off()
        row[0].text(
            0.02, 0.98, diagnosis, color="white", size=7, va="top", transform=row[0].transAxes
        )
    for cell, sequence in zip(axes[0], sequences, strict=True):
        cell.set_title(_TITLES.get(sequence, sequence), color="white", fontsize=8, pad=2)
    figure.subplots_adjust(0, 0, 1, 0.975, 0.01, 0.01)
    with replacing(path) as temporary, mpl.rc_context({"savefig.facecolor": "black"}):
        figure.savefig(temporary, format="jpeg", dpi=120, pil_kwargs={"quality": 88})
    say(f"gallery: {path}")


def _plane(subject: PhantomSubject) -> int:
    lesions = subject.references["lesions"]
    area = np.count_nonzero(lesions, axis=(0, 1))
    return int(area.argmax()) if area.any() else round(0.55 * lesions.shape[2])


def _window(subject: PhantomSubject, sequence: str) -> tuple[float, float]:
    """Choose the darkest and the brightest value to show: by convention, or from the brain."""
    if sequence in _WINDOWS:
        return _WINDOWS[sequence]
    brain: Floats = subject.images[sequence][subject.references["tissue"] > 0]
    return 0.0, float(np.percentile(brain, _BRIGHTEST))


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(prog="python -m radflow.phantom.gallery", description=__doc__)
    parser.add_argument("output", type=Path, help="JPEG to write")
    parser.add_argument("--number", type=int, default=7, help="of the subject (default 7)")
    parser.add_argument("--seed", type=int, default=1, help="of the cohort (default 1)")
    options = parser.parse_args()
    write_gallery(options.output, options.number, seed=options.seed, sequences=SEQUENCES)


if __name__ == "__main__":
    main()

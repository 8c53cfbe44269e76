"""The picture of all sequences and diseases."""

from pathlib import Path

import pytest
from matplotlib.image import imread

from radflow.config.phantom import PhantomRules
from radflow.phantom import gallery
from radflow.phantom.subject import PhantomSubject, simulate

from .conftest import DIAGNOSES


def _coarse(rules: PhantomRules, number: int, channels: tuple[str, ...]) -> PhantomSubject:
    small = rules.model_copy(update={"spacing_mm": 5.0, "shape": (40, 46, 40)})
    return simulate(small, number, channels)


def test_every_disease_has_a_row_and_every_sequence_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "simulate", _coarse)
    target = tmp_path / "gallery.jpg"
    gallery.write_gallery(target, 7, seed=1, sequences=("T1w", "CT"))
    picture = imread(target) / 255
    height, width = picture.shape[0] / len(DIAGNOSES), picture.shape[1] / 2
    for row in range(len(DIAGNOSES)):
        for column in range(2):
            cell = picture[
                round((row + 0.3) * height) : round((row + 0.7) * height),
                round((column + 0.3) * width) : round((column + 0.7) * width),
            ]
            assert cell.mean() > 0.1

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radflow.report.draw import best_row, swarm
from radflow.report.figures import curve_panels, inline_panels
from radflow.report.inputs import TrainedInputs
from radflow.report.load import FoldData
from radflow.report.segmentation.draw import TUNING_DICE
from radflow.report.segmentation.figures import agreement_panels, dice_panels, write_figures
from radflow.report.segmentation.scores import read_study
from radflow.report.svg import inline

NAMES = ("curves.svg", "scores.svg", "agreement.svg")


def test_figures_are_whole_svg_files_and_the_same_twice(
    inputs: TrainedInputs, tmp_path: Path
) -> None:
    for folder in ("one", "two"):
        write_figures(inputs, tmp_path / folder)
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(NAMES)
    for name in NAMES:
        first = (tmp_path / "one" / name).read_bytes()
        assert first == (tmp_path / "two" / name).read_bytes()
        assert ET.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314
        assert b"<dc:date>" not in first


def test_a_reader_s_own_matplotlib_settings_change_nothing(
    inputs: TrainedInputs, tmp_path: Path
) -> None:
    write_figures(inputs, tmp_path / "plain")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        write_figures(inputs, tmp_path / "loud")
    for name in NAMES:
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "loud" / name).read_bytes()


def test_every_case_is_a_dot(inputs: TrainedInputs) -> None:
    data = read_study(inputs)
    test, tuning = inline_panels(dice_panels(data))
    # Two models and two classes; four cases in the test part, eight in the tuning part.
    for svg, cases in ((test, 4), (tuning, 8)):
        dots = [
            re.findall("<use ", g) for g in re.findall(r"PathCollection.*?</g>\s*</g>", svg, re.S)
        ]
        assert [len(group) for group in dots] == [cases] * 4


def test_there_is_a_panel_for_each_part_class_and_trained_model(inputs: TrainedInputs) -> None:
    data = read_study(inputs)
    assert [panel.name for panel in curve_panels(data, TUNING_DICE)] == [
        "curve-unet-loss",
        "curve-unet-score",
    ]
    assert len(agreement_panels(data)) == 4
    assert len({panel.name for panel in agreement_panels(data)}) == 4


def test_bias_and_limits_are_written_beside_their_lines(inputs: TrainedInputs) -> None:
    svg = inline_panels(agreement_panels(read_study(inputs)))[0]
    assert all(text in svg for text in ("upper limit", "bias", "lower limit"))


def test_a_study_without_epochs_still_gives_the_three_files(
    locked: TrainedInputs, tmp_path: Path
) -> None:
    (tmp_path / "empty.csv").write_text("epoch,step\n")
    models = tuple(
        replace(m, folds=tuple(replace(f, history=tmp_path / "empty.csv") for f in m.folds))
        for m in locked.models
    )
    write_figures(replace(locked, models=models), tmp_path / "figures")
    assert "Nothing to draw" in (tmp_path / "figures/curves.svg").read_text()


def test_the_best_epoch_is_the_recorded_one_or_else_the_highest() -> None:
    rows = tuple({"epoch": e, "step": e * 10, "score": d} for e, d in enumerate([0.1, 0.9, 0.5]))
    assert best_row(FoldData(0, {"training": {"best_epoch": 2}}, rows)) == rows[2]
    assert best_row(FoldData(0, {}, rows)) == rows[1]
    assert best_row(FoldData(0, {}, ())) is None


def test_a_document_that_is_no_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="the figure x is no SVG"):
        inline("<p>text <svg/></p>", name="x", description="")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_a_swarm_keeps_every_value_and_its_width(values: list[float]) -> None:
    x, y = swarm(np.array(values), step=0.02, width=0.4)
    assert np.array_equal(y, np.sort(values))
    assert np.abs(x).max() <= 0.2
    again = swarm(np.array(values[::-1]), step=0.02, width=0.4)
    assert np.array_equal(x, again[0])

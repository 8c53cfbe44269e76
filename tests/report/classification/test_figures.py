import re
import xml.etree.ElementTree as ET
from pathlib import Path

from radflow.report.classification.answers import ClassifiedStudy
from radflow.report.classification.figures import all_panels, write_figures
from radflow.report.figures import inline_panels
from radflow.report.inputs import ClassifiedInputs

NAMES = ("agreement.svg", "curves.svg", "scores.svg")


def test_figures_are_whole_svg_files_and_the_same_twice(
    classified: ClassifiedInputs, tmp_path: Path
) -> None:
    for folder in ("one", "two"):
        write_figures(classified, tmp_path / folder)
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == list(NAMES)
    for name in NAMES:
        first = (tmp_path / "one" / name).read_bytes()
        assert first == (tmp_path / "two" / name).read_bytes()
        assert ET.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314


def test_every_case_is_a_dot_of_its_class(study: ClassifiedStudy) -> None:
    test, tuning = inline_panels(all_panels(study)["every_case"])
    for svg, cases in ((test, 9), (tuning, 21)):
        groups = re.findall(r"PathCollection.*?</g>\s*</g>", svg, re.DOTALL)
        assert sum(len(re.findall("<use ", group)) for group in groups) == 3 * cases


def test_confusions_show_counts_and_shares_of_rows(study: ClassifiedStudy) -> None:
    table = study.summary("cnn", "test")["confusion"]
    svg = inline_panels(all_panels(study)["confusions"])[0]
    for row in table:
        for n in row:
            assert f">{n}<" in svg
            assert f">{n / sum(row):.0%}<" in svg


def test_curves_name_each_class_with_its_area(study: ClassifiedStudy) -> None:
    roc = inline_panels(all_panels(study)["discrimination"])[0]
    for name in study.target.classes:
        area = study.summary("cnn", "test")["classes"][name]["auc"]["estimate"]
        assert f"{name}: AUC {area:.3f}" in roc


def test_controls_have_curves_but_no_confusions(study: ClassifiedStudy) -> None:
    panels = all_panels(study)
    assert {panel.name for panel in panels["curves"]} == {
        f"curve-{model}-{column}"
        for model in ("cnn", "shuffled")
        for column in ("loss", "nll", "accuracy")
    }
    assert not [panel for panel in panels["confusions"] if "shuffled" in panel.name]
    names = [panel.name for each in panels.values() for panel in each]
    assert len(set(names)) == len(names)


def test_reliability_stands_before_and_after_temperature(study: ClassifiedStudy) -> None:
    svg = inline_panels(all_panels(study)["reliability"])[0]
    assert "without temperature" in svg
    assert "with temperature" in svg

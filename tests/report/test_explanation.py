"""The section of explanations shows what the step explain wrote, and nothing from outside."""

import re

import pytest
from bright_square import CLASSES, write_square_study

from radflow.config.explain import ExplainRules, OcclusionRules
from radflow.explain.write import Explained, explain_model
from radflow.files import read_json, write_json
from radflow.report.explanation import explanation_context
from radflow.report.write import render

RULES = ExplainRules(
    cases=4,
    shown=1,
    units=2,
    patches=3,
    randomised=2,
    occlusion=OcclusionRules(stride=0.05, fill="lowest"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("explained")
    cases = write_square_study(root)
    inputs = Explained(
        [root / "fold-0"], [root / "a.shard"], {"fold-0": cases}, [root / "fold-0.tsv"]
    )
    explain_model(inputs, RULES, root / "explain/cnn")
    return root / "explain"


def page(folder, models=("cnn", "baseline")):
    context = explanation_context(folder, models=models, classes=CLASSES)
    return render("sections/explanation.html.j2", {"explanation": context})


def test_without_explanations_there_is_no_section(tmp_path):
    assert explanation_context(tmp_path, models=["cnn"], classes=CLASSES) is None


def test_a_model_that_is_no_longer_in_the_study_is_left_out(folder):
    assert explanation_context(folder, models=["other"], classes=CLASSES) is None


def test_the_pointing_game_is_said_in_a_sentence(folder):
    context = explanation_context(folder, models=["cnn"], classes=CLASSES)
    assert context["headline"][0].startswith(
        "cnn: in 3 of 3 correctly classified cases with a lesion the maximum of Grad-CAM lies "
        "inside it: 100 (44\N{EN DASH}100) %"
    )
    table = context["models"][0].pointing
    assert [row[1].text for row in table.rows] == ["all", "square"] * 2


def test_every_part_is_shown(folder):
    html = page(folder)
    assert "Maps change with the weights." in html
    assert "The surest wrong answers" in html
    assert "case-6: square, answer none (90 %)" in html
    assert "Grad-CAM: maximum inside the lesion" in html
    assert "Grad-CAM: nothing speaks for the class" in html
    assert "sees 5 voxels a side; units 0" in html
    assert html.count('<g class="dot">') == 2 * 8
    assert "<title>case-6; is: square; answer: none</title>" in html


def test_nothing_is_loaded_and_no_script_runs(folder):
    html = page(folder)
    assert "<script" not in html
    addresses = re.findall(r'(?:src|href)="([^"]{0,30})', html)
    assert all(each.startswith(("data:image/png;base64,", "#")) for each in addresses)
    used = set(re.findall(r'<use href="#([^"]+)"', html))
    assert used == set(re.findall(r'<image id="([^"]+)"', html)) == {"cnn-fold-0-cases"}


def test_maps_that_do_not_change_are_said_to_show_the_image(folder):
    path = folder / "cnn/sanity.json"
    record = read_json(path)
    write_json(path, record | {"changed": False})
    assert "they show the image, not what was learnt" in page(folder)
    write_json(path, record)


def test_names_of_cases_are_escaped(folder, tmp_path):
    path = folder / "cnn/features.tsv"
    text = path.read_text()
    path.write_text(text.replace("case-6", "<b>&"))
    assert "<title>&lt;b&gt;&amp;; is: square" in page(folder)
    path.write_text(text)

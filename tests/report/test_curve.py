"""The section of the learning curve says what was found, what was started from, and how."""

from pathlib import Path
from typing import Any

import jinja2
import pytest

from radflow.config.transfer import CurveRules
from radflow.evaluation.classification.curve import write_curve
from radflow.files import write_json
from radflow.report import curve as module
from radflow.report.curve import curve_context

START = {
    "from": "before/cnn, fold 0",
    "sha256": "ab" * 32,
    "trained_on": "shapes",
    "loaded": ["level0", "level1"],
    "adapted": {"stages.level0.0.weight": "summed over its 3 inputs"},
    "left_at_random": {"head": "it answers another question"},
    "frozen": ["level0"],
    "thaw_step": 40,
}
RULES = CurveRules.model_validate(
    {"models": ["scratch", "transfer"], "sizes": [20, 40], "seeds": 3, "compare_at": 40}
)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A curve.json of two models, two sizes and three seeds."""
    paths: list[Path] = []
    for model in RULES.models:
        for size in RULES.sizes:
            for seed in range(RULES.seeds):
                accuracy = 0.5 + size / 200 + 0.01 * seed * (model == "transfer") + 0.02 * seed
                point: dict[str, Any] = {"study": "tiny", "fold": 0, "tuning_cases": 30}
                point |= {"model": model, "size": size, "seed": seed, "accuracy": accuracy}
                point |= {"auc": None, "nll": 0.5, "cases_sha256": f"{size} {seed}"}
                point["start_from"] = START if model == "transfer" else None
                paths.append(tmp_path / f"{model}-{size}-{seed}.json")
                write_json(paths[-1], point)
    write_curve(paths, tmp_path / "curve.json", rules=RULES, confidence=0.95)
    return tmp_path / "curve.json"


def page(context: dict[str, Any]) -> str:
    folder = Path(module.__file__).parent / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("sections/curve.html.j2").render(curve=context)


def test_the_section_opens_with_its_conclusion_and_says_where_models_start(record: Path) -> None:
    context = curve_context(record)
    assert context is not None
    html = page(context)
    assert html.index("does not beat scratch") < html.index("<svg")
    assert "<b>scratch</b>: from random weights (scratch)." in html
    assert "before/cnn, fold 0 (sha256 abababababab, trained on shapes" in html
    assert "head at random, because it answers another question" in html
    assert "level0 frozen for 40 steps" in html
    assert "The test part was not touched" in html
    assert "no p below 0.250" in html  # 2 of 2^3 signs


def test_every_point_is_drawn_and_tabled(record: Path) -> None:
    context = curve_context(record)
    assert context is not None
    assert [row[1].text for row in context["table"].rows] == ["20", "40", "20", "40"]
    assert context["table"].rows[0][2].text == "0.620 (0.020)"
    assert context["table"].rows[0][3].text == "not estimable"
    assert context["figure"].count("<use ") >= 12
    assert context["figure"] == curve_context(record)["figure"]  # the same bytes on every run


def test_without_a_curve_there_is_no_section(tmp_path: Path) -> None:
    assert curve_context(None) is None
    assert curve_context(tmp_path / "curve.json") is None

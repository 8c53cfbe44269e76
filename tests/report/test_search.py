"""The section of a search says what was tried, what was best, and how firm that is."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from radflow.config.search import SearchRules
from radflow.files import write_json
from radflow.report.search import NOT_TESTED, search_context
from radflow.report.search_draw import axis_of
from radflow.report.write import render
from radflow.search.record import TrialRecord
from radflow.search.sampling import draw
from radflow.search.summary import write_summary

SPACE = {
    "training.learning_rate": {"log_uniform": [1e-4, 1e-1]},
    "network.channels": {"choice": [[8, 16], [16, 32]]},
    "augmentation.elastic": {"choice": [0.0, 0.5]},
    "augmentation.elastic_voxels": {
        "uniform": [0.5, 3.0],
        "when": {"augmentation.elastic": 0.5},
    },
    "augmentation.elastic_grid": {"whole": [8, 16]},
}


def record(number: int, parameters: dict[str, Any], **changes: Any) -> TrialRecord:
    state = changes.pop("state", ("complete", "complete", "pruned", "failed")[number % 4])
    scores = tuple(round(0.5 + 0.1 * math.sin(number + n), 6) for n in range(3))
    scores = {"complete": scores, "pruned": scores[:2], "failed": ()}[state]
    best = max(scores, default=None) if state == "complete" else None
    return TrialRecord(
        number=number,
        parameters=parameters,
        seed=changes.pop("seed", 0),
        state=state,
        scores=scores,
        steps=100 * len(scores),
        score=best,
        epoch=None if best is None else scores.index(best) + 1,
        **changes,
    )


def write(folder: Path, *, trials: int = 12, seeds: int = 3, **changes: Any) -> Path:
    rules = SearchRules.model_validate(
        {"model": "unet", "trials": trials, "seeds": seeds, "space": SPACE, **changes}
    )
    paths = [folder / f"trial-{number}.json" for number in range(trials)]
    records = [record(number, draw(rules.space, seed=0, number=number)) for number in range(trials)]
    for path, each in zip(paths, records, strict=True):
        each.write(path)
    scored = [each for each in records if each.score is not None]
    repeats: list[Path] = []
    if scored:
        best = max(scored, key=lambda each: each.score)
        for number in range(seeds):
            repeats.append(folder / f"repeat-{number}.json")
            again = record(
                number, best.parameters, of=best.number, seed=1 + number, state="complete"
            )
            again.write(repeats[-1])
    write_json(
        folder / "model.json",
        {"task": "segmentation", "training": {"best_score": 0.55, "steps_done": 300}},
    )
    output = folder / "search.json"
    write_summary(
        paths,
        repeats,
        output,
        study="s",
        rules=rules,
        model=folder / "model.json",
    )
    return output


def page(path: Path) -> str:
    context = search_context(path)
    assert context is not None
    return render("sections/search.html.j2", {"search": context})


def test_a_study_without_a_search_has_no_section(tmp_path: Path) -> None:
    assert search_context(tmp_path / "search.json") is None


def test_every_trial_and_the_best_are_shown(tmp_path: Path) -> None:
    path = write(tmp_path)
    context, made = search_context(path), json.loads(path.read_text())
    rows = context["trials"].rows
    assert [row[0].text.split()[0] for row in rows] == [str(number) for number in range(12)]
    (best,) = [row for row in rows if "(best)" in row[0].text]
    assert best[1].text == f"{made['best']['score']:.4f}"
    text = page(path)
    assert "6 ran to the end, 3 were pruned, 3 failed" in text
    assert f"Trial {made['best']['number']} had the highest tuning score" in text
    assert "too hopeful" in text
    assert f"SD {made['spread']['sd']:.4f}" in text
    assert "reached 0.5500 in 300 steps" in text
    assert NOT_TESTED in text
    assert "below the median" in text


def test_the_settings_to_copy_are_keys_of_the_study_s_file(tmp_path: Path) -> None:
    path = write(tmp_path)
    copied = yaml.safe_load(search_context(path)["settings"])
    best = json.loads(path.read_text())["best"]["parameters"]
    model = copied["models"]["unet"]
    assert model["training"]["learning_rate"] == best["training.learning_rate"]
    assert model["network"]["channels"] == best["network.channels"]


def test_values_that_were_not_drawn_are_dashes(tmp_path: Path) -> None:
    path = write(tmp_path)
    table = search_context(path)["trials"]
    place = table.head.index("augmentation.elastic_voxels")
    for row, trial in zip(table.rows, json.loads(path.read_text())["trials"], strict=True):
        drawn = "augmentation.elastic_voxels" in trial["parameters"]
        assert (row[place].text == "\N{EN DASH}") == (not drawn)


def test_the_figure_has_a_line_for_each_scored_trial_and_dashes_the_pruned(tmp_path: Path) -> None:
    figure = str(search_context(write(tmp_path))["figure"])
    assert figure.startswith("<svg ")
    assert 'aria-label="Parallel coordinates of 9 trials' in figure
    lines = re.findall(r"stroke-dasharray: 4\.4", figure)
    assert len(lines) == 3
    assert figure == str(search_context(write(tmp_path))["figure"])


def test_axes_are_logarithmic_where_values_are_and_have_a_step_for_each_choice() -> None:
    none = dict.fromkeys(("log_uniform", "uniform", "whole", "choice", "when"))
    rate = axis_of("training.learning_rate", none | {"log_uniform": [1e-4, 1e-2]})
    assert rate.place(1e-3) == pytest.approx(0.5)
    assert axis_of("a.b", none | {"uniform": [0, 4]}).place(1) == pytest.approx(0.25)
    assert axis_of("a.b", none | {"whole": [2, 4]}).place(4) == pytest.approx(1)
    choices = axis_of("a.b", none | {"choice": [[1], None, True]})
    assert [choices.place(value) for value in ([1], None, True)] == [0, 0.5, 1]
    assert [text for _, text in choices.ticks] == ["[1]", "null", "true"]
    assert axis_of("a.b", none | {"choice": ["x"]}).place("x") == 0.5


def test_a_search_without_a_complete_trial_says_so(tmp_path: Path) -> None:
    failed = record(0, {}, state="failed")
    failed.write(tmp_path / "trial.json")
    rules = SearchRules.model_validate(
        {"model": "unet", "trials": 1, "space": SPACE, "prune": None}
    )
    write_json(
        tmp_path / "model.json",
        {"task": "segmentation", "training": {"best_score": 0.5, "steps_done": 9}},
    )
    output = tmp_path / "search.json"
    write_summary(
        [tmp_path / "trial.json"],
        [],
        output,
        study="s",
        rules=rules,
        model=tmp_path / "model.json",
    )
    text = page(output)
    assert "No trial ran to its end, so there is no best." in text
    assert "No trial was ended early." in text
    assert "<svg" not in text
    assert "<pre>" not in text


def test_halving_is_described(tmp_path: Path) -> None:
    text = page(write(tmp_path, prune={"method": "halving", "from_epoch": 4}))
    assert "At epoch 4 and at each 3-fold of it" in text

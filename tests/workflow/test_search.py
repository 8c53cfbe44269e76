"""A search through the real Snakefile: trials, the best again, a summary; then what is new."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from miniature import CASES, write_archive
from project_copy import Project, configure, copy_sources, small_study

from radflow.config.load import load_study
from radflow.search.sampling import draw

SEARCH = {
    "model": "unet",
    "trials": 2,
    "seeds": 1,
    "space": {
        "training.learning_rate": {"log_uniform": [1e-4, 1e-1]},
        "augmentation.elastic": {"choice": [0.0, 0.5]},
    },
    "prune": {"from_epoch": 1, "after_trials": 1},
}

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make the miniature, with a search, and run that."""
    home = tmp_path_factory.mktemp("search")
    made = Project(home / "project", home / "mirror")
    copy_sources(made.root)
    archive = made.mirror / "miniature.tar"
    write_archive(archive)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    source = {"mirror": archive.name, "checksum": f"sha256:{digest}", "cases": CASES}
    study = small_study(search=SEARCH)
    configure(made.root, "hippocampus", study, sources=[source], archive={}, intake={})
    made.git("init", "--quiet", "--initial-branch", "main")
    made.snakemake("--cores", "2", "all_search")
    return made


def summary(root: Path) -> Path:
    return root / "results/hippocampus/search/search.json"


def test_trials_draw_what_the_study_says_and_the_best_is_repeated(project: Project) -> None:
    found = json.loads(summary(project.root).read_text())
    rules = load_study(project.root / "config/studies", "hippocampus").search
    assert rules is not None
    assert [each["parameters"] for each in found["trials"]] == [
        draw(rules.space, seed=0, number=number) for number in range(2)
    ]
    assert [each["of"] for each in found["repetitions"]] == [found["best"]["number"]]
    assert found["present"]["steps"] == 4


def test_more_trials_run_the_new_ones_alone(project: Project) -> None:
    assert "Nothing to be done" in project.snakemake("--dry-run", "all_search")
    with project.edited("config/studies/hippocampus.yaml", "trials: 2", "trials: 3"):
        planned = project.snakemake("--dry-run", "all_search")
    counts = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", planned, flags=re.M)}
    assert {name: counts.get(name, 0) for name in ("trial", "repeat", "search", "train")} == {
        **{"trial": 1, "repeat": 1},
        **{"search": 1, "train": 0},
    }


def test_dvc_knows_the_steps_of_the_search(project: Project) -> None:
    listed = project.dvc("stage", "list", "--name-only").split()
    steps = {f"{step}@hippocampus" for step in ("trial", "repeat", "search", "report")}
    assert steps <= set(listed)

"""Snakemake and DVC recompute nothing after each other, in either order, here or in a clone."""

import shutil

import pytest

pytestmark = pytest.mark.workflow

STUDIES = ("--with-deps", "index")  # those of config/config.yaml
STUDY = "config/studies/hippocampus.yaml"


@pytest.fixture(scope="module")
def clone(project, tmp_path_factory):
    """A fresh clone, brought to life by `make sync` from the folder that `dvc push` filled."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    project.dvc("push")
    made = project.cloned(tmp_path_factory.mktemp("clone") / "project")
    made.make("sync")
    return made


def test_dvc_after_snakemake_recomputes_nothing(project):
    assert "Running stage" not in project.dvc("repro", "index")
    assert "up to date" in project.dvc("status", *STUDIES)


def test_what_dvc_and_git_keep_is_told_apart(project):
    tracked = project.git("ls-files", "results", "data").split()
    assert tracked == [
        "results/hippocampus/headline.json",
        "results/hippocampus/ledger.tsv",
        "results/hippocampus/metrics.json",
    ]
    assert project.git("status", "--porcelain") == ""


def test_snakemake_in_a_fresh_clone_recomputes_nothing(clone):
    assert clone.would_run() == {}
    assert "up to date" in clone.dvc("status", *STUDIES)


def test_files_that_differ_from_the_record_are_not_declared_up_to_date(clone):
    with clone.edited("results/hippocampus/plan.json", "{", "{ "):
        output = clone.make("touch", fails=True)
    assert "differ from dvc.lock" in output


def test_snakemake_after_dvc_repro_recomputes_nothing(clone):
    path = clone.root / STUDY
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("learning_rate: 0.003", "learning_rate: 0.3"), encoding="utf-8")
    output = clone.dvc("repro", "index")
    assert "Running stage 'train@hippocampus'" in output
    assert "Stage 'patches@hippocampus' didn't change" in output
    assert clone.would_run() == {}
    assert "unet.tuning.anterior" in clone.dvc("metrics", "diff", "--all")


def test_metrics_and_plots_are_shown(project, tmp_path):
    assert "unet.tuning.anterior" in project.dvc("metrics", "show")
    project.dvc("plots", "show", "--out", str(tmp_path / "plots"))
    page = (tmp_path / "plots" / "index.html").read_text(encoding="utf-8")
    assert "tuning score" in page

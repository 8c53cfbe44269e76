"""Real data in each layout become a report by the commands that `radflow new` names, unedited."""

import os
import re
import sys
from pathlib import Path

import pytest
from project_copy import Project, copy_sources

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif("RADFLOW_MIRROR" not in os.environ, reason="RADFLOW_MIRROR is not set"),
]

SAMPLES = {
    "decathlon": ("Task04_Hippocampus_220.tar", "msd", 220),
    "stroke": ("isles22-sample.tar", "bids", 1),
    "glioblastoma": ("tcia-brain-tumor-dicom_2.tar.gz", "dicom", 2),
    "tumours": ("figshare-brain-tumor_folds1-4.tar", "table", 2400),
    "regions": ("mednist-sample.tar", "images", 600),
}
"""Study: archive, layout and number of cases."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make a project, and in it a study of each sample; then run them all."""
    root = tmp_path_factory.mktemp("own") / "project"
    made = Project(root, Path(os.environ["RADFLOW_MIRROR"]))
    copy_sources(root)
    for study, (archive, layout, _) in SAMPLES.items():
        told = radflow(made, "new", study, "--data", archive, "--task", "description")
        assert re.search(rf"layout +{layout}$", told, flags=re.MULTILINE), told
    made.snakemake("--cores", "2", "--config", f"studies={list(SAMPLES)}".replace("'", '"'))
    return made


def radflow(project: Project, *arguments: str) -> str:
    return project.run(sys.executable, "-m", "radflow.cli", *arguments)


@pytest.mark.parametrize("study", SAMPLES)
def test_every_case_of_a_sample_is_accepted_and_described(project: Project, study: str) -> None:
    cases = SAMPLES[study][2]
    page = (project.root / f"results/{study}/report.html").read_text(encoding="utf-8")
    noun = "case" if cases == 1 else "cases"
    assert f"accepted of {cases:,} {noun} listed; 0 cases excluded" in page
    assert "The data, described; no model was trained" in page


@pytest.mark.parametrize("study", ["stroke", "glioblastoma", "regions"])
def test_a_check_of_a_sample_refuses_nothing(project: Project, study: str) -> None:
    assert "Nothing is refused. Next: snakemake" in radflow(project, "check", study)


def test_dvc_knows_the_new_studies_without_an_edit(project: Project) -> None:
    stages = project.dvc("stage", "list", "--name-only")
    assert {f"describe@{study}" for study in SAMPLES} <= set(stages.split())

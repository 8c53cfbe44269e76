"""Real data in each layout become a report by the commands that `radflow new` names, unedited."""

import os
import re
import sys
from pathlib import Path

import pytest
from project_copy import Project, copy_sources, read_yaml, write_yaml

from radflow.config.dataset import ArchiveCaps
from radflow.datasets.archive import unpack

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
    made.git("init", "--quiet", "--initial-branch", "main")
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


def test_a_patient_who_is_in_another_dataset_under_another_name_stops_the_split(
    project: Project,
) -> None:
    """Patient 01 of the one is PGBM-002 of the other; no file says so, hence the card does."""
    folder = project.root.parent / "progression"
    unpack(project.mirror / "brain-tumor-progression_9.tar", folder, ArchiveCaps())
    root = folder / "brain-tumor-progression"
    rows = [
        f"{patient}-{visit},{patient},{visit},"
        f"{patient}/{visit}_Scan_T1.nii.gz,{patient}/{visit}_Mask.nii.gz"
        for patient in sorted(path.name for path in root.iterdir() if path.is_dir())
        for visit in ("Pre", "Post")
    ]
    (root / "cases.csv").write_text("\n".join(["case,patient,visit,image,mask", *rows, ""]))
    told = radflow(project, "new", "progression", "--data", str(root), "--task", "description")
    assert "18 cases of 9 subjects" in told
    card = project.root / "config/datasets/progression.yaml"
    write_yaml(card, read_yaml(card) | {"patients": {"01": "PGBM-002"}})
    study = {
        "title": "Progression",
        "question": "Where is the tumour?",
        "dataset": "progression",
        "task": "segmentation",
        "split": {"key": "5", "folds": 2, "test_share": 0.3, "apart_from": ["glioblastoma"]},
        "models": {"unet": {}},
    }
    write_yaml(project.root / "config/studies/progression.yaml", study)
    command = ("--cores", "2", "all_split", "--config", 'studies=["progression"]')
    told = project.snakemake(*command, fails=True)
    assert "the dataset shares patients with glioblastoma (`split.apart_from`)" in told
    assert re.search(r"01-(Pre|Post) and PGBM-002 of glioblastoma", told), told

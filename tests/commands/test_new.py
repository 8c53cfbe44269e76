from pathlib import Path

import pytest
from mirror import mirrored
from own_data import write_bids, write_dicom, write_msd, write_project

from radflow.cli import main
from radflow.config.load import check_study, load_card, load_study

SAMPLES = {
    "Task04_Hippocampus_220.tar": ("msd", "segmentation", ("MRI",)),
    "isles22-sample.tar": ("bids", "description", ("adc", "dwi", "flair")),
    "tcia-brain-tumor-dicom_2.tar.gz": (
        "dicom",
        "description",
        ("FLAIR_reg", "T1pre_reg", "T2_reg"),
    ),
    "figshare-brain-tumor_folds1-4.tar": ("table", "description", ("image",)),
    "mednist-sample.tar": ("images", "description", ("image",)),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_project(tmp_path)


def new(name: str, data: str | Path, task: str = "description", *more: str) -> int:
    return main(["new", name, "--data", str(data), "--task", task, *more])


def test_what_was_found_is_told_and_the_next_command_comes_last(project, capsys):
    write_msd(project / "own")
    assert new("mine", "own", "segmentation") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "own holds"
    assert "  content   12 cases of 12 subjects" in lines
    assert "  classes   0 background, 1 anterior, 2 posterior" in lines
    assert lines[-2] == "Next:  radflow check mine"
    assert lines[-1] == "then:  snakemake --cores all --config 'studies=[\"mine\"]'"


def test_an_existing_study_is_refused_before_the_data_are_looked_at(project, capsys):
    write_msd(project / "own")
    assert new("mine", "own") == 0
    assert new("mine", "nowhere") == 2
    assert "never overwritten: choose another name" in capsys.readouterr().err


def test_too_few_subjects_are_told_after_what_was_found_and_nothing_is_written(project, capsys):
    write_bids(project / "own")
    assert new("mine", "own", "segmentation") == 2
    told = capsys.readouterr()
    assert "layout    bids" in told.out
    assert "--task description" in told.err
    assert list(project.glob("config/*/*.yaml")) == []


def test_names_in_the_data_can_not_command_the_terminal(project, capsys):
    write_msd(project / "own", labels={"0": "background", "1": "\x1b[2Jgone"})
    assert new("mine", "own") == 0
    assert "\x1b" not in capsys.readouterr().out
    assert load_card(Path("config/datasets"), "mine").classes[1] == "\x1b[2Jgone"


def test_identity_is_told_and_left_to_the_user(project, capsys):
    write_dicom(project / "own", {"p": ["T1"]}, removed="NO")
    assert new("one", "own") == 0
    assert "do not say that identity was removed" in capsys.readouterr().out
    assert new("two", "own", "description", "--pseudonyms") == 0
    assert "do not say" not in capsys.readouterr().out
    identities = [load_card(Path("config/datasets"), n).intake.identity for n in ("one", "two")]
    assert identities == ["refuse", "pseudonyms"]


@pytest.mark.parametrize("name", ["", "a.b", "../x", "é"])
def test_a_name_that_no_file_of_a_study_can_have_is_refused(project, capsys, name):
    assert new(name, "own") == 2
    assert "is no name of a study" in capsys.readouterr().err


@pytest.mark.real_data
@pytest.mark.parametrize("archive", SAMPLES)
def test_real_samples_are_understood_and_their_files_load(project, capsys, archive):
    assert mirrored(archive).is_file()
    layout, task, channels = SAMPLES[archive]
    assert new("real", archive, task) == 0
    study = load_study(project / "config/studies", "real")
    card = load_card(project / "config/datasets", study.dataset)
    check_study(study, card)
    assert (card.layout, card.channels) == (layout, channels)
    assert card.sources[0].mirror == archive
    assert f"layout    {layout}" in capsys.readouterr().out
    assert list((project / "data").iterdir()) == []

import json

import pandas as pd
import pytest
from own_data import labels, write_msd, write_nifti, write_project

from radflow.cli import main


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RADFLOW_MIRROR", raising=False)
    write_msd(tmp_path / "own", cases=25)
    root = write_project(tmp_path)
    assert main(["new", "mine", "--data", "own", "--task", "segmentation"]) == 0
    return root


def test_sound_data_exit_with_0_and_the_command_that_runs_the_study(project, capsys):
    capsys.readouterr()
    assert main(["check", "mine", "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert "mine: 25 cases listed, 25 accepted, of 25 subjects; findings: 0 STOP, 0 QUAR" in out
    assert out.endswith("Next: snakemake --cores all --config 'studies=[\"mine\"]'\n")


def test_refused_data_exit_with_1_and_all_findings_can_be_written(project, capsys):
    write_nifti(project / "own/labelsTr/case_03.nii.gz", labels([1, 7]))
    capsys.readouterr()
    assert main(["check", "mine", "--output", "out/findings.tsv"]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[1].startswith("STOP")
    assert "A run would stop (STOP). Mend this, then: radflow check mine" in out
    table = pd.read_csv(project / "out/findings.tsv", sep="\t")
    assert list(table["rule"][table["level"] == "STOP"]) == ["label-value"]


@pytest.mark.parametrize(
    ("bound", "line"), [("1.0", "which the card allows"), ("0.01", "A run would stop: 4.0% of")]
)
def test_cases_that_would_be_left_out_are_compared_with_the_bound(project, capsys, bound, line):
    (project / "own/imagesTr/case_03.nii.gz").write_bytes(b"")
    card = project / "config/datasets/mine.yaml"
    text = card.read_text().replace("intake: {}", f"intake: {{most_quarantined: {bound}}}")
    card.write_text(text)
    assert main(["check", "mine"]) == 1
    assert line in capsys.readouterr().out


def test_many_alike_are_one_line_unless_all_are_asked_for(project, capsys):
    record = json.loads((project / "own/dataset.json").read_text())
    for entry in record["training"]:
        path = project / "own" / entry["label"]
        write_nifti(path, labels().astype("float32"))
    capsys.readouterr()
    main(["check", "mine"])
    short = capsys.readouterr().out
    assert "25 cases" in short
    main(["check", "mine", "--all"])
    assert len(capsys.readouterr().out.splitlines()) == len(short.splitlines()) + 24


def test_data_that_are_not_here_exit_with_2(project, capsys):
    (project / "own").rename(project / "away")
    assert main(["check", "mine"]) == 2
    assert "neither a folder nor a file" in capsys.readouterr().err


def test_outside_a_project_the_way_there_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["check", "mine"]) == 2
    assert "go to the project's folder" in capsys.readouterr().err

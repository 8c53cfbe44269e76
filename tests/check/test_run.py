import io
import tarfile

import pytest
import yaml
from cards import TOY
from own_data import intensities, labels, write_msd, write_nifti, write_project

from radflow.check.run import check
from radflow.datasets.cases import write_cases
from radflow.datasets.checks.finding import Level
from radflow.errors import ConfigError, DownloadError

CARD = TOY | {"sources": [{"path": "own"}]}
STUDY = {
    "title": "Toy",
    "question": "What?",
    "dataset": "toys",
    "task": "segmentation",
    "split": {"key": "toy", "folds": 2, "test_share": 0.3},
    "models": {"unet": {}},
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = write_project(tmp_path)
    write_msd(root / "own", cases=12)
    configure(root)
    return root


def configure(root, card=CARD, study=STUDY):
    for kind, name, record in (("datasets", "toys", card), ("studies", "toy", study)):
        (root / "config" / kind).mkdir(exist_ok=True)
        (root / "config" / kind / f"{name}.yaml").write_text(yaml.safe_dump(record))


def checked(project, **more):
    return check("toy", root=project, mirror=None, **more)


def test_sound_data_have_no_refusals_and_nothing_is_left_behind(project):
    done = checked(project)
    assert [f for f in done.findings if f.level in (Level.STOP, Level.QUAR)] == []
    assert (done.listed, len(done.accepted)) == (12, 12)
    assert list((project / "data").iterdir()) == []


def test_everything_wrong_is_found_in_one_run(project):
    own = project / "own"
    (own / "link").symlink_to("/etc")
    (own / "labelsTr" / "case_01.nii.gz").unlink()
    write_nifti(own / "labelsTr" / "case_02.nii.gz", labels([1, 9]))
    broken = intensities()
    broken[0, 0, 0] = float("nan")
    write_nifti(own / "imagesTr" / "case_03.nii.gz", broken)
    configure(project, study={**STUDY, "plan": {"patch_size": [30, 30, 30], "levels": 4}})
    rules = {finding.rule for finding in checked(project).findings}
    assert {"study", "link", "missing-file", "label-value", "not-finite"} <= rules


def test_the_number_of_threads_changes_nothing(project):
    assert checked(project).findings == checked(project, jobs=3).findings


def test_a_layout_that_can_not_list_its_cases_is_a_row(project):
    (project / "own" / "dataset.json").write_text("no json")
    done = checked(project)
    assert [(each.rule, each.level) for each in done.findings] == [("layout", Level.STOP)]
    assert done.listed is None


def test_each_member_that_must_not_be_unpacked_is_a_row(project):
    with tarfile.open(project / "own.tar", "w") as tar:
        for name in ("../out", "/absolute"):
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
    configure(project, {**CARD, "sources": [{"path": "own.tar"}]})
    done = checked(project)
    assert [each.rule for each in done.findings] == ["archive", "archive"]
    assert "own.tar: '../out': a path that leaves the folder" in done.findings[0].message
    assert list((project / "data").iterdir()) == []


def test_a_damaged_archive_is_one_row(project):
    (project / "own.tar").write_bytes(b"not a tar" * 100)
    configure(project, {**CARD, "sources": [{"path": "own.tar"}]})
    (row,) = checked(project).findings
    assert "no whole tar archive" in row.message


def test_subjects_that_can_not_be_divided_are_told_before_a_run(project):
    configure(project, study={**STUDY, "split": {"key": "toy", "folds": 12}})
    (row,) = [each for each in checked(project).findings if each.rule == "split"]
    assert "12 subjects can't fill 12 folds and a test part" in row.message


def test_a_dataset_that_may_share_no_patient_is_compared_once_it_is_taken_in(project):
    split = {**STUDY["split"], "apart_from": ["pretraining"]}
    configure(project, study={**STUDY, "split": split})
    (note,) = [each for each in checked(project).findings if each.fault == 66]
    assert (note.level, note.rule) == (Level.NOTE, "apart-from")
    write_cases(project / "data/cases/pretraining/cases.tsv", checked(project).accepted[:1])
    (row,) = [each for each in checked(project).findings if each.rule == "split"]
    assert row.level == Level.STOP
    assert "pretraining" in row.message


def test_a_description_is_not_divided(project):
    study = {**STUDY, "task": "description"}
    del study["split"], study["models"]
    configure(project, study=study)
    assert checked(project).listed == 12


@pytest.mark.parametrize("kind", ["studies", "datasets"])
def test_a_file_that_is_not_valid_stops_the_check(project, kind):
    name = "toy" if kind == "studies" else "toys"
    (project / "config" / kind / f"{name}.yaml").write_text("tite: x\n")
    with pytest.raises(ConfigError, match="did you mean `title`"):
        checked(project)


def test_nothing_is_left_behind_after_an_error(project):
    configure(project, {**CARD, "sources": [{"path": "nowhere"}]})
    with pytest.raises(DownloadError):
        checked(project)
    assert list((project / "data").iterdir()) == []

import pytest
from own_data import write_dicom, write_msd, write_pictures, write_project

from radflow.config.load import load_card, load_study
from radflow.errors import ConfigError
from radflow.new.card import card_text
from radflow.new.detect import understood
from radflow.new.place import opened
from radflow.new.study import study_text
from radflow.new.write import check_texts, refuse_taken, write_both


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "project")


def texts(root, project, task="description", *, name="toy", pseudonyms=False):
    with opened(str(root), project=project, mirror=None) as place:
        found = understood(place.root, str(root), pseudonyms=pseudonyms)
        return {"card": card_text(name, found, place), "study": study_text(name, found, task=task)}


@pytest.mark.parametrize("name", ["NO", "1e5", "007", "null", "a_b-C"])
def test_any_name_of_a_study_is_written_and_read_back(project, tmp_path, name):
    made = texts(write_msd(tmp_path / "own"), project, "segmentation", name=name)
    write_both(project, name, **made)
    assert load_study(project / "config/studies", name).dataset == name
    assert load_card(project / "config/datasets", name).title == name


def test_odd_names_in_the_data_are_quoted(project, tmp_path):
    labels = {"0": "background", "1": "NO", "2": 'it\'s: "1e5" #x', "3": "日本", "4": ""}
    own = write_msd(tmp_path / "it's: a {folder} #1", labels=labels, modality={"0": "1e5"})
    write_both(project, "toy", **texts(own, project, "segmentation"))
    card = load_card(project / "config/datasets", "toy")
    assert list(card.classes.values()) == ["background", "NO", 'it\'s: "1e5" #x', "日本", "unnamed"]
    assert card.channels == ("1e5",)
    assert card.sources[0].path == str(own)
    assert card.licence == card.citation == "not stated"


def test_odd_folders_and_series_are_quoted(project, tmp_path):
    pictures = write_pictures(tmp_path / "a", ["NO", "yes: 1", "'", "3"])
    write_both(project, "p", **texts(pictures, project, name="p"))
    folders = load_card(project / "config/datasets", "p").images.folders
    assert list(folders) == ["'", "3", "NO", "yes: 1"]
    scans = write_dicom(tmp_path / "b", {"x": ['a "b" \\ {c}: #1', "NO"]}, removed="")
    write_both(project, "d", **texts(scans, project, name="d"))
    card = load_card(project / "config/datasets", "d")
    assert len(card.channels) == 2
    assert card.intake.identity == "refuse"


def test_pseudonyms_are_declared_only_by_the_user(project, tmp_path):
    scans = write_dicom(tmp_path / "b", {"x": ["T1"]}, removed="")
    write_both(project, "d", **texts(scans, project, name="d", pseudonyms=True))
    assert load_card(project / "config/datasets", "d").intake.identity == "pseudonyms"


@pytest.mark.parametrize("kind", ["datasets", "studies"])
def test_a_file_that_is_there_is_never_overwritten_and_the_other_not_written(
    project, tmp_path, kind
):
    made = texts(write_msd(tmp_path / "own"), project)
    there = project / "config" / kind / "toy.yaml"
    there.parent.mkdir()
    there.write_text("mine")
    with pytest.raises(ConfigError, match="never overwritten"):
        refuse_taken(project, "toy")
    with pytest.raises(ConfigError, match="never overwritten"):
        write_both(project, "toy", **made)
    assert there.read_text() == "mine"
    assert list(project.glob("config/*/*.yaml")) == [there]


def test_when_the_second_file_can_not_be_written_the_first_is_taken_back(project, tmp_path):
    made = texts(write_msd(tmp_path / "own"), project)
    (project / "config" / "studies").touch()
    with pytest.raises(OSError, match=r"exists|directory"):
        write_both(project, "toy", **made)
    assert list(project.glob("config/*/*.yaml")) == []


def test_texts_that_are_not_valid_are_not_written(project, tmp_path):
    made = texts(write_msd(tmp_path / "own"), project)
    with pytest.raises(ConfigError, match="licence"):
        write_both(project, "toy", **{**made, "card": made["card"].replace("licence", "x")})
    assert list(project.glob("config/*/*.yaml")) == []


def test_data_of_no_layout_are_told_with_a_way_out(tmp_path):
    (tmp_path / "a.nii.gz").touch()
    (tmp_path / "b.nii.gz").touch()
    with pytest.raises(ConfigError, match=r"2 nii\.gz") as caught:
        understood(tmp_path, "x", pseudonyms=False)
    assert "cases.csv" in str(caught.value)


def test_card_and_study_are_checked_against_each_other(project, tmp_path):
    made = texts(write_msd(tmp_path / "own"), project, "segmentation")
    made["study"] = made["study"].replace("plan: {}", "plan: {patch_size: [9, 9, 9]}")
    with pytest.raises(ConfigError, match="patch_size"):
        check_texts("toy", **made)

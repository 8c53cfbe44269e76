from pathlib import Path

import pytest
from simulated import make_subject, phantom_card

from radflow.datasets.archive import unpack
from radflow.datasets.phantom import list_cases
from radflow.errors import IntakeError
from radflow.phantom.bids import write_bids


@pytest.fixture
def card():
    return phantom_card()


@pytest.fixture
def shards(tmp_path, card):
    """Two archives of two subjects, each unpacked into a folder of its own."""
    folder = tmp_path / "unpacked"
    for place, numbers in enumerate([(1, 2), (3, 10)]):
        archive = tmp_path / f"{place:03d}.tar"
        write_bids(archive, map(make_subject, numbers))
        unpack(archive, folder / archive.stem, card.archive)
    return folder


def edit(table: Path, old: str, new: str) -> None:
    table.write_text(table.read_text().replace(old, new))


def test_subjects_of_all_archives_are_listed_by_id(shards, card):
    candidates, listed, findings = list_cases(shards, card)
    assert [c.case for c in candidates] == ["sub-00001", "sub-00002", "sub-00003", "sub-00010"]
    assert all(c.subject == c.case for c in candidates)
    assert (listed, findings) == (4, [])


def test_images_come_in_the_order_of_the_cards_channels(shards):
    for channels in (("T1w", "FLAIR"), ("FLAIR", "T1w")):
        candidate = list_cases(shards, phantom_card(channels=channels))[0][2]
        assert [image.name for image in candidate.images] == [
            f"sub-00003_{channel}.nii.gz" for channel in channels
        ]
        assert all(image.parents[1].parent == shards / "001" for image in candidate.images)


def test_the_label_is_the_reference_that_the_card_names(shards, card):
    label = list_cases(shards, card)[0][0].label
    assert label.name == "sub-00001_desc-tissue_dseg.nii.gz"
    assert label.is_file()


def test_without_classes_there_is_no_label_map(shards):
    card = phantom_card(classes={})
    assert {candidate.label for candidate in list_cases(shards, card)[0]} == {None}


def test_the_diagnosis_is_the_class_where_the_card_names_targets(shards):
    told = list_cases(shards, phantom_card(targets=["control", "tumour"]))[0][0]
    kept = list_cases(shards, phantom_card())[0][0]
    assert told.target == kept.covariates["diagnosis"]
    assert "diagnosis" not in told.covariates
    assert kept.target == ""
    assert {"age", "sex"} <= set(told.covariates)


def test_a_missing_image_is_a_stop_and_the_other_subjects_go_on(shards, card):
    (shards / "001/sub-00003/anat/sub-00003_FLAIR.nii.gz").unlink()
    candidates, listed, findings = list_cases(shards, card)
    assert [c.case for c in candidates] == ["sub-00001", "sub-00002", "sub-00010"]
    assert listed == 4
    assert [(f.case, f.rule, f.level) for f in findings] == [("sub-00003", "missing-file", "STOP")]


def test_a_reference_that_was_not_simulated_is_a_stop(shards):
    phantom = {"diagnoses": {"stroke": 1}, "reference": "infarct"}
    card = phantom_card(phantom=phantom, classes={0: "background", 1: "infarct"})
    candidates, _, findings = list_cases(shards, card)
    assert candidates == []
    assert {f.rule for f in findings} == {"missing-file"}


def test_a_subject_in_two_archives_is_a_stop(shards, card):
    edit(shards / "001/participants.tsv", "sub-00010", "sub-00001")
    findings = list_cases(shards, card)[2]
    assert ("sub-00001", "listed-twice", "STOP") in {(f.case, f.rule, f.level) for f in findings}


@pytest.mark.parametrize("name", ["../sub-00001", "sub-1", "", "sub-0000a", "sub-00001/.."])
def test_a_name_that_is_no_simulated_subject_is_refused(shards, card, name):
    edit(shards / "000/participants.tsv", "sub-00001", name)
    with pytest.raises(IntakeError, match=r"archive 000: .* lists 1 that are no simulated subject"):
        list_cases(shards, card)


def test_an_archive_without_its_list_is_refused_with_the_remedy(shards, card):
    (shards / "001/participants.tsv").unlink()
    with pytest.raises(IntakeError, match=r"archive 001 holds no participants\.tsv.*run again"):
        list_cases(shards, card)


def test_a_list_without_names_is_refused(shards, card):
    edit(shards / "001/participants.tsv", "participant_id", "name")
    with pytest.raises(IntakeError, match="has no column participant_id"):
        list_cases(shards, card)


def test_a_card_of_another_layout_is_refused(shards, card):
    with pytest.raises(IntakeError, match="no section `phantom`"):
        list_cases(shards, card.model_copy(update={"phantom": None}))

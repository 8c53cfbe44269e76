from pathlib import Path

import pytest

from radflow.datasets.bids.names import BidsFile, BidsName, Pattern


def files(*stems, root="derivatives/manual"):
    return [
        BidsFile(Path(root, f"{stem}.nii.gz"), Path(root), "", BidsName.parse(stem))
        for stem in stems
    ]


def picked(pattern, *stems):
    return [file.path.name for file in Pattern.parse(pattern).pick(files(*stems))]


def test_a_name_is_entities_and_a_suffix():
    name = BidsName.parse("sub-01_ses-02_acq-highres_T1w")
    assert name.entities == {"sub": "01", "ses": "02", "acq": "highres"}
    assert (name.subject, name.session, name.suffix) == ("sub-01", "ses-02", "T1w")


def test_values_with_other_signs_and_suffixes_in_lower_case_are_read():
    name = BidsName.parse("sub-stroke.9-b_flair")
    assert (name.subject, name.session, name.suffix) == ("sub-stroke.9-b", "", "flair")


@pytest.mark.parametrize(
    "text", ["sub-01", "sub-01_", "sub_T1w", "sub-_T1w", "-01_T1w", "sub-1_sub-2_T1w", ""]
)
def test_what_has_another_form_is_no_name(text):
    assert BidsName.parse(text) is None


def test_a_pattern_asks_for_its_suffix_and_all_its_entities():
    stems = ("sub-01_acq-highres_T1w", "sub-01_acq-low_T1w", "sub-01_acq-highres_T2w")
    assert picked("acq-highres_T1w", *stems) == ["sub-01_acq-highres_T1w.nii.gz"]
    assert picked("PDw", *stems) == []


def test_case_matters_as_on_most_disks():
    assert picked("flair", "sub-01_FLAIR", "sub-01_flair") == ["sub-01_flair.nii.gz"]


def test_a_name_without_further_entities_is_taken_before_others():
    stems = ("sub-01_ce-gadolinium_T1w", "sub-01_T1w")
    assert picked("T1w", *stems) == ["sub-01_T1w.nii.gz"]
    assert picked("T1w", *stems[:1]) == ["sub-01_ce-gadolinium_T1w.nii.gz"]


def test_a_repeat_of_an_image_leaves_open_which_is_meant():
    stems = ("sub-01_T1w", "sub-01_run-2_T1w", "sub-01_acq-x_T1w")
    assert len(picked("T1w", *stems)) == 2
    assert picked("run-2_T1w", *stems) == ["sub-01_run-2_T1w.nii.gz"]


def test_a_pattern_with_a_folder_takes_files_of_that_dataset_alone():
    both = [*files("sub-01_mask"), *files("sub-01_mask", root="derivatives/auto")]
    assert len(Pattern.parse("mask").pick(both)) == 2
    (file,) = Pattern.parse("auto/mask").pick(both)
    assert file.root.name == "auto"


@pytest.mark.parametrize("text", ["", "acq-highres", "sub-01_T1w", "ses-1_T1w", "a/b/T1w", "x/"])
def test_what_names_no_file_is_no_pattern(text):
    with pytest.raises(ValueError, match="is no suffix, with or without entities"):
        Pattern.parse(text)

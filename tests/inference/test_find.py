from pathlib import Path

import pytest

from radflow.errors import ImageError
from radflow.inference.find import Found, find_examinations, find_images


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_pictures_are_images_only_where_they_are_asked_for(tmp_path: Path) -> None:
    touch(tmp_path, "a.nii.gz", "b.PNG", "c.jpeg", "d.tif", "e.txt", ".f.png", "sub/g.png")
    assert find_images([tmp_path]) == [tmp_path / "a.nii.gz"]
    found = find_images([tmp_path], pictures=True)
    assert [path.name for path in found] == ["a.nii.gz", "b.PNG", "c.jpeg", "d.tif"]
    with pytest.raises(ImageError, match=r"b.PNG: not named \*.nii or \*.nii.gz$"):
        find_images([tmp_path / "b.PNG"])


def test_each_folder_with_a_file_per_channel_is_an_examination(tmp_path: Path) -> None:
    touch(tmp_path, "p1/T1w.nii.gz", "p1/FLAIR.nii.gz", "p1/notes.txt", "p1/other.nii.gz")
    touch(tmp_path, "p2/sub-2_flair.nii", "p2/sub-2_T1W.nii", ".hidden/T1w.nii.gz")
    one, two = tmp_path / "p1", tmp_path / "p2"
    expected = [
        Found(one, (one / "T1w.nii.gz", one / "FLAIR.nii.gz")),
        Found(two, (two / "sub-2_T1W.nii", two / "sub-2_flair.nii")),
    ]
    assert find_examinations([tmp_path], ["T1w", "FLAIR"]) == expected
    assert find_examinations([one, tmp_path, two], ["T1w", "FLAIR"]) == expected


def test_a_channel_is_no_other_whose_name_it_ends_with(tmp_path: Path) -> None:
    touch(tmp_path, "T1.nii.gz", "postT1.nii.gz", "T1c.nii.gz")
    [found] = find_examinations([tmp_path], ["T1", "T1c"])
    assert [path.name for path in found.files] == ["T1.nii.gz", "T1c.nii.gz"]


def test_of_two_channels_that_fit_a_file_is_the_longer(tmp_path: Path) -> None:
    touch(tmp_path, "sub-1_T1w.nii.gz", "sub-1_ce-gadolinium_T1w.nii.gz")
    [found] = find_examinations([tmp_path], ["T1w", "ce-gadolinium_T1w"])
    assert [path.name for path in found.files] == [
        "sub-1_T1w.nii.gz",
        "sub-1_ce-gadolinium_T1w.nii.gz",
    ]


def test_all_that_is_wrong_with_examinations_is_listed_at_once(tmp_path: Path) -> None:
    touch(tmp_path, "all/p1/T1.nii.gz", "all/p2/a_T1.nii.gz", "all/p2/b_T1.nii.gz", "one.nii.gz")
    touch(tmp_path, "all/p2/FLAIR.nii.gz")
    with pytest.raises(ImageError) as caught:
        find_examinations(
            [tmp_path / "all", tmp_path / "one.nii.gz", tmp_path / "none"], ["T1", "FLAIR"]
        )
    lines = str(caught.value).splitlines()
    wanted = "one file for each channel, named *T1.nii.gz, *FLAIR.nii.gz"
    assert len(lines) == 5
    assert lines[1].endswith(f"p1: 0 files of FLAIR; it needs {wanted}")
    assert "p2: 2 files of T1" in lines[2]
    assert lines[3].endswith(f"one.nii.gz is a file: name a folder with {wanted}")
    assert "none does not exist" in lines[4]

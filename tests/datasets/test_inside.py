import pytest

from radflow.datasets.inside import inside, why_outside


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("../a", "'..'"),
        ("a/../../b", "'..'"),
        ("/etc/passwd", "absolute"),
        ("C:/a", "absolute"),
        ("a\\b", "backslashes"),
        ("", "empty"),
        ("a\0b", "empty or no path"),
    ],
)
def test_a_path_that_leaves_the_folder_is_said_why(tmp_path, text, why):
    assert why in why_outside(tmp_path, text)
    assert not inside(tmp_path, text)


def test_a_link_out_of_the_folder_is_found(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    assert "through a link" in why_outside(root, "link/secret")
    (root / "stays").symlink_to(root)
    assert inside(root, "stays/a.nii.gz")


def test_paths_in_the_folder_are_inside(tmp_path):
    assert inside(tmp_path, "./images/a b;c.png")


def test_a_loop_of_links_leads_to_no_file(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    # Python 3.13 passes over the loop, and then no file is there.
    assert not inside(tmp_path, "a/c") or not (tmp_path / "a/c").exists()

import errno

from radflow.datasets.storage import storage_problem


def test_a_full_disk_is_explained_with_what_is_free(tmp_path):
    message = storage_problem(OSError(errno.ENOSPC, "No space left"), tmp_path)
    assert message is not None
    assert message.startswith(f"{tmp_path}: the disk is full (")
    assert "Free space" in message


def test_a_read_only_folder_that_does_not_exist_yet_is_explained(tmp_path):
    message = storage_problem(OSError(errno.EROFS, "Read-only"), tmp_path / "new")
    assert message is not None
    assert "the disk is read-only. Free space or give the right to write" in message


def test_other_errors_are_not_explained_away(tmp_path):
    assert storage_problem(OSError(errno.ENOENT, "gone"), tmp_path) is None
    assert storage_problem(OSError("something"), tmp_path) is None

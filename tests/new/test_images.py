from own_data import write_picture, write_pictures

from radflow.new.images import detect


def test_folders_are_classes(tmp_path):
    found = detect(write_pictures(tmp_path / "wrapped" / "up", ["cat: 1", "NO"]).parents[0])
    assert found.targets == ("NO", "cat: 1")
    assert found.rules[0].value == {"NO": "NO", "cat: 1": "cat: 1"}
    assert (found.cases, len(found.subjects)) == (6, 6)
    assert found.flat
    assert "counts as a patient of its own" in found.remarks[0]


def test_folders_within_train_and_test_are_one_class(tmp_path):
    found = detect(write_pictures(tmp_path, ["train/a", "train/b", "test/a", "test/b"]))
    assert found.targets == ("a", "b")
    assert found.rules[0].value["test/a"] == "a"
    assert "may lie in more than one" in found.remarks[1]


def test_one_folder_or_loose_pictures_are_no_classes(tmp_path):
    assert detect(write_pictures(tmp_path / "one", ["a"])) is None
    write_pictures(tmp_path / "two", ["a", "b"])
    write_picture(tmp_path / "two" / "loose.png")
    assert detect(tmp_path / "two") is None


def test_subjects_have_the_ids_that_intake_gives_them(tmp_path):
    found = detect(write_pictures(tmp_path / "wrapped", ["a: 1", "b"], count=1))
    assert found.classes_of == {"a_1-00": {"a: 1"}, "b-10": {"b"}}
    assert found.subjects == ("a_1-00", "b-10")

import json

from own_data import write_msd

from radflow.new.msd import detect


def test_channels_classes_and_cases_are_those_of_the_list(tmp_path):
    found = detect(
        write_msd(tmp_path / "deep" / "x", cases=3, name="Brains", licence="CC0").parents[1]
    )
    assert found is not None
    assert (found.layout, found.cases, found.labelled) == ("msd", 3, 3)
    assert found.subjects == ("case_00", "case_01", "case_02")
    assert (found.channels, found.modality, found.sure) == (("T1",), "MR", True)
    assert found.classes == {0: "background", 1: "anterior", 2: "posterior"}
    assert found.about == {"title": "Brains", "licence": "CC0"}


def test_several_channels_are_in_the_order_of_their_numbers(tmp_path):
    names = {"1": "T2", "0": "FLAIR", "10": "CT x", "2": "T2"}
    found = detect(write_msd(tmp_path, cases=1, modality=names))
    assert found.channels == ("FLAIR", "T2", "T2-2", "CT x")


def test_ct_is_known_and_an_unknown_modality_is_a_guess(tmp_path):
    assert detect(write_msd(tmp_path / "a", cases=1, modality={"0": "CT"})).modality == "CT"
    assert not detect(write_msd(tmp_path / "b", cases=1, modality={"0": "thing"})).sure


def test_classes_that_do_not_count_up_are_told(tmp_path):
    found = detect(write_msd(tmp_path / "a", cases=1, labels={"0": "background", "2": "x"}))
    assert found.classes == {0: "background", 1: "x"}
    assert "must count 0, 1, 2" in found.remarks[0]
    found = detect(write_msd(tmp_path / "b", cases=1, labels=None))
    assert "names no classes" in found.remarks[0]


def test_other_data_are_not_taken(tmp_path):
    assert detect(tmp_path) is None
    for text in ("no json", "[]", json.dumps({"training": []}), json.dumps({"Name": "bids"})):
        (tmp_path / "dataset.json").write_text(text)
        assert detect(tmp_path) is None

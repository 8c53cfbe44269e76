from dataclasses import replace

import pytest
from cards import table_card
from pictures import grey

from radflow.datasets.checks.listing import Candidate
from radflow.datasets.delivered import kind_of, prepared


def test_files_are_told_apart_by_their_content(picture, make, tmp_path):
    dicom = tmp_path / "a.png.dcm"
    dicom.write_bytes(bytes(128) + b"DICM")
    assert kind_of(picture(name="a.tif").rename(tmp_path / "a.nii.gz")) == "picture"
    assert kind_of(make("b.png.nii.gz")) == "volume"
    assert kind_of(tmp_path) == "series"
    assert kind_of(dicom) == "series"
    assert kind_of(tmp_path / "missing") == "volume"


def test_volumes_stay_where_they_were_delivered(make, tmp_path):
    candidate = Candidate("a", "a", (make(),), None)
    assert prepared(candidate, table_card(), tmp_path / "converted") is candidate


@pytest.fixture
def mixed(make, picture):
    return Candidate("a", "a", (make("v.nii.gz"), picture(name="p.png")), picture(name="m.png"))


def test_what_is_converted_gets_a_place_of_its_own(mixed, tmp_path):
    card = table_card(images=["x", "y"], channels=["T1", "T2"], pixel_mm=1)
    ready = prepared(mixed, card, tmp_path / "converted")
    assert ready.images == (mixed.images[0], tmp_path / "converted/images/a_1.nii.gz")
    assert ready.label == tmp_path / "converted/labels/a.nii.gz"
    assert ready.flat
    assert not ready.images[1].exists()
    assert ready.prepare() == []
    assert ready.images[1].exists()
    assert ready.label.exists()


def test_every_file_of_a_case_is_looked_at_even_where_one_is_broken(mixed, picture, tmp_path):
    card = table_card(images=["x", "y"], channels=["T1", "T2"], pixel_mm=1)
    mixed.images[1].write_bytes(b"")
    broken = picture(grey(), "b.png")
    broken.write_bytes(b"\x89PNG")
    ready = prepared(replace(mixed, label=broken), card, tmp_path / "converted", pictures=False)
    findings = ready.prepare()
    assert [finding.level for finding in findings] == ["QUAR"]
    assert "a (label): " in findings[0].message


def test_a_layout_of_pictures_takes_every_file_for_one(make, tmp_path):
    ready = prepared(Candidate("a", "a", (make(),), None), table_card(), tmp_path, pictures=True)
    (finding,) = ready.prepare()
    assert (finding.rule, finding.level) == ("not-picture", "QUAR")

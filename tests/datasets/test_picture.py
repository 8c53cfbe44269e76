import numpy as np
import pytest
from nibabel.orientations import aff2axcodes
from pictures import COLUMNS, ROWS, grey, refused
from PIL import ExifTags, Image

from radflow.datasets.checks.image import examine_image
from radflow.datasets.picture import is_picture
from radflow.imaging.volume import read_volume


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.TIFF"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_values_are_kept_as_stored(picture, convert, name, dtype):
    made = grey(dtype, np.iinfo(dtype).max + 1)
    array, findings = convert(picture(made, name))
    assert (array.dtype, findings) == (dtype, [])
    np.testing.assert_array_equal(array, made)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_wide_values_of_a_tiff_are_kept_as_stored(picture, convert, dtype):
    made = (grey(np.int64, 1 << 20) - 1000).astype(dtype)
    array, _ = convert(picture(made, "a.tif"))
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, made)


def test_a_jpeg_gives_what_its_decoder_gives(picture, convert):
    path = picture(name="a.jpg")
    np.testing.assert_array_equal(convert(path)[0], np.asarray(Image.open(path)))


def test_a_picture_shows_upright_in_radiological_convention(picture, convert, tmp_path):
    made = np.zeros((ROWS, COLUMNS), np.uint8)
    made[0, 0], made[0, -1], made[-1, 0] = 10, 20, 30
    convert(picture(made), pixel_mm=0.25)
    volume = read_volume(tmp_path / "converted/a.nii.gz")
    assert volume.array.shape == (COLUMNS, ROWS, 1)
    assert aff2axcodes(volume.affine) == ("L", "P", "S")
    place = {int(volume.array[v]): volume.affine[:2] @ [*v, 1] for v in np.ndindex(60, 40, 1)}
    assert place[10][0] > place[20][0]  # left edge: the patient's right (+x)
    assert place[10][1] > place[30][1]  # top: the front (+y)
    assert volume.spacing_mm == (0.25, 0.25, 1.0)


def test_a_converted_picture_passes_the_checks_of_a_flat_image_only(picture, convert, rules):
    def rules_of(*, flat):
        path = picture(grey(top=200))
        convert(path)
        path = path.parent / "converted/a.nii.gz"
        return {f.rule for f in examine_image(path, rules, case="case_1", flat=flat)[1]}

    assert rules_of(flat=True) == {"eight-bits"}
    assert rules_of(flat=False) >= {"thin", "field-of-view"}


def test_unknown_pixel_size_is_noted_and_written_as_1_mm(picture, convert, tmp_path):
    _, (finding,) = convert(picture(), pixel_mm=None)
    assert (finding.rule, finding.level) == ("pixel-size", "NOTE")
    assert read_volume(tmp_path / "converted/a.nii.gz").spacing_mm == (1, 1, 1)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_picture_is_stored_as_its_metadata_turn_it(picture, convert, name):
    image = Image.fromarray(grey())
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = 6
    path = picture(image, name, exif=exif)
    array, findings = convert(path)
    assert [(f.rule, f.level) for f in findings] == [("turned", "FIX")]
    assert "EXIF orientation 6" in findings[0].message
    expected = np.rot90(grey(), -1)
    worst = 60 if name == "a.jpg" else 0  # lossy, of noise
    assert np.abs(array.astype(int) - expected).max() <= worst


@pytest.mark.parametrize("turn", [2, 6])
def test_a_turned_tiff_is_quarantined(picture, convert, turn):
    image = Image.fromarray(grey())
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = turn
    finding = refused(convert(picture(image, "a.tif", exif=exif)))
    assert (finding.rule, finding.fault, finding.level) == ("turned-tiff", 24, "QUAR")
    assert f"(orientation {turn})" in finding.message


def test_a_file_of_several_pages_stops_with_their_number(picture, convert):
    path = picture(name="a.tif", save_all=True, append_images=[Image.fromarray(grey())] * 2)
    finding = refused(convert(path))
    assert (finding.rule, finding.fault, finding.level) == ("pages", 26, "STOP")
    assert "3 pictures in one file" in finding.message


def test_a_name_that_does_not_fit_the_content_is_read_by_the_content(picture, convert, tmp_path):
    path = picture().rename(tmp_path / "a.jpg")
    array, (finding,) = convert(path)
    assert (finding.rule, finding.fault, finding.level) == ("suffix", 10, "FIX")
    assert "'a.jpg' should end in .png" in finding.message
    np.testing.assert_array_equal(array, grey())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("empty-file", 2, "0 bytes")),
        (b"<!DOCTYPE html><title>Log in", ("web-page", 3, "a web page")),
        (b"BM" + bytes(100), ("not-picture", 10, "neither PNG, JPEG nor TIFF")),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), ("damaged-picture", 6, "a.png")),
        (b"II*\0" + bytes(40), ("damaged-picture", 6, "a.png")),
    ],
)
def test_what_is_no_picture_is_quarantined(convert, tmp_path, content, expected):
    rule, fault, text = expected
    path = tmp_path / "a.png"
    path.write_bytes(content)
    finding = refused(convert(path))
    assert (finding.rule, finding.fault, finding.level) == (rule, fault, "QUAR")
    assert text in finding.message
    assert str(tmp_path) not in finding.message


def test_a_picture_that_cannot_be_opened_stops(convert, tmp_path):
    (tmp_path / "a.png").mkdir()
    finding = refused(convert(tmp_path / "a.png"))
    assert (finding.rule, finding.fault, finding.level) == ("unreadable", 12, "STOP")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_whatever_bytes_change_a_picture_is_converted_or_refused(picture, convert, name):
    sound = picture(name=name).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        content = bytearray(sound[: rng.integers(4, len(sound) + 1)])
        for place in rng.integers(4, len(content), rng.integers(0, 6), endpoint=True):
            content[min(place, len(content) - 1)] = rng.integers(256)
        path = picture(name=name)
        path.write_bytes(content)
        array, findings = convert(path)
        (path.parent / "converted/a.nii.gz").unlink(missing_ok=True)
        assert (array is None) == any(f.level in ("STOP", "QUAR") for f in findings)


def test_a_missing_picture_stops(convert, tmp_path):
    finding = refused(convert(tmp_path / "b.png"))
    assert (finding.rule, finding.fault, finding.level) == ("missing-file", 1, "STOP")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_a_truncated_picture_is_quarantined(picture, convert, name):
    path = picture(name=name)
    path.write_bytes(path.read_bytes()[:-60])
    finding = refused(convert(path))
    assert (finding.rule, finding.fault, finding.level) == ("truncated", 4, "QUAR")


def test_one_flipped_byte_of_a_png_is_quarantined(picture, convert):
    path = picture()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    finding = refused(convert(path))
    assert (finding.rule, finding.fault, finding.level) == ("damaged-picture", 6, "QUAR")


def test_more_pixels_than_allowed_are_quarantined_before_they_are_decoded(picture, convert):
    finding = refused(convert(picture(), most_voxels=2399))
    assert (finding.rule, finding.fault, finding.level) == ("voxel-budget", 8, "QUAR")
    assert "60 x 40 = 2400 pixels, the bound is 2399" in finding.message


def test_a_bomb_is_quarantined(picture, convert, monkeypatch):
    path = picture()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert refused(convert(path, most_voxels=10**9)).rule == "voxel-budget"


def test_pictures_are_recognised_by_their_content(picture, make):
    assert is_picture(picture(name="a.tif"))
    assert not is_picture(make("a.png.nii.gz"))


def test_equal_pictures_give_equal_bytes(picture, convert, tmp_path):
    convert(picture())
    first = (tmp_path / "converted/a.nii.gz").read_bytes()
    convert(picture())
    assert (tmp_path / "converted/a.nii.gz").read_bytes() == first

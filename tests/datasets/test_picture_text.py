import numpy as np
import pytest
from pictures import grey, refused
from PIL import ExifTags, Image, PngImagePlugin


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("Patient", "x"),
        ("Comment", "DOE^JANE"),
        ("Comment", "seen 1962-03-04"),
        ("Description", "MRN 1234567"),
        ("Comment", "jane@doe.example"),
    ],
)
def test_text_that_may_name_somebody_is_quarantined_and_not_repeated(picture, convert, key, text):
    info = PngImagePlugin.PngInfo()
    info.add_text(key, text)
    path = picture(pnginfo=info)
    finding = refused(convert(path))
    assert (finding.rule, finding.fault, finding.level) == ("picture-text", 57, "QUAR")
    assert repr(key) in finding.message
    assert text not in finding.message.removeprefix("case_1").replace(key, "") or text == "x"
    _, (excused,) = convert(path, pseudonyms=True)
    assert excused.level == "FIX"


def test_other_metadata_are_dropped_with_their_keys_named(picture, convert):
    image = Image.fromarray(grey())
    exif = image.getexif()
    exif[ExifTags.Base.Software] = "Paint 2020-01-02"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    array, (finding,) = convert(picture(image, exif=exif))
    assert (finding.rule, finding.fault, finding.level) == ("picture-metadata", 57, "FIX")
    assert "Software" in finding.message
    assert "GPS" in finding.message
    np.testing.assert_array_equal(array, grey())


def test_a_name_in_exif_is_quarantined(picture, convert):
    image = Image.fromarray(grey())
    exif = image.getexif()
    exif[ExifTags.Base.ImageDescription] = "Doe^Jane"
    assert refused(convert(picture(image, "a.jpg", exif=exif))).rule == "picture-text"


def test_comments_of_windows_are_read_too(picture, convert):
    image = Image.fromarray(grey())
    exif = image.getexif()
    exif[0x9C9C] = "DOE^JANE".encode("utf-16-le")
    finding = refused(convert(picture(image, "a.jpg", exif=exif)))
    assert (finding.rule, finding.level) == ("picture-text", "QUAR")
    assert "['XPComment']" in finding.message


def test_dates_that_a_program_wrote_name_nobody(picture, convert):
    info = PngImagePlugin.PngInfo()
    info.add_text("date:create", "2020-01-02")
    info.add_itxt("XML:com.adobe.xmp", "<x><xmp:CreateDate>2020-01-02</xmp:CreateDate></x>")
    _, (finding,) = convert(picture(pnginfo=info))
    assert (finding.rule, finding.level) == ("picture-metadata", "FIX")

import struct
import zlib

import numpy as np
import pytest
from pictures import fixed, grey, refused
from PIL import Image, TiffImagePlugin


@pytest.mark.parametrize(("depth", "top"), [(1, 2), (2, 4), (4, 16)])
def test_few_bits_are_kept_as_8_with_the_values_that_are_stored(picture, convert, depth, top):
    made = grey(top=top)
    scale = 255 // (top - 1)
    image = Image.fromarray(made * np.uint8(scale))
    path = picture(image.convert("1") if depth == 1 else image, bits=depth)
    if depth > 1:
        path.write_bytes(png_of_depth(made, depth))
    np.testing.assert_array_equal(fixed(convert(path), "few-bits"), made)


def png_of_depth(values, depth):
    """Write a grey PNG of 2 or 4 bits by the specification, which Pillow does not."""
    bits = (values[..., None] >> np.arange(depth - 1, -1, -1)) & 1
    packed = np.packbits(bits.reshape(len(values), -1).astype(np.uint8), axis=1)
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    return png(rows, width=values.shape[1], height=values.shape[0], depth=depth)


def png(rows, *, width, height, depth, colour=0):
    def chunk(name, data):
        size, check = struct.pack(">I", len(data)), struct.pack(">I", zlib.crc32(name + data))
        return size + name + data + check

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_grey_that_is_stored_as_colour_becomes_grey(picture, convert, mode):
    image = Image.fromarray(grey()).convert("RGB" if mode == "P" else mode)
    if mode == "P":
        image = Image.fromarray(grey())
        image.putpalette([value for level in range(256) for value in [255 - level] * 3])
    expected = 255 - grey() if mode == "P" else grey()
    np.testing.assert_array_equal(fixed(convert(picture(image)), "grey"), expected)


def test_true_colour_stops_with_how_far_the_channels_differ(picture, convert):
    made = np.repeat(grey()[..., None], 3, axis=2)
    made[3, 4] = (10, 50, 10)
    finding = refused(convert(picture(made)))
    assert (finding.rule, finding.fault, finding.level) == ("colour", 26, "STOP")
    assert "differ in 1 of 2400 pixels, by up to 40" in finding.message


def test_a_palette_of_colours_stops_as_an_image_and_gives_indices_as_a_label(picture, convert):
    image = Image.fromarray(grey(top=3))
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    path = picture(image)
    assert refused(convert(path)).rule == "colour"
    array, (finding,) = convert(path, role="label")
    assert (finding.rule, finding.level) == ("palette", "NOTE")
    np.testing.assert_array_equal(array, grey(top=3))


def test_transparent_pixels_stop_with_their_number(picture, convert):
    image = Image.fromarray(grey()).convert("RGBA")
    image.putpixel((2, 3), (7, 7, 7, 100))
    finding = refused(convert(picture(image)))
    assert (finding.rule, finding.level) == ("colour", "STOP")
    assert "1 of 2400 pixels are transparent" in finding.message


def test_16_bits_a_channel_stop_rather_than_lose_half_of_them(convert, tmp_path):
    rows = b"".join(b"\0" + b"\x12\x34" * 3 * 8 for _ in range(8))
    path = tmp_path / "a.png"
    path.write_bytes(png(rows, width=8, height=8, depth=16, colour=2))
    finding = refused(convert(path))
    assert (finding.rule, finding.level) == ("colour", "STOP")
    assert "16 bits" in finding.message


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_as_0_is_inverted_and_refused_in_a_label_map(picture, convert, dtype):
    made = grey(dtype)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[262] = 0
    path = picture(made, "a.tif", tiffinfo=tags)
    # Pillow inverts 8 bits as it writes them, and 16 bits neither there nor when it reads.
    expected = made if dtype == np.uint8 else 65535 - made
    assert refused_label(convert, path) is None
    np.testing.assert_array_equal(fixed(convert(path), "inverted"), expected)


def refused_label(convert, path):
    array, (finding,) = convert(path, role="label")
    assert (finding.rule, finding.fault, finding.level) == ("white-is-zero", 40, "STOP")
    return array

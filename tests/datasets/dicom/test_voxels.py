import io

import numpy as np
import pydicom
import pytest
from dicom_files import voxels
from PIL import Image

from radflow.datasets.checks.finding import Level


def test_values_beyond_the_stored_bits_are_an_impossible_sign(found):
    """Fault 41: negative 16-bit values under a header of 12 unsigned bits."""

    def unsigned(made, _):
        made.PixelData = (voxels(1)[0] - 1000).astype(np.int16).tobytes()
        made.PixelRepresentation, made.BitsStored, made.HighBit = 0, 12, 11

    fault, level, message = found(change=unsigned)["dicom-sign"]
    assert (fault, level) == (41, Level.QUAR)
    assert "0 to 4095" in message


def test_impossible_hounsfield_units_are_an_impossible_sign(found):
    """Fault 41: air at -1000 HU read as unsigned."""

    def unsigned(made, _):
        made.PixelData = (voxels(1)[0] - 1000).astype(np.int16).tobytes()
        made.PixelRepresentation = 0

    fault, level, message = found(modality="CT", change=unsigned)["dicom-range"]
    assert (fault, level) == (41, Level.QUAR)
    assert "HU" in message


def test_a_codestream_of_another_sign_than_its_header_is_quarantined(found):
    """Fault 41, as in JPEG 2000 of some archives."""

    def encode(made, number):
        stream = io.BytesIO()
        Image.fromarray(voxels().astype(np.uint16)[number]).save(stream, "JPEG2000", no_jp2=True)
        made.PixelData = pydicom.encaps.encapsulate([stream.getvalue()])
        made["PixelData"].is_undefined_length = True
        made.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
        made.PixelRepresentation = 1

    def matching(made, number):
        encode(made, number)
        made.PixelRepresentation = 0

    assert found(change=matching) == {}
    assert found(change=encode)["dicom-codestream"][:2] == (41, Level.QUAR)


@pytest.mark.parametrize("syntax", [pydicom.uid.JPEGLSLossless, pydicom.uid.RLELossless])
def test_compressed_voxels_are_read(found, syntax):
    def compress(made, _):
        made.compress(syntax, encoding_plugin="pyjpegls" if "LS" in syntax.keyword else "pydicom")

    assert found(array=voxels().astype(np.uint16), change=compress) == {}


@pytest.mark.parametrize(
    "syntax", [pydicom.uid.JPEGLSLossless, pydicom.uid.JPEG2000Lossless, pydicom.uid.RLELossless]
)
def test_a_frame_of_other_extents_than_its_header_is_refused_before_decoding(
    found, monkeypatch, syntax
):
    """Fault 8: a codestream could claim any size."""

    def compress(made, _):
        if syntax == pydicom.uid.JPEG2000Lossless:
            stream = io.BytesIO()
            Image.fromarray(made.pixel_array.astype(np.uint16)).save(
                stream, "JPEG2000", no_jp2=True
            )
            made.PixelData = pydicom.encaps.encapsulate([stream.getvalue()])
            made["PixelData"].is_undefined_length = True
            made.file_meta.TransferSyntaxUID = syntax
        else:
            made.compress(syntax, encoding_plugin="")
        made.Rows, made.Columns = 1200, 1600

    monkeypatch.setattr("radflow.datasets.dicom.voxels.get_decoder", None)
    assert found(array=voxels().astype(np.uint16), change=compress)["dicom-voxels"][:2] == (
        55,
        Level.QUAR,
    )


def test_overlays_in_unused_bits_are_no_values(found):
    """Old files keep drawings in the bits above those of the voxels."""

    def overlay(made, number):
        made.BitsStored, made.HighBit = 12, 11
        made.add_new(0x60000102, "US", 15)
        made.PixelData = (voxels()[number].astype(np.uint16) | 0x8000).tobytes()

    assert found(array=voxels().astype(np.uint16), change=overlay) == {}

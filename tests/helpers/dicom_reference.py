"""What pydicom and dcm2niix make of DICOM files, to compare a conversion with."""

import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.finding import refusals
from radflow.datasets.dicom.convert import convert_series

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def convert(files, target, **rules):
    return convert_series(
        files, target, case="P-01", role="image T1", rules=IntakeRules.model_validate(rules)
    )


def volume(files, target, **rules):
    """Convert what must convert; give the image."""
    assert refusals(convert(files, target, **rules)) == []
    return nib.load(target)


def places(files):
    """Where pydicom puts three voxels of every slice: (value, row, column, RAS mm)."""
    for path in files:
        header = pydicom.dcmread(path)
        first = np.array(header.ImagePositionPatient, float)
        along_row, along_column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
        down, across = map(float, header.PixelSpacing)
        for row, column in ((0, 0), (header.Rows - 1, 1), (2, header.Columns - 1)):
            place = first + along_row * across * column + along_column * down * row
            yield header.pixel_array[row, column], row, column, LPS_TO_RAS @ place


def assert_placed(files, image):
    """Every voxel that pydicom places lies within 1e-3 mm of the image's own, with its value."""
    array, inverse = np.asanyarray(image.dataobj), np.linalg.inv(image.affine)
    for value, row, column, place in places(files):
        i, j, k = index = np.rint(inverse[:3, :3] @ place + inverse[:3, 3]).astype(int)
        assert (i, j) == (column, row)
        assert array[i, j, k] == value
        assert np.linalg.norm(image.affine[:3, :3] @ index + image.affine[:3, 3] - place) < 1e-3


def reference(files, tmp_path):
    """The volume that dcm2niix makes, in RAS order."""
    folder = tmp_path / "reference"
    folder.mkdir()
    for number, path in enumerate(files):
        (folder / f"{number:03d}.dcm").write_bytes(path.read_bytes())
    program = Path(sys.executable).with_name("dcm2niix")
    options = ["-b", "n", "-z", "n", "-f", "volume", "-o", str(tmp_path)]
    subprocess.run([program, *options, str(folder)], check=True, capture_output=True, timeout=60)
    return nib.as_closest_canonical(nib.load(tmp_path / "volume.nii"))

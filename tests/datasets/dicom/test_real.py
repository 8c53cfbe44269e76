import warnings

import highdicom
import nibabel as nib
import numpy as np
import pydicom
import pytest
from dicom_reference import assert_placed, reference, volume
from mirror import mirrored

from radflow.config.dataset import ArchiveCaps
from radflow.datasets.archive import unpack


@pytest.fixture(scope="module")
def real_series(tmp_path_factory):
    archive = mirrored("tcia-brain-tumor-dicom_2.tar.gz")
    folder = tmp_path_factory.mktemp("real")
    unpack(archive, folder, ArchiveCaps())
    return {path.name: sorted(path.iterdir()) for path in sorted(folder.glob("*/*/*"))}


@pytest.mark.real_data
def test_real_series_lie_where_pydicom_and_highdicom_put_them(real_series, tmp_path):
    assert len(real_series) == 7
    for name, files in real_series.items():
        image = volume(files, tmp_path / f"{name}.nii.gz")
        assert_placed(files, image)
        with warnings.catch_warnings(action="ignore"):
            other = highdicom.get_volume_from_series([pydicom.dcmread(path) for path in files])
        ours = nib.as_closest_canonical(image)
        swapped = other.array.transpose(2, 1, 0)
        affine = np.diag([-1, -1, 1, 1]) @ other.affine[:, [2, 1, 0, 3]]
        theirs = nib.as_closest_canonical(nib.Nifti1Image(swapped, affine))
        np.testing.assert_array_equal(np.asanyarray(ours.dataobj), theirs.get_fdata())
        centre = [*(np.array(ours.shape) / 2), 1]
        np.testing.assert_allclose(ours.affine @ centre, theirs.affine @ centre, atol=0.01)


@pytest.mark.real_data
def test_real_series_are_as_dcm2niix_converts_them(real_series, tmp_path):
    for name in ("37916-T2reg-88910", "11-T1post-18670"):
        folder = tmp_path / name
        folder.mkdir()
        image = nib.as_closest_canonical(volume(real_series[name], folder / "ours.nii.gz"))
        expected = reference(real_series[name], folder)
        np.testing.assert_array_equal(image.get_fdata(), expected.get_fdata())
        centre = [*(np.array(image.shape) / 2), 1]
        np.testing.assert_allclose(image.affine @ centre, expected.affine @ centre, atol=0.01)

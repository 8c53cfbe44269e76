"""The sample of ISLES'22: suffixes in lower case, two trees, three grids, times in ms."""

import nibabel as nib
import numpy as np
import pytest
from bids_tree import bids_card
from mirror import mirrored

from radflow.datasets.examination import examine_archives

ISLES = {"images": {"dwi": "dwi", "adc": "adc", "flair": "flair"}, "label": "msk"}


@pytest.fixture
def isles(tmp_path):
    archive = mirrored("isles22-sample.tar")

    def examine(**rules):
        card = bids_card(ISLES, intake=rules)
        return examine_archives([archive], card, tmp_path / "scratch")

    return examine


@pytest.mark.real_data
def test_a_real_case_on_three_grids_is_refused_with_what_to_declare(isles):
    examined = isles()
    assert (examined.listed, examined.accepted) == (1, ())
    (stop,) = [finding for finding in examined.findings if finding.level == "STOP"]
    assert (stop.rule, stop.fault) == ("channel-shape", 29)
    assert "flair.nii.gz): shape (512, 512, 29) differs" in stop.message
    assert "`intake: other_grids: resample`" in stop.remedy


@pytest.mark.real_data
def test_a_real_case_on_three_grids_is_accepted_where_resampling_is_declared(isles):
    examined = isles(other_grids="resample")
    (case,) = examined.accepted
    assert (case.case, case.subject) == ("sub-strokecase0009_ses-0001", "sub-strokecase0009")
    assert case.label_voxels == {0: 915189, 1: 523}
    assert case.acquisition == {
        "manufacturer": "Philips Medical Systems",
        "model": "Achieva dStream",
        "field_strength_t": "3",
        "tr_ms": "9931.85",
        "te_ms": "55",
        "flip_angle_deg": "90",
        "slice_thickness_mm": "2",
    }
    images = [nib.load(path) for path in case.images]
    assert {image.shape for image in images} == {(112, 112, 73)}
    np.testing.assert_allclose(images[2].affine, images[0].affine, atol=1e-4)
    assert images[2].get_data_dtype() == np.float32
    rules = {finding.rule for finding in examined.findings if finding.level == "FIX"}
    assert rules == {"forms", "resampled"}

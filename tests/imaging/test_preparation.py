import numpy as np
import pytest
from pydantic import ValidationError

from radflow.imaging.normalise import windowed, zscore
from radflow.imaging.preparation import Preparation

SPACING = (1.0, 1.0, 2.0)
WINDOWS = ((0.0, 80.0), (-1000.0, 400.0))


@pytest.fixture
def hu():
    return np.random.default_rng(0).normal(30, 200, (2, 4, 5, 6)).astype(np.int16)


def test_mr_is_standardised_and_nothing_is_fitted(hu):
    plan = Preparation(spacing_mm=SPACING, normalisation="zscore")
    np.testing.assert_array_equal(plan.intensities(hu, case="a"), zscore(hu, case="a"))
    assert not plan.fits_intensity
    assert plan.image_channels(["T1", "T2"]) == ("T1", "T2")


def test_ct_without_windows_stays_in_hu_for_the_folds_to_fit(hu):
    plan = Preparation(spacing_mm=SPACING, normalisation="ct")
    result = plan.intensities(hu, case="a")
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, hu)
    assert plan.fits_intensity
    assert plan.image_channels(["CT"]) == ("CT",)


def test_ct_in_windows_has_a_channel_of_each_and_nothing_is_fitted(hu):
    plan = Preparation(spacing_mm=SPACING, normalisation="ct", windows_hu=WINDOWS)
    np.testing.assert_array_equal(plan.intensities(hu, case="a"), windowed(hu, WINDOWS))
    assert not plan.fits_intensity
    names = plan.image_channels(["plain", "contrast"])
    assert names[:2] == ("plain 0..80 HU", "plain -1000..400 HU")
    assert len(names) == len(plan.intensities(hu, case="a")) == 4


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"normalisation": "minmax"}, "'zscore' or 'ct'"),
        ({"windows_hu": []}, "windows_hu: an empty list"),
        ({"windows_hu": [[80, 0]]}, r"windows_hu: \[80, 0\] must be the lower bound"),
        ({"windows_hu": [[0, 80]] * 2}, r"\[0, 80\] stands twice"),
        ({"windows_hu": [[0, float("inf")]]}, "finite"),
        ({"windows_hu": [[0, 80]], "normalisation": "zscore"}, "only 'ct' has windows, .*'zscore'"),
        ({"clip": True}, "Extra inputs are not permitted"),
    ],
)
def test_what_can_not_be_prepared_is_refused(changes, complaint):
    record = {"spacing_mm": SPACING, "normalisation": "ct", **changes}
    with pytest.raises(ValidationError, match=complaint):
        Preparation.model_validate(record)

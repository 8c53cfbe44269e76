import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selected import training_cases

from radflow.errors import ImageError
from radflow.imaging.normalise import Intensity, to_scheme, zscore


@pytest.fixture
def image():
    return np.random.default_rng(0).normal(5, 2, (2, 6, 7, 8))


def test_each_channel_has_mean_0_and_sd_1(image):
    image[1] = image[1] * 1e6 - 3e9
    result = zscore(image, case="a")
    assert result.dtype == np.float32
    for channel in result.astype(float):
        assert channel.mean() == pytest.approx(0, abs=1e-6)
        assert channel.std() == pytest.approx(1, abs=1e-6)


@given(scale=st.sampled_from([1e-250, 1e-30, 1e-3, 1.0, 1e9, 1e38, 1e250]))
def test_the_scale_of_intensities_does_not_matter(scale):
    image = np.random.default_rng(0).normal(5, 2, (1, 6, 7, 8))
    np.testing.assert_allclose(zscore(image * scale, case="a"), zscore(image, case="a"), atol=1e-6)


def test_integers_do_not_overflow():
    image = np.array([0, 65535] * 4, np.uint16).reshape(1, 2, 2, 2)
    np.testing.assert_array_equal(np.unique(zscore(image, case="a")), [-1, 1])


def test_the_image_given_is_not_changed(image):
    before = image.copy()
    zscore(image, case="a")
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e30])
def test_a_constant_channel_is_refused_by_name(image, value):
    image[1] = value
    with pytest.raises(ImageError, match=r"case head-7: every voxel of channel 1 is .*leave"):
        zscore(image, case="head-7")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxels_that_are_not_finite_are_counted(image, value):
    image[0, :2, 0, 0] = value
    with pytest.raises(ImageError, match="case a: 2 voxels of channel 0"):
        zscore(image, case="a")


def test_ct_stays_in_hu_within_the_window():
    image = np.array([-1000, 0, 34, 68, 1200], np.int16).reshape(1, 5, 1, 1)
    within = to_scheme(image, "ct", window_hu=(0, 80), case="a")
    assert within.dtype == np.float32
    assert within.ravel().tolist() == [0, 0, 34, 68, 80]
    assert (
        to_scheme(image, "ct", window_hu=None, case="a").ravel().tolist() == image.ravel().tolist()
    )


def test_an_unknown_scheme_is_refused_with_those_there_are(image):
    with pytest.raises(ImageError, match="case a: there is no normalisation 'minmax'; known: zsc"):
        to_scheme(image, "minmax", window_hu=None, case="a")


@pytest.fixture
def training():
    rng = np.random.default_rng(1)
    cases = []
    for _ in range(3):
        label = np.zeros((10, 10, 10), np.uint8)
        label[2:8, 2:8, 2:8] = rng.integers(1, 3, (6, 6, 6))
        image = np.where(label > 0, np.rint(rng.normal(60, 20, label.shape)), -1000)
        cases.append((image[None].astype(np.float32), label))
    return cases


def fit(cases):
    named = {f"case-{number}": case for number, case in enumerate(cases)}
    return Intensity.fit(training_cases(named), named.__getitem__)


def test_ct_is_fitted_on_the_target_voxels(training):
    values = np.concatenate([image[0][label > 0] for image, label in training])
    intensity = fit(training)
    assert intensity.mean == pytest.approx(values.mean())
    assert intensity.sd == pytest.approx(values.std())
    assert intensity.low == pytest.approx(np.percentile(values, 0.5), abs=2)
    assert intensity.high == pytest.approx(np.percentile(values, 99.5), abs=2)


def test_the_order_of_cases_does_not_matter(training):
    assert fit(training[::-1]) == fit(training)


def test_ct_is_clipped_and_standardised(training):
    intensity = fit(training)
    result = intensity.apply(np.array([-3000, intensity.mean, 9000], np.float32))
    expected = [(intensity.low - intensity.mean) / intensity.sd, 0]
    expected.append((intensity.high - intensity.mean) / intensity.sd)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_a_fit_survives_its_record(training):
    intensity = fit(training)
    assert Intensity(**intensity.to_dict()) == intensity


def test_a_fit_without_target_voxels_is_refused(training):
    empty = [(image, np.zeros_like(label)) for image, label in training]
    with pytest.raises(ImageError, match=r"0 target voxels.*use zscore"):
        fit(empty)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selected import training_cases

from radflow.errors import ImageError
from radflow.imaging.normalise import Intensity, windowed, zscore


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


def test_each_window_is_a_channel_on_its_own_scale():
    hu = np.array([-1000, 0, 20, 68, 80, 340, 600, 1200], np.int16).reshape(1, 8, 1, 1)
    brain, bone = windowed(hu, [(0, 80), (80, 600)])
    assert brain.dtype == np.float32
    assert brain.ravel() == pytest.approx([-1, -1, -0.5, 0.7, 1, 1, 1, 1])
    assert bone.ravel() == pytest.approx([-1, -1, -1, -1, -1, 0, 1, 1])


@given(
    low=st.floats(-1024, 3000, width=32),
    width=st.floats(0.25, 4000, width=32),
    hu=st.lists(st.floats(-32768, 32767, width=32), min_size=1, max_size=9),
)
def test_the_bounds_of_a_window_are_exactly_minus_1_and_1(low, width, hu):
    image = np.array([low, low + width, *hu], np.float32).reshape(1, -1, 1, 1)
    scaled = windowed(image, [(low, low + width)]).ravel()
    assert scaled[:2].tolist() == [-1, 1]
    assert -1 <= scaled.min() <= scaled.max() <= 1
    order = np.argsort(image.ravel(), kind="stable")
    assert (np.diff(scaled[order]) >= 0).all()


def test_windows_of_the_first_channel_come_before_those_of_the_next(image):
    windows = [(0, 4), (4, 8), (-1, 9)]
    result = windowed(image, windows)
    assert result.shape == (6, 6, 7, 8)
    for number, channel in enumerate(image):
        for place, window in enumerate(windows):
            alone = windowed(channel[None], [window])[0]
            np.testing.assert_array_equal(result[number * 3 + place], alone)


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

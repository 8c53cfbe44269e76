"""Scans: noise of the right law, maps that measure their property, scanners that differ."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from radflow.phantom.scanner import Scan, Scanner, draw_scanner
from radflow.phantom.tissues import TISSUES

_KEY = (3, "phantom scan", 1)
_SHAPE = (24, 24, 24)
_PLAIN = Scanner("scanner-1", gain=1, tr=1, te=1, snr=1e6, bias=1e-6, slice_mm=1)


def _filled(tissue: str) -> dict[str, npt.NDArray[np.float32]]:
    return {"csf": np.zeros(_SHAPE, np.float32), tissue: np.ones(_SHAPE, np.float32)}


def _scan(tissue: str, sequence: str, scanner: Scanner = _PLAIN) -> npt.NDArray[np.float32]:
    return Scan(_filled(tissue), scanner, 2.0, _KEY).image(sequence)


def test_noise_in_air_follows_rayleighs_law() -> None:
    noisy = Scanner("scanner-1", gain=1, tr=1, te=1, snr=20, bias=0.1, slice_mm=1)
    air = _scan("air", "T1w", noisy)
    sd = 500 / 20
    assert air.min() >= 0
    assert air.mean() == pytest.approx(sd * np.sqrt(np.pi / 2), rel=0.02)
    assert air.std() == pytest.approx(sd * np.sqrt(2 - np.pi / 2), rel=0.02)


@pytest.mark.parametrize("tissue", ["grey", "white", "core-grey", "csf", "oedema"])
def test_the_adc_map_measures_the_tissue_s_diffusion(tissue: str) -> None:
    assert _scan(tissue, "ADC").mean() == pytest.approx(1000 * TISSUES[tissue].adc, rel=0.02)


@pytest.mark.parametrize("tissue", ["grey", "haematoma", "air", "bone"])
def test_ct_measures_attenuation_in_hounsfield_units(tissue: str) -> None:
    image = _scan(tissue, "CT")
    assert image.mean() == pytest.approx(TISSUES[tissue].hu, abs=0.5)
    assert 2 < image.std() < 6


def test_perfusion_is_in_ml_per_100_g_and_minute() -> None:
    assert _scan("grey", "CBF").mean() == pytest.approx(TISSUES["grey"].cbf, rel=0.03)


def test_a_voxel_of_two_tissues_shows_the_mean_of_their_signals() -> None:
    half = {name: np.full(_SHAPE, 0.5, np.float32) for name in ("grey", "white")}
    half["csf"] = np.zeros(_SHAPE, np.float32)
    mixed = Scan(half, _PLAIN, 2.0, _KEY).image("T2w")
    expected = (_scan("grey", "T2w") + _scan("white", "T2w")) / 2
    np.testing.assert_allclose(mixed, expected, rtol=1e-3)


def test_noise_is_the_same_again_and_another_in_another_sequence_or_subject() -> None:
    noisy = draw_scanner(1, 1)
    first = _scan("grey", "T1w", noisy)
    np.testing.assert_array_equal(first, _scan("grey", "T1w", noisy))
    other = Scan(_filled("grey"), noisy, 2.0, (3, "phantom scan", 2)).image("T1w")
    assert (first != other).mean() > 0.99


def test_thick_slices_mix_what_lies_above_and_below() -> None:
    layered = _filled("white")
    layered["white"][:, :, 12:] = 0
    layered["csf"][:, :, 12:] = 1
    thick = Scanner("scanner-1", gain=1, tr=1, te=1, snr=1e6, bias=1e-6, slice_mm=6)
    thin, mixed = (
        Scan(layered, scanner, 2.0, _KEY).image("T2w").mean((0, 1)) for scanner in (_PLAIN, thick)
    )
    assert mixed[11] > 1.1 * thin[11]
    assert mixed[12] < 0.95 * thin[12]
    volumes = [Scan(layered, each, 2.0, _KEY).image("T1w") for each in (_PLAIN, thick)]
    np.testing.assert_allclose(*volumes, rtol=1e-3)  # T1w is not made of slices


def test_scanners_differ_and_each_is_itself_again() -> None:
    three = [draw_scanner(1, number) for number in (1, 2, 3)]
    assert three == [draw_scanner(1, number) for number in (1, 2, 3)]
    for one, two in pairwise(three):
        assert one.gain != two.gain
        assert one.name != two.name


def test_the_receiver_s_sensitivity_is_smooth_and_as_strong_as_asked() -> None:
    uneven = Scanner("scanner-1", gain=1, tr=1, te=1, snr=1e6, bias=0.2, slice_mm=1)
    ratio = _scan("white", "T1w", uneven) / _scan("white", "T1w")
    assert np.log(ratio).std() == pytest.approx(0.2, rel=0.05)
    assert np.abs(np.diff(np.log(ratio), axis=0)).max() < 0.15

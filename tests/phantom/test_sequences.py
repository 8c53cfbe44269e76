"""Signal equations, against their closed forms and against what textbooks say of contrast."""

import math

import pytest

from radflow.phantom.sequences import (
    PROTOCOLS,
    Protocol,
    enhanced,
    gradient_echo,
    inversion_recovery,
    signals,
    spin_echo,
    varied,
)
from radflow.phantom.tissues import TISSUES

_GREY = TISSUES["grey"]


def test_a_spin_echo_with_endless_tr_and_no_te_shows_the_proton_density() -> None:
    assert spin_echo(_GREY, Protocol(tr=1e9, te=0)) == pytest.approx(_GREY.pd)


def test_a_spin_echo_loses_a_factor_e_in_t2() -> None:
    early, late = (spin_echo(_GREY, Protocol(tr=1e9, te=te)) for te in (10, 10 + _GREY.t2))
    assert early / late == pytest.approx(math.e)


def test_diffusion_weighting_follows_b_times_adc() -> None:
    plain, weighted = (spin_echo(_GREY, Protocol(tr=6000, te=80, b=b)) for b in (0, 1000))
    assert math.log(plain / weighted) == pytest.approx(_GREY.adc)


def test_an_inversion_nulls_the_tissue_whose_t1_fits() -> None:
    ti = _GREY.t1 * math.log(2)
    assert inversion_recovery(_GREY, Protocol(tr=1e9, te=10, ti=ti)) == pytest.approx(0, abs=1e-9)


def test_a_gradient_echo_is_brightest_at_the_ernst_angle() -> None:
    ernst = math.degrees(math.acos(math.exp(-18 / _GREY.t1)))
    best, lower, higher = (
        gradient_echo(_GREY, Protocol(tr=18, te=4, flip_degrees=ernst + away))
        for away in (0, -2, 2)
    )
    assert best > lower
    assert best > higher


def test_a_contrast_agent_shortens_t1_by_its_relaxivity() -> None:
    rim = TISSUES["enhancing"]
    rate = 1 / rim.t1 + 4.5 * rim.gadolinium / 1000
    assert enhanced(rim).t1 == pytest.approx(1 / rate)
    assert enhanced(_GREY) == _GREY


@pytest.mark.parametrize(
    ("sequence", "brighter", "darker"),
    [
        ("T1w", "white", "grey"),
        ("T1w", "grey", "csf"),
        ("T1w", "fat", "white"),
        ("T1w", "white", "oedema"),
        ("T1w", "oedema", "necrosis"),
        ("T1c", "enhancing", "white"),
        ("T1c", "vein", "white"),
        ("T1c", "white", "necrosis"),
        ("T2w", "csf", "grey"),
        ("T2w", "grey", "white"),
        ("T2w", "oedema", "grey"),
        ("T2w", "white", "haematoma"),
        ("PDw", "grey", "white"),
        ("FLAIR", "grey", "csf"),
        ("FLAIR", "grey", "white"),
        ("FLAIR", "oedema", "grey"),
        ("FLAIR", "oedema", "necrosis"),
        ("T2starw", "white", "microbleed"),
        ("T2starw", "white", "calcification"),
        ("T2starw", "white", "haematoma"),
        ("T2starw", "white", "vein"),
        ("b0", "csf", "grey"),
        ("b1000", "grey", "csf"),
        ("b1000", "core-grey", "grey"),
        ("b1000", "core-white", "white"),
        ("ADC", "white", "core-white"),
        ("ADC", "grey", "core-grey"),
        ("ADC", "csf", "oedema"),
        ("ADC", "necrosis", "grey"),
        ("CBF", "grey", "white"),
        ("CBF", "white", "penumbra-white"),
        ("CBF", "penumbra-grey", "core-grey"),
        ("CBF", "penumbra-white", "core-white"),
        ("CBF", "enhancing", "grey"),
        ("CT", "bone", "haematoma"),
        ("CT", "haematoma", "grey"),
        ("CT", "grey", "white"),
        ("CT", "grey", "core-grey"),
        ("CT", "white", "core-white"),
        ("CT", "core-white", "csf"),
        ("CT", "calcification", "haematoma"),
        ("CT", "csf", "fat"),
    ],
)
def test_contrast_has_the_sign_that_textbooks_give(
    sequence: str, brighter: str, darker: str
) -> None:
    bright = signals(sequence)
    assert bright[brighter] > 1.04 * bright[darker]


def test_fluid_is_nulled_in_flair() -> None:
    bright = signals("FLAIR")
    assert bright["csf"] < 0.15 * bright["grey"]


def test_a_varied_protocol_scales_its_times_alone() -> None:
    protocol = varied(PROTOCOLS["FLAIR"], tr=1.1, te=0.9)
    assert (protocol.tr, protocol.te) == pytest.approx((9900, 99))
    assert protocol.ti == PROTOCOLS["FLAIR"].ti

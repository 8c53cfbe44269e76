"""Signal equations: how bright a tissue is in a sequence.

The equations are the textbook ones (Bernstein, King and Zhou, Handbook of MRI Pulse Sequences,
2004, chapters 14 and 17): spin echo, inversion recovery, spoiled gradient echo. A voxel that holds
several tissues shows the sum of their signals, weighed by their shares: partial volume.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import cos, exp, radians, sin

from radflow.phantom.tissues import TISSUES, Tissue

_RELAXIVITY = (
    4.5  # of gadobutrol in whole blood at 3 T (Shen et al., Invest Radiol 50, 2015), l/mmol/s
)
_MS = 1000.0
_FAT_LEFT = 0.1  # of the signal of fat, after its suppression


@dataclass(frozen=True)
class Protocol:
    """A sequence.

    Attributes
    ----------
    tr, te, ti
        Repetition, echo and inversion time, ms.
    flip_degrees
        Angle of the excitation of a gradient echo.
    b
        Diffusion weighting, s/mm2.
    contrast_agent, fat_suppressed, two_dimensional
        Whether gadolinium was injected; fat is suppressed; slices are excited one by one.
    noise
        Against white matter's signal, as a multiple of that of T1w.
    """

    tr: float = 0.0
    te: float = 0.0
    ti: float = 0.0
    flip_degrees: float = 90.0
    b: float = 0.0
    contrast_agent: bool = False
    fat_suppressed: bool = False
    two_dimensional: bool = False
    noise: float = 1.0


PROTOCOLS: Mapping[str, Protocol] = {
    "T1w": Protocol(tr=18, te=4, flip_degrees=22),
    "T1c": Protocol(tr=18, te=4, flip_degrees=22, contrast_agent=True),
    "T2w": Protocol(tr=5000, te=95, two_dimensional=True),
    "PDw": Protocol(tr=5000, te=14, two_dimensional=True),
    "FLAIR": Protocol(tr=9000, te=110, ti=2480, two_dimensional=True, noise=1.3),
    "T2starw": Protocol(tr=650, te=22, flip_degrees=20),
    "b0": Protocol(tr=6000, te=80, fat_suppressed=True, two_dimensional=True, noise=1.5),
    "b1000": Protocol(tr=6000, te=80, b=1000, fat_suppressed=True, two_dimensional=True, noise=3.0),
}
"""Sequences that measure magnetisation; ADC, CBF and CT are maps of a property."""


def spin_echo(tissue: Tissue, protocol: Protocol) -> float:
    """Signal of a spin echo with diffusion weighting b, relative to that of water at TE 0."""
    recovery = 1 - exp(-protocol.tr / tissue.t1)
    diffusion = exp(-protocol.b * tissue.adc * 1e-3)
    return tissue.pd * recovery * exp(-protocol.te / tissue.t2) * diffusion


def inversion_recovery(tissue: Tissue, protocol: Protocol) -> float:
    """Magnitude after inversion, with a spin echo to read it."""
    recovery = 1 - 2 * exp(-protocol.ti / tissue.t1) + exp(-protocol.tr / tissue.t1)
    return tissue.pd * abs(recovery) * exp(-protocol.te / tissue.t2)


def gradient_echo(tissue: Tissue, protocol: Protocol) -> float:
    """Steady state of a spoiled gradient echo (Ernst)."""
    angle, e1 = radians(protocol.flip_degrees), exp(-protocol.tr / tissue.t1)
    steady = sin(angle) * (1 - e1) / (1 - cos(angle) * e1)
    return tissue.pd * steady * exp(-protocol.te / tissue.t2star)


_EQUATIONS: Mapping[str, Callable[[Tissue, Protocol], float]] = {
    "T1w": gradient_echo,
    "T1c": gradient_echo,
    "T2w": spin_echo,
    "PDw": spin_echo,
    "FLAIR": inversion_recovery,
    "T2starw": gradient_echo,
    "b0": spin_echo,
    "b1000": spin_echo,
}


def enhanced(tissue: Tissue) -> Tissue:
    """Shorten T1 by the contrast agent a tissue has taken up."""
    rate = 1 / tissue.t1 + _RELAXIVITY * tissue.gadolinium / _MS
    return tissue._replace(t1=1 / rate)


def signals(sequence: str, protocol: Protocol | None = None) -> dict[str, float]:
    """Signal of every tissue in a sequence.

    Parameters
    ----------
    sequence
        A key of `PROTOCOLS`; or ``"ADC"`` (10^-6 mm2/s), ``"CBF"`` (ml/100 g/min), ``"CT"`` (HU).
    protocol
        A scanner's own timing; None takes `PROTOCOLS`.
    """
    if sequence == "ADC":
        return {name: 1000 * tissue.adc for name, tissue in TISSUES.items()}
    if sequence == "CBF":
        return {name: tissue.cbf for name, tissue in TISSUES.items()}
    if sequence == "CT":
        return {name: tissue.hu for name, tissue in TISSUES.items()}
    timing = protocol or PROTOCOLS[sequence]
    equation = _EQUATIONS[sequence]
    found = {
        name: equation(enhanced(tissue) if timing.contrast_agent else tissue, timing)
        for name, tissue in TISSUES.items()
    }
    if timing.fat_suppressed:
        found |= {name: _FAT_LEFT * found[name] for name in ("fat", "marrow")}
    return found


def varied(protocol: Protocol, *, tr: float, te: float) -> Protocol:
    """Give a protocol with its repetition and echo times scaled by factors."""
    return replace(protocol, tr=protocol.tr * tr, te=protocol.te * te)

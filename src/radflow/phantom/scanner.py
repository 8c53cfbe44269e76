"""The scan: from shares of tissues to an image, with a scanner's own protocol and flaws."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radflow.phantom.fields import Floats, blurred, smooth_noise
from radflow.phantom.sequences import PROTOCOLS, signals, varied
from radflow.randomness import keyed_generator

_TEXTURE, _TEXTURE_MM = 0.035, 3.0
_WHITE_LEVEL = 500.0  # intensity of white matter where the scanner's gain is 1
_CT_NOISE_HU, _CT_BLUR_VOXELS = 4.0, 0.6
_CBF_NOISE = 5.0
_CBF_BLUR_MM = 1.7
_LEAST_B0 = 0.05  # of the largest signal: below, a diffusion coefficient means nothing
_MOST_ADC = 4000.0


@dataclass(frozen=True)
class Scanner:
    """What differs between scanners.

    Attributes
    ----------
    name
        E.g. ``"scanner-2"``.
    gain
        Factor of intensity.
    tr, te
        Factors of repetition and echo time.
    snr
        Signal of white matter in T1w over the standard deviation of the noise.
    bias
        Standard deviation of the logarithm of the receiver's sensitivity over the head.
    slice_mm
        Thickness of 2D slices (T2w, PDw, FLAIR, diffusion), along the superior axis.
    """

    name: str
    gain: float
    tr: float
    te: float
    snr: float
    bias: float
    slice_mm: float


def draw_scanner(seed: int, number: int) -> Scanner:
    """Draw scanner `number`, counted from 1, of a cohort's seed."""
    rng = keyed_generator(seed, "phantom scanner", number)
    return Scanner(
        name=f"scanner-{number}",
        gain=float(rng.uniform(0.6, 2.5)),
        tr=float(rng.uniform(0.9, 1.1)),
        te=float(rng.uniform(0.9, 1.1)),
        snr=float(rng.uniform(18, 35)),
        bias=float(rng.uniform(0.06, 0.16)),
        slice_mm=float(rng.choice([2.0, 3.0, 4.0])),
    )


def scan(
    shares: Mapping[str, Floats],
    sequence: str,
    scanner: Scanner,
    *,
    spacing_mm: float,
    key: tuple[int, str, int],
) -> Floats:
    """Image a head.

    Parameters
    ----------
    shares
        Tissue to its share of each voxel, ``(i, j, k)``.
    sequence
        A name of `radflow.config.phantom.SEQUENCES`.
    scanner
        Its protocol and flaws.
    spacing_mm
        Size of a voxel.
    key
        Keys the noise, with the sequence: the same whatever other sequences are made.

    Returns
    -------
    ndarray
        ``(i, j, k)`` float32: arbitrary units, 10^-6 mm2/s (ADC), ml/100 g/min (CBF) or HU (CT).
    """
    if sequence == "ADC":
        return _diffusion(shares, scanner, spacing_mm=spacing_mm, key=key)
    rng = keyed_generator(*key, sequence)
    shape = shares["csf"].shape
    if sequence == "CT":
        noise = smooth_noise(rng, shape, _CT_BLUR_VOXELS)
        return np.add(_mixture(shares, signals(sequence)), _CT_NOISE_HU * noise, dtype=np.float32)
    if sequence == "CBF":
        flow = _mixture(shares, signals(sequence)) * _texture(shape, spacing_mm, key)
        flow = blurred(flow, _CBF_BLUR_MM / spacing_mm)
        return np.add(flow, _CBF_NOISE * rng.standard_normal(shape, np.float32), dtype=np.float32)
    return _magnitude(shares, sequence, scanner, spacing_mm=spacing_mm, key=key)


def _magnitude(
    shares: Mapping[str, Floats],
    sequence: str,
    scanner: Scanner,
    *,
    spacing_mm: float,
    key: tuple[int, str, int],
) -> Floats:
    protocol = varied(PROTOCOLS[sequence], tr=scanner.tr, te=scanner.te)
    bright = signals(sequence, protocol)
    level = np.float32(scanner.gain * _WHITE_LEVEL / bright["white"])
    shape = shares["csf"].shape
    signal = _mixture(shares, bright) * _texture(shape, spacing_mm, key)
    if protocol.two_dimensional:
        signal = _thick(signal, scanner.slice_mm / spacing_mm)
    signal *= level * _sensitivity(shape, scanner.bias, key)
    # Noise of real and imaginary part makes the magnitude's distribution Rician (Gudbjartsson and
    # Patz, Magn Reson Med 34, 1995). It stands against one signal: dark sequences are noisier.
    noise = np.float32(scanner.gain * _WHITE_LEVEL / scanner.snr * protocol.noise)
    rng = keyed_generator(*key, sequence)
    real = signal + noise * rng.standard_normal(shape, np.float32)
    imaginary = noise * rng.standard_normal(shape, np.float32)
    return np.sqrt(real**2 + imaginary**2)


def _diffusion(
    shares: Mapping[str, Floats], scanner: Scanner, *, spacing_mm: float, key: tuple[int, str, int]
) -> Floats:
    """Compute ADC from the two images, noise and all, as scanners do; 0 outside the head."""
    plain, weighted = (
        _magnitude(shares, sequence, scanner, spacing_mm=spacing_mm, key=key) / _level(sequence)
        for sequence in ("b0", "b1000")
    )
    b = PROTOCOLS["b1000"].b
    ratio = np.maximum(weighted, 1e-6) / np.maximum(plain, 1e-6)
    adc = (-1e6 / b * np.log(ratio)).clip(0, _MOST_ADC)
    adc[plain < _LEAST_B0 * plain.max()] = 0
    return adc.astype(np.float32)


def _level(sequence: str) -> np.float32:
    """White matter's own signal: images are scaled to it, a ratio of two must not be."""
    return np.float32(1 / signals(sequence)["white"])


def _mixture(shares: Mapping[str, Floats], bright: Mapping[str, float]) -> Floats:
    total = np.zeros_like(shares["csf"])
    for tissue, share in shares.items():
        total += np.float32(bright[tissue]) * share
    return total


def _texture(shape: tuple[int, ...], spacing_mm: float, key: tuple[int, str, int]) -> Floats:
    """Draw the unevenness within a tissue, a factor about 1; the same in all sequences."""
    rng = keyed_generator(*key, "texture")
    return 1 + np.float32(_TEXTURE) * smooth_noise(rng, shape, _TEXTURE_MM / spacing_mm)


def _sensitivity(shape: tuple[int, ...], sd: float, key: tuple[int, str, int]) -> Floats:
    """Draw the receiver's smooth sensitivity: products of half and whole waves over the grid."""
    rng = keyed_generator(*key, "sensitivity")
    field = np.zeros(shape, np.float32)
    for _ in range(6):
        waves = [
            np.cos(np.linspace(0, np.pi * rng.uniform(0.3, 1.6), size) + rng.uniform(0, 2 * np.pi))
            for size in shape
        ]
        one, two, three = (wave.astype(np.float32) for wave in waves)
        field += np.float32(rng.normal()) * one[:, None, None] * two[:, None] * three
    return np.exp(np.float32(sd) / field.std() * field)


def _thick(signal: Floats, voxels: float) -> Floats:
    """Average over the thickness of a slice, given in voxels."""
    if voxels <= 1:
        return signal
    return np.asarray(ndimage.gaussian_filter1d(signal, voxels / np.sqrt(12), axis=2), np.float32)

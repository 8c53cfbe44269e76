"""The scan: from shares of tissues to an image, with a scanner's own protocol and flaws."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

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


@dataclass(frozen=True)
class Scan:
    """One examination: a head in a scanner.

    Attributes
    ----------
    shares
        Tissue to its share of each voxel, ``(i, j, k)``.
    scanner
        Its protocol and flaws.
    spacing_mm
        Size of a voxel.
    key
        Keys the noise, with the sequence: the same whatever other sequences are made.
    """

    shares: Mapping[str, Floats]
    scanner: Scanner
    spacing_mm: float
    key: tuple[int, str, int]

    def image(self, sequence: str) -> Floats:
        """Make the image of a sequence.

        Parameters
        ----------
        sequence
            A name of `radflow.config.phantom.SEQUENCES`.

        Returns
        -------
        ndarray
            ``(i, j, k)`` float32: arbitrary units, 10^-6 mm2/s (ADC), ml/100 g/min (CBF) or HU
            (CT).
        """
        makers = {"ADC": self._diffusion, "CBF": self._perfusion, "CT": self._attenuation}
        return makers[sequence]() if sequence in makers else self._magnitude(sequence)

    @property
    def _shape(self) -> tuple[int, ...]:
        return self.shares["csf"].shape

    @cached_property
    def _texture(self) -> Floats:
        """Draw the unevenness within a tissue, a factor about 1; the same in all sequences."""
        rng = keyed_generator(*self.key, "texture")
        noise = smooth_noise(rng, self._shape, _TEXTURE_MM / self.spacing_mm)
        return 1 + np.float32(_TEXTURE) * noise

    @cached_property
    def _sensitivity(self) -> Floats:
        """Draw the receiver's smooth sensitivity: products of waves along the axes."""
        rng = keyed_generator(*self.key, "sensitivity")
        field = np.zeros(self._shape, np.float32)
        for _ in range(6):
            one, two, three = (_wave(size, rng) for size in self._shape)
            field += np.float32(rng.normal()) * one[:, None, None] * two[:, None] * three
        return np.exp(np.float32(self.scanner.bias) / field.std() * field)

    def _attenuation(self) -> Floats:
        rng = keyed_generator(*self.key, "CT")
        noise = _CT_NOISE_HU * smooth_noise(rng, self._shape, _CT_BLUR_VOXELS)
        return np.add(_mixture(self.shares, signals("CT")), noise, dtype=np.float32)

    def _perfusion(self) -> Floats:
        rng = keyed_generator(*self.key, "CBF")
        flow = _mixture(self.shares, signals("CBF")) * self._texture
        flow = blurred(flow, _CBF_BLUR_MM / self.spacing_mm)
        noise = _CBF_NOISE * rng.standard_normal(self._shape, np.float32)
        return np.add(flow, noise, dtype=np.float32)

    def _magnitude(self, sequence: str) -> Floats:
        scanner = self.scanner
        protocol = varied(PROTOCOLS[sequence], tr=scanner.tr, te=scanner.te)
        bright = signals(sequence, protocol)
        level = np.float32(scanner.gain * _WHITE_LEVEL / bright["white"])
        signal = _mixture(self.shares, bright) * self._texture
        if protocol.two_dimensional:
            signal = _thick(signal, scanner.slice_mm / self.spacing_mm)
        signal *= level * self._sensitivity
        # Noise of real and imaginary part makes the magnitude's distribution Rician (Gudbjartsson
        # and Patz, Magn Reson Med 34, 1995). It stands against one signal: dark sequences are
        # noisier.
        noise = np.float32(scanner.gain * _WHITE_LEVEL / scanner.snr * protocol.noise)
        rng = keyed_generator(*self.key, sequence)
        real = signal + noise * rng.standard_normal(self._shape, np.float32)
        imaginary = noise * rng.standard_normal(self._shape, np.float32)
        return np.sqrt(real**2 + imaginary**2)

    def _diffusion(self) -> Floats:
        """Compute ADC from the two images, noise and all, as scanners do; 0 outside the head."""
        plain, weighted = (
            self._magnitude(sequence) / _level(sequence) for sequence in ("b0", "b1000")
        )
        b = PROTOCOLS["b1000"].b
        ratio = np.maximum(weighted, 1e-6) / np.maximum(plain, 1e-6)
        adc = (-1e6 / b * np.log(ratio)).clip(0, _MOST_ADC)
        adc[plain < _LEAST_B0 * plain.max()] = 0
        return adc.astype(np.float32)


def _wave(size: int, rng: np.random.Generator) -> Floats:
    """Draw a wave along an axis, of a third to one and a half half-waves."""
    angles = np.linspace(0, np.pi * rng.uniform(0.3, 1.6), size) + rng.uniform(0, 2 * np.pi)
    return np.cos(angles).astype(np.float32)


def _level(sequence: str) -> np.float32:
    """White matter's own signal: images are scaled to it, a ratio of two must not be."""
    return np.float32(1 / signals(sequence)["white"])


def _mixture(shares: Mapping[str, Floats], bright: Mapping[str, float]) -> Floats:
    total = np.zeros_like(shares["csf"])
    for tissue, share in shares.items():
        total += np.float32(bright[tissue]) * share
    return total


def _thick(signal: Floats, voxels: float) -> Floats:
    """Average over the thickness of a slice, given in voxels."""
    if voxels <= 1:
        return signal
    return np.asarray(ndimage.gaussian_filter1d(signal, voxels / np.sqrt(12), axis=2), np.float32)

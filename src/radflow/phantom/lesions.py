"""Disease: what is planned in the atlas, and how it is painted into a subject's head."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from radflow.phantom.atlas import load_atlas
from radflow.phantom.deform import Mass
from radflow.phantom.fields import Floats, Mask, Reals, blurred, smooth_noise
from radflow.phantom.head import Box, Head

LESION_COLUMNS = ("lesion", "kind", "x_mm", "y_mm", "z_mm", "diameter_mm", "volume_ml")
_MARGIN_MM = 4.0
_ROUGHNESS = 0.16
_DEEP_MM = -10.0


@dataclass(frozen=True)
class Lesion:
    """A lesion before it has a place in the subject.

    Attributes
    ----------
    kind
        ``"tumour"``, ``"stroke"``, ``"haematoma"``, ``"microbleed"``, ``"calcification"`` or
        ``"vein"``; the last two only look like microbleeds.
    centre
        MNI mm.
    radius_mm
        Of its core; of the perfusion lesion for a stroke.
    rim_mm
        Thickness of the enhancing rim around a necrosis.
    oedema_mm
        How far oedema reaches beyond it.
    core
        Stroke: radius of the core, share of that of the perfusion lesion.
    growth
        Stroke: share of the way from core to perfusion lesion that the final infarct goes.
    direction
        Vein: unit vector of its course.
    """

    kind: str
    centre: npt.NDArray[np.float64]
    radius_mm: float
    rim_mm: float = 0.0
    oedema_mm: float = 0.0
    core: float = 0.0
    growth: float = 0.0
    direction: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def mass(self) -> Mass | None:
        """What it pushes aside; None if nothing to speak of."""
        if self.kind not in {"tumour", "haematoma"}:
            return None
        return Mass(self.centre, 1.2 * self.radius_mm, 0.35)


class Painted:
    """What lesions leave behind in a subject: label maps and one row per lesion.

    Attributes
    ----------
    lesions
        ``(i, j, k)`` uint8: number of the lesion, 0 where there is none. Oedema around a lesion
        is no part of it.
    infarct
        ``(i, j, k)`` bool: where tissue is lost in the end, after a stroke.
    kinds
        Kind of each lesion, in the order of their numbers from 1.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.lesions = np.zeros(shape, np.uint8)
        self.infarct = np.zeros(shape, np.bool_)
        self.kinds: list[str] = []

    def add(self, kind: str, mask: Mask, box: Box) -> None:
        """Give a lesion the next number; a voxel keeps the lesion it has."""
        free = mask & (self.lesions[box] == 0)
        if free.any():
            self.kinds.append(kind)
            self.lesions[box][free] = len(self.kinds)

    def table(self, affine: npt.NDArray[np.float64]) -> pd.DataFrame:
        """One row per lesion: centre of mass (mm), diameter of a sphere of its volume, volume."""
        size_ml = float(abs(np.linalg.det(affine[:3, :3]))) / 1000
        rows: list[tuple[object, ...]] = []
        for number, kind in enumerate(self.kinds, start=1):
            voxels = np.argwhere(self.lesions == number)
            centre = affine[:3, :3] @ voxels.mean(0) + affine[:3, 3]
            volume = len(voxels) * size_ml
            diameter = 10 * (6 * volume / np.pi) ** (1 / 3)
            rows.append((number, kind, *centre.round(3).tolist(), diameter, volume))
        return pd.DataFrame(rows, columns=list(LESION_COLUMNS))


def paint_lesions(head: Head, lesions: Sequence[Lesion], rng: np.random.Generator) -> Painted:
    """Paint lesions into a head, one after another.

    Parameters
    ----------
    head
        Its shares are changed.
    lesions
        In the atlas; each goes to the voxel that lies nearest.
    rng
        Draws the irregular outlines.
    """
    painted = Painted(head.shares["csf"].shape)
    painters = {
        "tumour": _paint_tumour,
        "stroke": _paint_stroke,
        "haematoma": _paint_haematoma,
        "microbleed": _paint_spot,
        "calcification": _paint_spot,
        "vein": _paint_spot,
    }
    for lesion in lesions:
        painters[lesion.kind](head, lesion, painted, rng)
    return painted


def deep_point(rng: np.random.Generator, *, white: float = 0.0) -> npt.NDArray[np.float64]:
    """Draw a point of the atlas in the cerebrum, away from its surface and its ventricles.

    Parameters
    ----------
    white
        Least share of white matter there.
    """
    atlas = load_atlas()
    step = (slice(None, None, 3),) * 3
    fits = (atlas.depth[step] < _DEEP_MM) & (atlas.ventricles[step] < 0.01)
    fits &= (atlas.grey[step] + atlas.white[step] > 0.9) & (atlas.white[step] >= white)
    index = np.argwhere(fits) * 3 + atlas.origin
    index = index[(index[:, 2] > -12) & (np.abs(index[:, 0]) > 12) & (index[:, 1] > -85)]
    return index[rng.integers(len(index))]


def _around(head: Head, lesion: Lesion, reach_mm: float) -> tuple[Box, list[Floats]]:
    """Give the box about a lesion's voxel, and the mm from that voxel along its axes."""
    centre = head.voxel_of(lesion.centre)
    half = int(np.ceil((reach_mm + _MARGIN_MM) / head.spacing_mm))
    shape = head.shares["csf"].shape
    low = [max(at - half, 0) for at in centre]
    high = [min(at + half + 1, size) for at, size in zip(centre, shape, strict=True)]
    away = [
        ((np.arange(a, b) - at) * head.spacing_mm).astype(np.float32)
        for a, b, at in zip(low, high, centre, strict=True)
    ]
    return (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])), away


def _blob(
    head: Head, lesion: Lesion, rng: np.random.Generator, reach_mm: float = 0.0
) -> tuple[Box, Floats]:
    """Signed distance to an irregular ball, mm (negative inside), in a box around it."""
    box, away = _around(head, lesion, 1.5 * lesion.radius_mm + reach_mm)
    x, y, z = np.meshgrid(*away, indexing="ij", sparse=True)
    distance = np.sqrt(x**2 + y**2 + z**2)
    smooth = max(0.5 * lesion.radius_mm / head.spacing_mm, 0.5)
    rough = (_ROUGHNESS * smooth_noise(rng, distance.shape, smooth)).clip(-0.4, 0.4)
    return box, (distance - lesion.radius_mm * (1 + rough)).astype(np.float32)


def _tube(head: Head, lesion: Lesion) -> tuple[Box, Floats]:
    """Signed distance to a straight tube, mm, in a box around it."""
    half_length, thick = 2 * lesion.radius_mm, lesion.radius_mm / 2
    box, axes = _around(head, lesion, half_length)
    away = np.stack(np.meshgrid(*axes, indexing="ij"))
    course = np.array(lesion.direction, np.float32).reshape(3, 1, 1, 1)
    along = np.clip((away * course).sum(0), -half_length, half_length)
    return box, (np.sqrt(((away - along * course) ** 2).sum(0)) - thick).astype(np.float32)


def _soft(distance: Reals, spacing_mm: float) -> Floats:
    """Share of a voxel inside the surface at distance 0."""
    return np.clip(0.5 - distance / spacing_mm, 0, 1).astype(np.float32)


def _paint_tumour(head: Head, lesion: Lesion, painted: Painted, rng: np.random.Generator) -> None:
    box, distance = _blob(head, lesion, rng, lesion.oedema_mm)
    free = head.share("grey", "white", "csf", box=box)
    white = head.share("white", box=box)
    # Vasogenic oedema spreads along white matter, its fingers spare the cortex.
    reach = blurred(white, 3.0 / head.spacing_mm)
    oedema = _soft(distance - lesion.oedema_mm * reach, head.spacing_mm) * white
    head.paint("oedema", np.clip(oedema, 0, 1), box)
    solid = _soft(distance, head.spacing_mm) * np.clip(free, 0, 1)
    head.paint("enhancing", solid, box)
    if lesion.rim_mm < lesion.radius_mm:
        head.paint("necrosis", _soft(distance + lesion.rim_mm, head.spacing_mm) * solid, box)
    core = head.share("enhancing", "necrosis", box=box)
    painted.add("tumour", core >= 0.5, box)


def _paint_stroke(head: Head, lesion: Lesion, painted: Painted, rng: np.random.Generator) -> None:
    box, distance = _blob(head, lesion, rng)
    side = np.sign(lesion.centre[0]) * head.points[0][box]
    # The territory of one middle cerebral artery: lateral, and not across the midline.
    distance = np.maximum(distance, 12 - side)
    inner = distance + (1 - lesion.core) * lesion.radius_mm
    final = (1 - lesion.growth) * inner + lesion.growth * distance
    tissue = head.share("grey", "white", box=box)
    painted.infarct[box] |= (final < 0) & (tissue >= 0.5)
    for kind in ("grey", "white"):
        head.convert(kind, f"penumbra-{kind}", _soft(distance, head.spacing_mm), box)
        head.convert(f"penumbra-{kind}", f"core-{kind}", _soft(inner, head.spacing_mm), box)
    for part in ("core", "penumbra"):
        share = head.share(f"{part}-grey", f"{part}-white", box=box)
        painted.add(part, share >= 0.5, box)


def _paint_haematoma(
    head: Head, lesion: Lesion, painted: Painted, rng: np.random.Generator
) -> None:
    box, distance = _blob(head, lesion, rng, lesion.oedema_mm)
    brain = head.share("grey", "white", box=box)
    head.paint("oedema", _soft(distance - lesion.oedema_mm, head.spacing_mm) * brain, box)
    inside = np.clip(head.share("grey", "white", "csf", "oedema", box=box), 0, 1)
    head.paint("haematoma", _soft(distance, head.spacing_mm) * inside, box)
    painted.add("haematoma", head.share("haematoma", box=box) >= 0.5, box)


def _paint_spot(head: Head, lesion: Lesion, painted: Painted, rng: np.random.Generator) -> None:
    """Paint a microbleed, or what looks like one: a calcification, a vein."""
    box, distance = _tube(head, lesion) if lesion.kind == "vein" else _blob(head, lesion, rng)
    tissue = np.clip(head.share("grey", "white", "csf", box=box), 0, 1)
    head.paint(lesion.kind, _soft(distance, head.spacing_mm) * tissue, box)
    painted.add(lesion.kind, head.share(lesion.kind, box=box) >= 0.5, box)

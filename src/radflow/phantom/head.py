"""A subject's head as shares of tissues, before and while lesions are painted into it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radflow.phantom.atlas import load_atlas
from radflow.phantom.fields import Floats, Reals, blurred

_OUTSIDE_MM = 60.0
_SINUS_MM = 4.0
_LOSS = 2.6  # at 1, cortex that is half fluid around is all but gone

Box = tuple[slice, slice, slice]

_WHOLE: Box = (slice(None), slice(None), slice(None))


@dataclass(frozen=True)
class Skull:
    """Thickness of what lies around the brain, mm: fluid, bone, fat, skin with muscle."""

    fluid: float
    bone: float
    fat: float
    skin: float


@dataclass(frozen=True)
class Head:
    """A head on its grid.

    Attributes
    ----------
    shares
        Tissue to its share of each voxel, ``(i, j, k)``; together they fill every voxel.
    points
        Where each voxel lies in the atlas, ``(3, i, j, k)`` MNI mm.
    grid
        Coordinates of the voxels along the RAS axes, mm from the brain's centre.
    spacing_mm
        Size of a voxel.
    """

    shares: dict[str, Floats]
    points: npt.NDArray[np.float32]
    grid: Sequence[npt.NDArray[np.float32]]
    spacing_mm: float

    def paint(self, tissue: str, share: Reals, box: Box = _WHOLE) -> None:
        """Let a tissue take `share` of each voxel in `box`; what was there gives way evenly."""
        for other in self.shares.values():
            other[box] *= 1 - share
        self._of(tissue)[box] += share.astype(np.float32, copy=False)

    def convert(self, tissue: str, into: str, share: Reals, box: Box) -> None:
        """Let a share of a tissue in `box` become another: 0 leaves it, 1 takes all of it."""
        changed = self.shares[tissue][box] * share.astype(np.float32, copy=False)
        self._of(into)[box] += changed
        self.shares[tissue][box] -= changed

    def share(self, *tissues: str, box: Box = _WHOLE) -> Floats:
        """Add up the shares of tissues in `box`; 0 where the head has none of them."""
        total = np.zeros_like(self.shares["csf"][box])
        for tissue in tissues:
            if tissue in self.shares:
                total += self.shares[tissue][box]
        return total

    def _of(self, tissue: str) -> Floats:
        """Give the share of a tissue, to change it; a new tissue starts with none."""
        return self.shares.setdefault(tissue, np.zeros_like(self.shares["csf"]))

    def labels(self, groups: Sequence[Sequence[str]]) -> npt.NDArray[np.uint8]:
        """Name the group with the largest share in each voxel, from 1; 0: tissues of no group."""
        grouped = [self.share(*group) for group in groups]
        rest = 1 - sum(grouped, np.zeros_like(self.shares["csf"]))
        return np.stack([rest, *grouped]).argmax(0).astype(np.uint8)

    def voxel_of(self, atlas_point: npt.NDArray[np.float64]) -> tuple[int, int, int]:
        """Find the voxel that lies nearest to a point of the atlas (MNI mm)."""
        away = np.zeros(self.points.shape[1:], np.float32)
        for part, at in zip(self.points, atlas_point, strict=True):
            away += (part - np.float32(at)) ** 2
        i, j, k = np.unravel_index(int(away.argmin()), away.shape)
        return int(i), int(j), int(k)


def build_head(
    points: npt.NDArray[np.float32],
    grid: Sequence[npt.NDArray[np.float32]],
    skull: Skull,
    *,
    cortex_loss: float,
) -> Head:
    """Bring the atlas to a subject's grid, and lay the skull and the scalp around the brain.

    Parameters
    ----------
    points
        From `radflow.phantom.deform.atlas_points`.
    grid
        The grid `points` were made for.
    skull
        Thickness of the shells.
    cortex_loss
        How much of the cortex beside fluid gives way to it, 0 to 1: atrophy widens the sulci.
    """
    atlas = load_atlas()
    spacing = float(grid[0][1] - grid[0][0])
    csf, grey, white = (
        atlas.sample(share, points, outside=0.0) for share in (atlas.csf, atlas.grey, atlas.white)
    )
    depth = atlas.sample(atlas.depth, points, outside=_OUTSIDE_MM)
    outside = np.clip(1 - csf - grey - white, 0, 1)
    if cortex_loss > 0:
        beside = blurred(csf + outside, 2.0 / spacing)
        lost = grey * np.clip(_LOSS * cortex_loss * beside, 0, 0.95)
        grey -= lost
        csf += lost
    shares = {"csf": csf, "grey": grey, "white": white}
    inner = 0.0
    for tissue, thickness in _shells(skull):
        shell = outside * (
            _within(depth, inner + thickness, spacing)
            - (_within(depth, inner, spacing) if inner > 0 else 0)
        )
        shares[tissue] = shares.get(tissue, 0) + shell
        inner += thickness
    shares["air"] = 1 - np.sum(list(shares.values()), axis=0)
    head = Head(shares, points, grid, spacing)
    _add_sinus(head, depth)
    return head


def _shells(skull: Skull) -> list[tuple[str, float]]:
    table = skull.bone / 3
    return [
        ("csf", skull.fluid),
        ("bone", table),
        ("marrow", table),
        ("bone", table),
        ("fat", skull.fat),
        ("scalp", skull.skin),
    ]


def _within(depth: Floats, bound_mm: float, spacing_mm: float) -> Floats:
    """Share of each voxel that lies less than `bound_mm` outside the brain."""
    return np.clip((bound_mm - depth) / spacing_mm + 0.5, 0, 1)


def _add_sinus(head: Head, depth: Floats) -> None:
    """Draw the superior sagittal sinus: on the midline, inside the vault."""
    x, _, z = head.points
    midline = np.clip(1.5 - np.abs(x) / _SINUS_MM, 0, 1)
    vault = np.clip(1.5 - np.abs(depth) / _SINUS_MM, 0, 1) * (z > 20)
    soft = head.share("csf", "grey")
    head.paint("vein", (midline * vault * soft).astype(np.float32))

"""The patches that excite units of each stage most, as sheets, with what a unit can see."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from radflow.config.explain import ExplainRules
from radflow.datasets.cases import Case
from radflow.explain.case_views import FoldNetwork
from radflow.explain.pictures import draw_grey, grey, levels_of, sheet, write_png
from radflow.explain.receptive_field import Field, receptive_fields
from radflow.explain.units import Peak, Peaks, cut, field_box, most_varied, strongest
from radflow.files import sha256_file

TILE = 72
_DIGITS = 6


def write_activating(
    own: FoldNetwork,
    peaks: Peaks,
    cases: Mapping[str, Case],
    *,
    folder: Path,
    rules: ExplainRules,
) -> dict[str, Any]:
    """Draw, for some units of each stage, the patches that excite them most.

    Of a volume the slice through the middle of the field is drawn, of several inputs the one that
    `FoldNetwork.shown` gives. Writes ``STAGE.png`` into `folder`: a row of patches per unit.

    Parameters
    ----------
    own
        The network.
    peaks
        Of its units in many cases.
    cases
        By id.
    folder
        To write into.
    rules
        How many units and patches.

    Returns
    -------
    dict
        Fold and tile (pixels); of each stage its name, sheet with sha256, receptive field (size
        in voxels along the axes of the view, None for the whole; step in voxels), and units:
        number, SD of its maxima, patches (case, activation, box in voxels of the view).
    """
    first = cases[peaks.cases[0]]
    shape = own.reader.read(first.case, own.centres(first)[0]).shape
    fields = receptive_fields(own.network, shape)
    stages: list[dict[str, Any]] = []
    for stage in own.network.stages:
        units: list[dict[str, Any]] = []
        tiles: list[Image.Image] = []
        for unit in most_varied(peaks, stage, rules.units):
            found = strongest(peaks, stage, unit, rules.patches)
            boxes = [field_box(fields[stage], peak.place, shape[1:]) for peak in found]
            tiles += [_tile(own, cases, *each) for each in zip(found, boxes, strict=True)]
            spread = float(np.stack(peaks.values[stage])[:, unit].std())
            units.append(
                {
                    "unit": unit,
                    "spread": round(spread, _DIGITS),
                    "patches": [
                        {"case": p.case, "activation": round(p.value, _DIGITS), "box": box}
                        for p, box in zip(found, boxes, strict=True)
                    ],
                }
            )
        path = folder / f"{stage}.png"
        write_png(path, sheet(tiles, columns=min(rules.patches, len(peaks.cases)), side=TILE))
        stages.append(_record(stage, fields[stage], path, units))
    return {"fold": own.card.fold, "tile": TILE, "grid": list(shape[1:]), "stages": stages}


def _record(
    stage: str, fields: tuple[Field, ...], path: Path, units: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "stage": stage,
        "sheet": f"{path.parent.name}/{path.name}",
        "sheet_sha256": sha256_file(path),
        "receptive_field": [field.size for field in fields],
        "step": [field.step for field in fields],
        "units": units,
    }


def _tile(
    own: FoldNetwork, cases: Mapping[str, Case], peak: Peak, box: tuple[tuple[int, int], ...]
) -> Image.Image:
    case = cases[peak.case]
    image = own.shown(own.reader.read(case.case, own.centres(case)[peak.view]))
    low, high = levels_of(image)
    if image.ndim == 3:
        start, end = box[2]
        middle = min(max((start + end) // 2, 0), image.shape[2] - 1)
        image, box = image[:, :, middle], box[:2]
    patch = grey(cut(image, box), low=low, high=high)
    return draw_grey(patch, (patch.shape[0], patch.shape[1]))

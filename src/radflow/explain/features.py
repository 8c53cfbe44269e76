"""Features and peaks of many cases, from one run of a network over each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from radflow.config.explain import ExplainRules
from radflow.datasets.cases import Case
from radflow.explain.case_views import FoldNetwork
from radflow.explain.embedding import embed
from radflow.explain.pictures import draw_grey, grey, levels_of, sheet, write_png
from radflow.explain.selection import Answered
from radflow.explain.units import Peaks, stage_maxima
from radflow.files import sha256_file
from radflow.progress import track
from radflow.randomness import keyed_generator

TILE, COLUMNS = 56, 20
"""Pixels of a small image's side, and small images in a row of their sheet."""

_NAMES = ("case", "part", "reference", "answer", "right", "pca_x", "pca_y", "tsne_x", "tsne_y")


def drawn(answers: Sequence[Answered], part: str, rules: ExplainRules) -> list[Answered]:
    """Draw the cases of a part whose features are shown; sorted by case."""
    own = [each for each in answers if each.part == part]
    order = keyed_generator(rules.seed, "features", part).permutation(len(own))
    return [own[place] for place in sorted(order[: rules.features].tolist())]


def write_features(
    own: FoldNetwork,
    chosen: Sequence[Answered],
    cases: Mapping[str, Case],
    *,
    sheet_png: Path,
    rules: ExplainRules,
) -> tuple[pd.DataFrame, dict[str, Any], Peaks]:
    """Place cases on planes by a network's features, and draw a sheet of small images of them.

    Parameters
    ----------
    own
        The network.
    chosen
        Cases of one part.
    cases
        By id.
    sheet_png
        To write: a small image of each case, `COLUMNS` in a row, in the order of the table.
    rules
        Perplexity and seed.

    Returns
    -------
    tuple
        Table (case, part, reference, answer, right, pca_x, pca_y, tsne_x, tsne_y, tile: number on
        the sheet), a record of how it was made, and the peaks of the stages' units.
    """
    peaks, features, tiles = Peaks(), list[npt.NDArray[np.float64]](), list[Image.Image]()
    for each in track(chosen, f"features {own.card.name}"):
        features.append(_run(own, cases[each.case], peaks))
        tiles.append(_tile(own, cases[each.case]))
    write_png(sheet_png, sheet(tiles, columns=COLUMNS, side=TILE))
    found = embed(np.stack(features), perplexity=rules.perplexity, seed=rules.seed)
    table = pd.DataFrame(
        [
            (each.case, each.part, each.reference, each.answer, int(each.right), *point)
            for each, point in zip(chosen, np.hstack([found.pca, found.tsne]), strict=True)
        ],
        columns=list(_NAMES),
    )
    table["tile"] = range(len(table))
    record = {
        "features": int(features[0].size),
        "fold": own.card.fold,
        "explained": found.explained.round(6).tolist(),
        "perplexity": None if np.isnan(found.perplexity) else round(found.perplexity, 3),
        "sheet": sheet_png.name,
        "sheet_sha256": sha256_file(sheet_png),
        "tile": TILE,
        "columns": COLUMNS,
    }
    return table, record, peaks


def _run(own: FoldNetwork, case: Case, peaks: Peaks) -> npt.NDArray[np.float64]:
    """Average the features of a case over its views, and note its peaks."""
    parts = [stage_maxima(own.network, views) for views in own.views(case.case, own.centres(case))]
    peaks.add(
        case.case,
        {
            stage: (
                np.concatenate([maxima[stage][0] for _, maxima in parts]),
                np.concatenate([maxima[stage][1] for _, maxima in parts]),
            )
            for stage in own.network.stages
        },
    )
    features = np.concatenate([each.double().cpu().numpy() for each, _ in parts])
    return features.mean(0)


def _tile(own: FoldNetwork, case: Case) -> Image.Image:
    """Draw the middle view of a case; of a volume its middle axial slice."""
    centres = own.centres(case)
    image = own.shown(own.reader.read(case.case, centres[len(centres) // 2]))
    plane = image if image.ndim == 2 else image[:, :, image.shape[2] // 2]
    low, high = levels_of(plane)
    return draw_grey(grey(plane, low=low, high=high), (plane.shape[0], plane.shape[1]))

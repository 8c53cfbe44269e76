"""Do maps depend on what the network learnt? They are made again with randomised weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from radflow.config.explain import ExplainRules
from radflow.datasets.cases import Case
from radflow.explain.case_views import FoldNetwork
from radflow.explain.grad_cam import grad_cam, stage_name
from radflow.explain.randomise import cascade
from radflow.explain.scores import class_score
from radflow.explain.similarity import Floats, rank_correlation, structural_similarity
from radflow.networks.image_classifier import ImageClassifier

SAME = 0.5
"""A mean rank correlation at or above this with a random network's maps: they show the image."""

_DIGITS = 6


def check_sanity(
    own: FoldNetwork, chosen: Sequence[tuple[Case, str]], rules: ExplainRules
) -> dict[str, Any]:
    """Compare Grad-CAM with that of networks whose weights are drawn anew, from the last part on.

    Adebayo et al. 2018 (arXiv 1810.03292). Of each case the view with the highest map is compared;
    a case without evidence for its class is left out. A map that is the same everywhere correlates
    with nothing: 0.

    Parameters
    ----------
    own
        The network.
    chosen
        Cases, and the class that is explained of each; the first with evidence are taken.
    rules
        How many, stage and seed.

    Returns
    -------
    dict
        method, stage, fold, cases, bound (`SAME`); steps: part that was drawn last (all behind it
        are drawn, too), and the means of rank_correlation and ssim; changed: whether the
        correlation of the last step, with no learnt weight left, is below the bound. Without a
        case, steps is empty and changed None.
    """
    places = {case.case: own.target.classes.index(name) for case, name in chosen}
    kept: dict[str, tuple[torch.Tensor, Floats]] = {}
    for case, name in chosen:
        if len(kept) < rules.randomised:
            found = _best_view(own, case, name, rules)
            kept |= {} if found is None else {case.case: found}
    steps: list[dict[str, Any]] = []
    for part, network in cascade(own.network, seed=rules.seed):
        pairs = [
            (before, _map(own, view, places[case], rules, network=network))
            for case, (view, before) in kept.items()
        ]
        if pairs:
            correlation = np.mean([rank_correlation(*pair) for pair in pairs])
            ssim = np.mean([structural_similarity(*pair) for pair in pairs])
            steps.append(
                {
                    "part": part,
                    "rank_correlation": round(float(correlation), _DIGITS),
                    "ssim": round(float(ssim), _DIGITS),
                }
            )
    return {
        "method": "grad-cam",
        "stage": stage_name(own.network, rules.stage),
        "fold": own.card.fold,
        "cases": list(kept),
        "bound": SAME,
        "steps": steps,
        "changed": steps[-1]["rank_correlation"] < SAME if steps else None,
    }


def _best_view(
    own: FoldNetwork, case: Case, name: str, rules: ExplainRules
) -> tuple[torch.Tensor, Floats] | None:
    place = own.target.classes.index(name)
    best: tuple[torch.Tensor, Floats] | None = None
    for views in own.views(case.case, own.centres(case)):
        for view in views:
            found = _map(own, view, place, rules)
            if found.max() > (0 if best is None else best[1].max()):
                best = view, found
    return best


def _map(
    own: FoldNetwork,
    view: torch.Tensor,
    place: int,
    rules: ExplainRules,
    *,
    network: ImageClassifier | None = None,
) -> Floats:
    maps = grad_cam(
        network or own.network,
        view[None],
        lambda logits: class_score(logits, place, own.target),
        stage=rules.stage,
        mirror_axes=own.card.mirror_axes,
    )
    return maps[0].cpu().numpy()

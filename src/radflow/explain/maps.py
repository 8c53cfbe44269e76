"""The maps of a case: of all its views and networks, laid on its grid."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from radflow.config.explain import ExplainRules, Method
from radflow.datasets.cases import Case
from radflow.explain.case_views import FoldNetwork
from radflow.explain.grad_cam import grad_cam
from radflow.explain.occlusion import occlusion_map
from radflow.explain.placement import Canvas
from radflow.explain.scores import class_score
from radflow.tasks.answers import probabilities

_PLANES = 3


def case_map(
    networks: Sequence[FoldNetwork], case: Case, name: str, *, method: Method, rules: ExplainRules
) -> Canvas:
    """Map why networks gave a case a class, on the case's preprocessed grid.

    Maps of several networks are averaged, as their answers are. Grad-CAM also averages over
    mirrored views, where answers do; occlusion takes the views as they are.

    Parameters
    ----------
    networks
        The folds that answered.
    case
        In their shards.
    name
        Of the class.
    method
        Of the maps.
    rules
        Stage and box.
    """
    first = networks[0]
    card, shape = first.card, first.shards.shape(case.case)
    canvas = Canvas(card.view, card.plan.patch_size, shape)
    place = first.target.classes.index(name)
    centres = first.centres(case)
    maps = torch.stack(
        [
            torch.cat(
                [
                    _MAPS[method](each, views, place, rules)
                    for views in each.views(case.case, centres)
                ]
            )
            for each in networks
        ]
    ).mean(0)
    for centre, values in zip(centres, maps.cpu().numpy(), strict=True):
        canvas.add(values, centre)
    return canvas


def grad_cam_of(own: FoldNetwork, views: Tensor, place: int, rules: ExplainRules) -> Tensor:
    """Map views ``(b, inputs, *grid)`` by Grad-CAM, ``(b, 1, *grid)``."""
    return grad_cam(
        own.network,
        views,
        lambda logits: class_score(logits, place, own.target),
        stage=rules.stage,
        mirror_axes=own.card.mirror_axes,
    )[:, None]


def _occlusion_of(own: FoldNetwork, views: Tensor, place: int, rules: ExplainRules) -> Tensor:
    def answer(images: Tensor) -> Tensor:
        logits = own.network(images).float()
        if rules.occlusion.measure == "probability":
            return probabilities(logits, own.target)[:, place]
        return class_score(logits, place, own.target)

    groups = _PLANES if own.card.view.view == "planes" else 1
    return torch.stack(
        [occlusion_map(answer, view, rules.occlusion, groups=groups) for view in views]
    )


_MAPS: dict[Method, Callable[[FoldNetwork, Tensor, int, ExplainRules], Tensor]] = {
    "grad-cam": grad_cam_of,
    "occlusion": _occlusion_of,
}

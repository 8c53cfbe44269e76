"""The studies that models of a study start from: found, ordered, and held against each other.

What a model has seen before its own training counts as training. So the datasets of all studies
behind it must share no patient with the study's own, and one on the same dataset must have the same
split and hand over the same fold: otherwise cases that tune or test have been trained on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from radflow.config.split import SplitRules
from radflow.config.study import Study
from radflow.config.training import CLASSIFIERS
from radflow.config.transfer import StartRules
from radflow.errors import ConfigError

MOST_STUDIES = 2
"""That models of one study may start from: for so many does a stage of `dvc.yaml` have a place."""

_DIVIDES = ("key", "test_share", "folds", "column", "test_values")
_NETWORKS = ("unet", *CLASSIFIERS)
_TORCHVISION = {"resnet": (18, 34, 50), "densenet": (121,)}
_RESNET_WIDTHS = [64, 128, 256, 512]


@dataclass(frozen=True)
class Origin:
    """One trained fold that a model starts from, directly or through others."""

    study: str
    model: str
    fold: int


def check_origins(name: str, studies: Mapping[str, Study]) -> None:
    """Refuse a study whose models can't start from what they name, or would leak by it.

    Parameters
    ----------
    name
        Of the study.
    studies
        It and all studies behind it (`radflow.config.load.load_studies`).

    Raises
    ------
    ConfigError
        With every problem; when studies start from each other in a circle, with that alone.
    """
    _refuse_circles(name, studies, ())
    study = studies[name]
    problems = [
        f"models.{model}.start_from: {problem}"
        for model, rules in study.models.items()
        if rules.start_from is not None
        for problem in (
            *_network(study, model, rules.start_from),
            *_source(name, model, studies),
        )
    ]
    problems.extend(_curve(name, studies))
    behind = list(dict.fromkeys(origin for origin, _ in study.origins))
    if len(behind) > MOST_STUDIES:
        problems.append(
            f"models start from {len(behind)} studies ({', '.join(behind)}), and a study has place "
            f"for {MOST_STUDIES}: divide it"
        )
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        message = f"the study {name} can't start from where it says:\n{listed}"
        raise ConfigError(message)


def start_fold(study: Study, other: Study, fold: int) -> int:
    """Tell which fold of `other` a fold starts from: the same on one dataset, else the first."""
    return fold if study.dataset == other.dataset else other.fold_numbers[0]


def ancestors(name: str, model: str, fold: int, studies: Mapping[str, Study]) -> list[Origin]:
    """List the trained folds behind one, the nearest first."""
    found: list[Origin] = []
    while (rules := studies[name].models.get(model)) is not None:
        start = rules.start_from
        if start is None or start.study is None or start.model is None:
            break
        fold = start_fold(studies[name], studies[start.study], fold)
        name, model = start.study, start.model
        found.append(Origin(name, model, fold))
    return found


def apart_datasets(name: str, studies: Mapping[str, Study]) -> tuple[str, ...]:
    """Name the datasets that may share no patient with a study's own, each once.

    Those of `split.apart_from`, then those of the studies that its models start from.
    """
    study = studies[name]
    behind = [
        studies[origin.study].dataset
        for model in study.models
        for origin in ancestors(name, model, 0, studies)
    ]
    others = dict.fromkeys((*study.datasets[1:], *behind))
    return tuple(dataset for dataset in others if dataset != study.dataset)


def _refuse_circles(name: str, studies: Mapping[str, Study], path: tuple[str, ...]) -> None:
    if name in path:
        circle = " -> ".join((*path[path.index(name) :], name))
        message = f"studies start from each other in a circle: {circle}; remove one start_from"
        raise ConfigError(message)
    for origin, _ in studies[name].origins:
        _refuse_circles(origin, studies, (*path, name))


def _network(study: Study, model: str, start: StartRules) -> Iterator[str]:
    """Compare a source with the network that should take it."""
    network = study.models[model].network
    if network.name not in _NETWORKS:
        yield f"the network {network.name!r} has no layers to start from; remove it"
    if start.torchvision is None:
        return
    depths = _TORCHVISION.get(network.name, ())
    depth = network.depth or {"resnet": 18, "densenet": 121}.get(network.name)
    if depth not in depths:
        yield (
            f"there are torchvision weights for resnet 18, 34, 50 and densenet 121, not for "
            f"{network.name} {network.depth or ''}".rstrip()
        )
    widths = _resnet_widths(network.channels)
    if network.name == "resnet" and widths != _RESNET_WIDTHS:
        yield f"torchvision's resnets have channels: {_RESNET_WIDTHS}, not {list(network.channels)}"
    if network.shortcut != "strided":
        yield f"torchvision's resnets have network.shortcut: strided, not {network.shortcut}"
    if study.plan.patch_size is not None and study.input.view == "whole":
        flat = sum(size > 1 for size in study.plan.patch_size)
        if flat == 3:
            yield f"torchvision's networks are 2D, plan.patch_size {list(study.plan.patch_size)} 3D"


def _resnet_widths(channels: Sequence[int]) -> list[int]:
    widths = list(channels[:4])
    while len(widths) < len(_RESNET_WIDTHS):
        widths.append(2 * widths[-1])
    return widths


def _source(name: str, model: str, studies: Mapping[str, Study]) -> Iterator[str]:
    """Compare a study with the one that a model starts from, and with all behind that."""
    study, start = studies[name], studies[name].models[model].start_from
    if start is None or start.study is None:
        return
    other = studies[start.study]
    if other.task != study.task:
        yield (
            f"a {study.task} can't start from the {other.task} {start.study}: their networks share "
            "no layers; start from a study of the same task"
        )
        return
    if start.model not in other.models:
        known = ", ".join(other.models) or "none"
        yield f"the study {start.study} has no model {start.model!r}; it has {known}"
        return
    for behind in dict.fromkeys(origin.study for origin in ancestors(name, model, 0, studies)):
        differing = "; ".join(_differences(study, studies[behind]))
        if studies[behind].dataset == study.dataset and differing:
            yield (
                f"{behind} is on the same dataset {study.dataset} with another split ({differing}):"
                " cases that tune or test here were trained on there; give both the same split"
            )
    yield from _folds(name, model, studies)


def _differences(study: Study, other: Study) -> Iterator[str]:
    ours, theirs = study.split or SplitRules(key="none"), other.split or SplitRules(key="none")
    for key in _DIVIDES:
        one, two = getattr(ours, key), getattr(theirs, key)
        if one != two:
            yield f"{key}: {_shown(one)} here, {_shown(two)} there"


def _folds(name: str, model: str, studies: Mapping[str, Study]) -> Iterator[str]:
    """Hold every fold against the folds behind it."""
    study = studies[name]
    wrong: dict[str, None] = {}
    for fold in study.fold_numbers:
        for origin in ancestors(name, model, fold, studies):
            behind = studies[origin.study]
            if behind.dataset != study.dataset:
                continue
            if origin.fold not in behind.fold_numbers:
                wrong.setdefault(
                    f"{origin.study} does not train fold {origin.fold}, which alone has the same "
                    "training cases as ours: set its `folds: all`, or ours to `one`"
                )
            elif origin.fold != fold:
                wrong.setdefault(
                    f"fold {fold} would start, through another dataset, from fold {origin.fold} of "
                    f"{origin.study}, which was trained on cases that tune here: start from a "
                    "study that has not seen this dataset"
                )
    yield from wrong


def _curve(name: str, studies: Mapping[str, Study]) -> Iterator[str]:
    """Hold a learning curve against what its models have seen before."""
    study = studies[name]
    for model in () if study.curve is None else study.curve.models:
        for origin in ancestors(name, model, 0, studies):
            if studies[origin.study].dataset == study.dataset:
                yield (
                    f"curve.models: {model} starts from {origin.study} on the same dataset, which "
                    "has seen the cases that the curve leaves out; leave the model out of the "
                    "curve, or start from another dataset"
                )


def _shown(value: object) -> str:
    return str(list(value)) if isinstance(value, tuple) else repr(value)

"""What no single section can know: checks across a study and its dataset card.

All of it takes milliseconds and needs no data, so that a study which can't run stops at once.
"""

from collections.abc import Iterator

from radflow.config.classification import CASE_CLASS
from radflow.config.dataset import DatasetCard
from radflow.config.foreign import foreign_settings
from radflow.config.search_check import search_problems
from radflow.config.study import Study
from radflow.config.training import AugmentationRules, ModelRules
from radflow.errors import ConfigError
from radflow.imaging.windows import window_problems
from radflow.phantom.texts import COLUMNS

_RESERVED_CLASSES = frozenset({"mean", ""})
_OF_DICOM = frozenset({"age", "sex"})


def check_study(study: Study, card: DatasetCard) -> None:
    """Refuse a study that can't run on its dataset.

    Raises
    ------
    ConfigError
        With every problem: patch, levels and memory that don't fit together, a batch larger than
        the cases of a fold, classes or channels named twice, ranges the wrong way round.
    """
    problems = [*_card(card), *_task(study, card), *_plan(study), *_sizes(study, card)]
    problems += [*_columns(study, card), *_apart(study), *_explain(study)]
    for name, model in study.models.items():
        problems.extend(f"models.{name}.{problem}" for problem in _model(model, study))
    problems.extend(search_problems(study, judge=lambda model: _model(model, study)))
    if problems:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        listed = "\n".join(f"  {problem}" for problem in problems)
        message = f"the study {study.title!r} on {study.dataset} has {count}:\n{listed}"
        raise ConfigError(message)


def _card(card: DatasetCard) -> Iterator[str]:
    names = list(card.classes.values())
    for key, values in (("classes", names), ("channels", list(card.channels))):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            yield f"dataset {key}: {', '.join(twice)} stands twice; give each a name of its own"
    for name in sorted(_RESERVED_CLASSES & set(names)):
        yield f"dataset classes: {name!r} can't name a class; choose another name"
    low, high = card.intake.field_of_view_mm
    if not 0 <= low < high:
        yield f"dataset intake.field_of_view_mm: [{low:g}, {high:g}] must rise from 0 or more"


def _task(study: Study, card: DatasetCard) -> Iterator[str]:
    if study.plan.windows_hu is not None and card.modality != "CT":
        yield f"plan.windows_hu: only CT is in HU, the dataset is {card.modality}; remove it"
    if study.task == "segmentation" and not card.classes:
        yield "task: segmentation needs label maps, and the dataset's `classes` name none"
    if study.task == "classification" and study.plan.levels is not None:
        yield "plan.levels: only a U-Net has it, a classifier has stages of its own; remove it"
    split = study.split
    if split is not None and split.test_values and split.column is None:
        yield "split.test_values: they are values of split.column, which is not given"
    untested = split is not None and split.column is not None and not split.test_values
    if untested and study.evaluation.test == "open":
        yield "evaluation.test: the split's column has no test_values, so there is no test part"
    yield from _prevalence(study)
    target = study.target
    if target is not None and target.column == CASE_CLASS:
        unknown = sorted(set(target.classes) - set(card.targets))
        if unknown and target.kind != "multi-label":
            known = list(card.targets)
            yield f"target.classes: {unknown} are not among the dataset's `targets` {known}"


def _explain(study: Study) -> Iterator[str]:
    rules = study.explain
    if rules is None:
        return
    if study.task != "classification":
        yield "explain: only classifiers are explained; remove the section"
    elif not study.explained_models:
        yield f"explain: none of the models {list(study.models)} is a network; remove the section"
    if rules.part == "test" and study.evaluation.test != "open":
        yield "explain.part: the test part is locked (evaluation.test); explain tuning cases"
    if rules.occlusion.stride > rules.occlusion.box:
        yield (
            f"explain.occlusion.stride: {rules.occlusion.stride:g} leaves gaps between boxes of "
            f"{rules.occlusion.box:g}; it must not be above the box"
        )


def _columns(study: Study, card: DatasetCard) -> Iterator[str]:
    """Say which columns that the study asks for the table of cases will not have."""
    asked = {
        "split.column": None if study.split is None else study.split.column,
        "target.column": None if study.target is None else study.target.column,
    }
    known = _covariates(card)
    for key, column in asked.items():
        own = key == "target.column" and column == CASE_CLASS
        if column is None or own or column in known:
            continue
        if card.table is not None or card.bids is not None:
            remedy = f"name it under `{card.layout}: covariates` of the dataset card"
        else:
            remedy = "use one of them" if known else f"the layout {card.layout!r} has none"
        yield f"{key}: {column!r} is not among the covariates {sorted(known)}; {remedy}"


def _covariates(card: DatasetCard) -> frozenset[str]:
    """List the covariates that a card's layout brings into the table of cases."""
    if card.phantom is not None:
        told = {"participant_id", *(["diagnosis"] if card.targets else [])}
        return frozenset(COLUMNS) - told
    if card.table is not None:
        return frozenset((*card.table.covariates, *card.table.raters))
    if card.bids is not None:
        return frozenset(card.bids.covariates)
    return _OF_DICOM if card.layout == "dicom" else frozenset()


def _apart(study: Study) -> Iterator[str]:
    apart = study.datasets[1:]
    if study.dataset in apart:
        yield f"split.apart_from: {study.dataset} is the study's own dataset; name others"
    twice = sorted({name for name in apart if apart.count(name) > 1})
    if twice:
        yield f"split.apart_from: {', '.join(twice)} stands twice; name each dataset once"


def _plan(study: Study) -> Iterator[str]:
    rules = study.plan
    if rules.spacing_mm is not None and min(rules.spacing_mm) <= 0:
        yield f"plan.spacing_mm: {list(rules.spacing_mm)} must be above 0 mm"
    yield from (f"plan.windows_hu: {problem}" for problem in window_problems(rules.windows_hu))
    if rules.patch_size is None:
        return
    patch = list(rules.patch_size)
    levels = rules.levels or 2
    multiple = 2 ** (levels - 1)
    why = f"2^(levels - 1) with levels {levels}" if rules.levels else "2, as every U-Net needs"
    if min(patch) <= 0:
        yield f"plan.patch_size: {patch} must be above 0 voxels"
    elif study.task == "classification":
        yield from _view(study, patch)
    elif any(size % multiple for size in patch):
        near = [max(2, -(-size // multiple)) * multiple for size in patch]
        yield f"plan.patch_size: {patch} is not divisible by {multiple} ({why}); {near} is"
    elif min(patch) < 2 * multiple:
        yield (
            f"plan.patch_size: {patch} leaves fewer than 2 voxels at the coarsest of {levels} "
            f"levels; use at least {2 * multiple} voxels an axis, or fewer levels"
        )
    voxels = patch[0] * patch[1] * patch[2] * (rules.batch_size or 1)
    if voxels > rules.memory_megavoxels * 1e6:
        yield (
            f"plan.patch_size: {patch} x batch {rules.batch_size or 1} is {voxels / 1e6:.3g} "
            f"megavoxels, above plan.memory_megavoxels {rules.memory_megavoxels:g}; lower one or "
            "raise the bound"
        )


def _view(study: Study, patch: list[int]) -> Iterator[str]:
    """Compare the patch with what a classifier sees of a case."""
    view, axis = study.input.view, study.input.axis
    seen = sum(size > 1 for size in patch)
    if view == "whole" and seen < 2:
        yield f"plan.patch_size: {patch} must have 2 axes or 3 with more than one voxel"
    if view == "slices" and patch[axis] != 1:
        yield f"plan.patch_size: {patch} must be 1 voxel deep along axis {axis} for single slices"
    if view in {"slices", "neighbours"} and seen - (patch[axis] > 1) < 2:
        yield f"plan.patch_size: {patch} must have 2 axes with more than one voxel beside {axis}"
    deep = 2 * study.input.beside + 1
    if view == "neighbours" and patch[axis] != deep:
        yield f"plan.patch_size: {patch} must be {deep} deep along axis {axis} (input.beside)"
    if view == "planes" and len(set(patch)) > 1:
        yield f"plan.patch_size: {patch} must be a cube: its planes are channels of one grid"


def _prevalence(study: Study) -> Iterator[str]:
    stated = study.evaluation.answers.prevalence
    if study.target is None:
        if stated:
            yield "evaluation.answers.prevalence: it is of a classification alone; remove it"
        return
    classes = study.target.classes
    if unknown := sorted(set(stated) - set(classes)):
        yield f"evaluation.answers.prevalence: {unknown} are not among the classes {list(classes)}"
    total = sum(stated.values())
    if study.target.kind != "multi-label" and round(total, 9) > 1:
        yield f"evaluation.answers.prevalence: {stated} sum to {total:.4g}, above 1"


def _sizes(study: Study, card: DatasetCard) -> Iterator[str]:
    """Compare the study with the number of cases, where the card states it."""
    most = _most_cases(card)
    if most is None or study.split is None:
        return
    folds = study.split.folds
    training = int(most * (1 - study.split.test_share) * (folds - 1) / folds)
    if most < folds + 1:
        yield f"split.folds: {folds} folds and a test part need more than {most} cases"
    elif study.plan.batch_size is not None and study.plan.batch_size > training:
        yield (
            f"plan.batch_size: {study.plan.batch_size} is above the {training} training cases "
            f"that a fold of {most} cases has; lower it"
        )


def _most_cases(card: DatasetCard) -> int | None:
    """Give the number of simulated subjects, or of cases where every source states it."""
    if card.phantom is not None:
        return card.phantom.subjects
    stated = [source.cases for source in card.sources if source.cases is not None]
    return max(stated) if len(stated) == len(card.sources) else None


def _model(model: ModelRules, study: Study) -> Iterator[str]:
    network = model.network
    yield from foreign_settings(study.task, model)
    widest = max(network.channels)
    if study.task == "segmentation" and widest > network.most_channels:
        yield f"network.channels: {widest} is above most_channels {network.most_channels}"
    yield from (f"augmentation.{problem}" for problem in _ranges(model.augmentation))
    yield from _flips(study, model)


def _flips(study: Study, model: ModelRules) -> Iterator[str]:
    """Compare the mirrored axes with those of the view, where the study tells how many it has."""
    whole = study.input.view == "whole"
    axes = sum(size > 1 for size in study.plan.patch_size or (2, 2, 2)) if whole else 2
    if study.task != "classification":
        return
    mirrored = model.augmentation.mirror_axes
    if max(mirrored, default=0) >= axes:
        yield (
            f"augmentation.mirror_axes: {list(mirrored)} must be axes of the view "
            f"({study.input.view}), 0 to {axes - 1}"
        )


def _ranges(rules: AugmentationRules) -> Iterator[str]:
    if len(set(rules.mirror_axes)) < len(rules.mirror_axes):
        yield f"mirror_axes: {list(rules.mirror_axes)} names an axis twice"
    for name in ("scale", "gamma_range", "brightness_range", "blur_sigma", "low_resolution_zoom"):
        low, high = getattr(rules, name)
        if not 0 < low <= high:
            yield f"{name}: [{low:g}, {high:g}] must be two numbers above 0, the lower first"
    if rules.low_resolution_zoom[1] > 1:
        yield f"low_resolution_zoom: {rules.low_resolution_zoom[1]:g} is above 1, all of it"

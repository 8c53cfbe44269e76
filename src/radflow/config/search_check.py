"""What a search asks for that its study can't give."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError

from radflow.config.base import Section
from radflow.config.search import Dimension, Parameters, SearchRules, spelt, with_parameters
from radflow.config.study import NETWORKS, Study
from radflow.config.training import SIMPLE, ModelRules

_FITTED = ("mean_shape", *SIMPLE)
_FIXED: Mapping[str, str] = {
    "training.budget": "all trials train as long; say how long in search.budget",
    "training.steps_per_epoch": "trials are compared epoch by epoch",
    "training.seed": "a seed is no setting; search.seeds trains the best again with other seeds",
    "training.shuffled_labels": "shuffled labels prove that nothing leaks, and are not tuned",
}
# A place inside a range where no bound lies: a key of whole numbers refuses it.
_INSIDE = 0.381966

Judge = Callable[[ModelRules], Iterable[str]]


def search_problems(study: Study, *, judge: Judge) -> Iterator[str]:
    """Yield what is wrong with a study's search; nothing where it has none.

    Parameters
    ----------
    study
        The study.
    judge
        Lists what no single key of a model's rules can know.
    """
    rules = study.search
    if rules is None:
        return
    if rules.model not in study.models:
        yield f"search.model: {rules.model!r} is none of the models {', '.join(study.models)}"
        return
    if rules.fold not in study.fold_numbers:
        yield f"search.fold: {rules.fold} is not trained; there are {list(study.fold_numbers)}"
    model = study.models[rules.model]
    if model.network.name in _FITTED:
        yield f"search.model: {model.network.name} trains no epochs, so nothing can be compared"
        return

    def fits(tried: ModelRules) -> Iterator[str]:
        known = NETWORKS[study.task]
        if tried.network.name not in known:
            yield f"the task {study.task!r} has the networks {', '.join(known)}"
        elif tried.network.name in _FITTED:
            yield f"{tried.network.name} trains no epochs, so nothing can be compared"
        yield from judge(tried)

    keys = list(_keys(ModelRules))
    for key, dimension in rules.space.items():
        found = [*_key(key, keys), *_conditions(key, dimension, rules)]
        # Values can be tried only where the keys are there.
        found = found or [*_values(key, rules, model, fits)]
        yield from (f"search.space.{key}: {problem}" for problem in found)
    budget = _refused(rules, model, {}, judge)
    yield from (f"search.budget: {problem}" for problem in budget)


def _key(key: str, keys: list[str]) -> Iterator[str]:
    reason = next((why for fixed, why in _FIXED.items() if f"{key}.".startswith(f"{fixed}.")), None)
    if reason:
        yield f"can't be searched: {reason}"
    elif key not in keys:
        inner = [each for each in keys if each.startswith(f"{key}.")]
        near = inner or difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        yield f"is no key of a model{hint}"


def _conditions(key: str, dimension: Dimension, rules: SearchRules) -> Iterator[str]:
    for other in dimension.when:
        parent = rules.space.get(other)
        if parent is None:
            yield f"when: {other} is not in the space, which holds {', '.join(rules.space)}"
        elif parent.choice is None:
            yield f"when: {other} is drawn from a range; only a choice can be a condition"
        else:
            never = sorted(dimension.allowed(other) - {spelt(value) for value in parent.choice})
            if never:
                yield f"when: {other} is never {', '.join(never)}"
    if key in _ancestors(key, rules.space):
        yield "when: the conditions lead back to the key itself"


def _ancestors(key: str, space: Mapping[str, Dimension]) -> set[str]:
    waiting, found = list(space[key].when), set[str]()
    while waiting:
        each = waiting.pop()
        if each not in found and each in space:
            found.add(each)
            waiting.extend(space[each].when)
    return found


def _values(key: str, rules: SearchRules, model: ModelRules, judge: Judge) -> Iterator[str]:
    """Try the ends and the inside of a range, or every choice, where the conditions hold."""
    dimension = rules.space[key]
    among = _conditions_met(key, rules.space)
    for value in _tried(dimension):
        for problem in _refused(rules, model, {**among, key: value}, judge):
            yield f"{spelt(value)}: {problem}"


def _tried(dimension: Dimension) -> list[Any]:
    if dimension.choice is not None:
        return list(dimension.choice)
    low, high = dimension.bounds or (0.0, 0.0)
    return [low, high] if dimension.whole else [low, low + _INSIDE * (high - low), high]


def _conditions_met(key: str, space: Mapping[str, Dimension]) -> Parameters:
    met: Parameters = {}
    for other in sorted({key, *_ancestors(key, space)}):
        for parent in space[other].when:
            allowed = space[other].allowed(parent)
            choices = (space[parent].choice or ()) if parent in space else ()
            met[parent] = next(value for value in choices if spelt(value) in allowed)
    return met


def _refused(
    rules: SearchRules, model: ModelRules, parameters: Parameters, judge: Judge
) -> list[str]:
    """List what the model's own rules say against values, but not what they say anyway."""
    try:
        tried = with_parameters(model, parameters, budget=rules.budget)
    except KeyError:
        return []  # the condition names no key of a model, which its own line says
    except ValidationError as error:
        found = error.errors(include_url=False)
        texts = [each["msg"].removeprefix("Value error, ") for each in found]
        return [text.replace("Input should be", "must be") for text in texts]
    known = set(judge(model))
    return [problem for problem in judge(tried) if problem not in known]


def _keys(section: type[Section], prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of a section that hold values."""
    for name, field in section.model_fields.items():
        inner = _section(field.annotation)
        if inner is None:
            yield f"{prefix}{name}"
        else:
            yield from _keys(inner, f"{prefix}{name}.")


def _section(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section(part))), None)

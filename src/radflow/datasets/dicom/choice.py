"""Which series of an examination is which channel."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from radflow.config.layouts import SeriesRule
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.dicom.series import DERIVED, IMAGE, Series

_CHANGE = "Change `dicom: series` in the dataset card"
_MOST_SHOWN = 20


@dataclass(frozen=True)
class Choice:
    """The series of a case.

    Attributes
    ----------
    chosen
        Channel: its series; only channels for which exactly one was found.
    findings
        Channels without one series, each a QUAR, and one note of all that was left aside.
    """

    chosen: Mapping[str, Series]
    findings: tuple[Finding, ...]


def choose(
    series: Sequence[Series], rules: Mapping[str, SeriesRule], *, case: str, named: bool
) -> Choice:
    """Choose the series of each channel.

    Parameters
    ----------
    series
        All of the examination.
    rules
        Channel: how to find its series.
    case
        Whom findings name.
    named
        Whether descriptions of series may be shown: they can hold names where identity remains.
    """
    chosen: dict[str, Series] = {}
    findings: list[Finding] = []
    for channel, rule in rules.items():
        matching = [each for each in series if _matches(each, rule)]
        if len(matching) == 1:
            chosen[channel] = matching[0]
        else:
            problem = _no_choice(matching, series, rule, named=named)
            reason = "several series match a channel" if matching else "no series for a channel"
            rule_name = "dicom-several" if matching else "dicom-none"
            findings.append(
                found(rule_name, 50, reason, problem, case=case, role=f"image {channel}")
            )
    findings += _shared(chosen, case=case)
    findings += _left(series, list(chosen.values()), case=case)
    return Choice(chosen, tuple(findings))


def _matches(series: Series, rule: SeriesRule) -> bool:
    if series.kind != IMAGE and not (rule.derived and series.kind == DERIVED):
        return False
    if rule.description is not None and not re.search(rule.description, series.description):
        return False
    if rule.modality is not None and rule.modality != series.modality:
        return False
    return rule.orientation is None or rule.orientation == series.plane


def _no_choice(
    matching: Sequence[Series], series: Sequence[Series], rule: SeriesRule, *, named: bool
) -> Problem:
    asked = ", ".join(
        f"{key} {value!a}" for key, value in rule.model_dump(exclude_none=True).items()
    )
    if matching:
        message = f"{len(matching)} series match ({asked}): {_shown(matching, named=named)}"
        return Problem(Level.QUAR, message, f"{_CHANGE} so that one is left")
    images = [each for each in series if each.kind in (IMAGE, DERIVED)]
    message = f"no series matches ({asked}), there are: {_shown(images, named=named) or 'none'}"
    derived = any(_matches(each, rule.model_copy(update={"derived": True})) for each in images)
    remedy = "The one that would match is derived: set `derived: true`" if derived else _CHANGE
    return Problem(Level.QUAR, message, remedy)


def _shown(series: Sequence[Series], *, named: bool) -> str:
    return "; ".join(
        f"series {each.number if each.number.isdecimal() else '?'}"
        f"{f' {each.description!a}' if named else ''} ({each.kind}, {len(each.files)} files)"
        for each in series[:_MOST_SHOWN]
    )


def _shared(chosen: Mapping[str, Series], *, case: str) -> Iterator[Finding]:
    channels = list(chosen)
    for number, channel in enumerate(channels):
        twins = [other for other in channels[:number] if chosen[other] is chosen[channel]]
        if twins:
            message = f"the series of {twins[0]} is the one of {channel} too"
            problem = Problem(Level.QUAR, message, f"{_CHANGE} so that each channel has its own")
            yield found("dicom-shared", 50, "one series for two channels", problem, case=case)


def _left(series: Sequence[Series], chosen: Sequence[Series], *, case: str) -> Iterator[Finding]:
    """Note in one line what is not read."""
    left = [each for each in series if not any(each is other for other in chosen)]
    if not left:
        return
    counts = Counter(each.kind for each in left)
    files: Counter[str] = Counter()
    for each in left:
        files[each.kind] += len(each.files)
    listed = ", ".join(
        f"{counts[kind]} of kind {kind} ({files[kind]} files)" for kind in sorted(counts)
    )
    problem = Problem(Level.NOTE, f"series left aside: {listed}", "They are not read")
    yield found("dicom-left", 50, "series left aside", problem, case=case)

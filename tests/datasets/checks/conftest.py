"""Checks by name, and what they found."""

import pytest

from radflow.datasets.checks.file import stem
from radflow.datasets.checks.image import examine_image, examine_label


class Found:
    """Findings of one file; `one(rule)` is the only finding of a rule."""

    def __init__(self, findings) -> None:
        self.findings = findings

    def one(self, rule):
        matching = [finding for finding in self.findings if finding.rule == rule]
        assert len(matching) == 1, [str(finding) for finding in self.findings]
        return matching[0]

    @property
    def rules(self):
        return [finding.rule for finding in self.findings]


@pytest.fixture
def check(rules):
    def _check(path, *, modality=None, **bounds):
        changed = rules.model_copy(update=bounds)
        return Found(examine_image(path, changed, case=stem(path), modality=modality)[1])

    return _check


@pytest.fixture
def check_label(rules):
    def _check(path, *, classes=(0, 1, 2), **bounds):
        changed = rules.model_copy(update=bounds)
        return Found(examine_label(path, changed, classes, case="case_1")[1])

    return _check

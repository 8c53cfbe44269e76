"""Checks by name, and what they found."""

import pytest

from radflow.datasets.checks.image import check_image, examine_label


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
        return Found(check_image(path, changed, modality=modality))

    return _check


@pytest.fixture
def check_label(rules):
    def _check(path):
        return Found(examine_label(path, rules, (0, 1, 2), case="case_1")[1])

    return _check

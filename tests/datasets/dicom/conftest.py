"""Folders of small DICOM series, listed or converted."""

import pytest
from cards import dicom_card
from dicom_files import write_series

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.finding import Level
from radflow.datasets.dicom.convert import convert_series
from radflow.datasets.dicom.listing import list_cases


@pytest.fixture
def found(tmp_path):
    """Convert files or a series with a change; give rule: (fault, level, message)."""

    def _found(files=None, *, rules=None, **options):
        files = write_series(tmp_path / "series", **options) if files is None else files
        target = tmp_path / "out/volume.nii.gz"
        target.unlink(missing_ok=True)
        rules = IntakeRules.model_validate(rules or {})
        findings = convert_series(files, target, case="P-01", role="image T1", rules=rules)
        refused = any(f.level in (Level.STOP, Level.QUAR) for f in findings)
        assert target.exists() != refused
        return {f.rule: (f.fault, f.level, f"{f.message}. {f.remedy}") for f in findings}

    return _found


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


@pytest.fixture
def listed(root):
    """List the folder; give candidates by id, the number of examinations, and findings."""

    def _listed(**changes):
        candidates, count, findings = list_cases(root, dicom_card(**changes))
        return {each.case: each for each in candidates}, count, findings

    return _listed

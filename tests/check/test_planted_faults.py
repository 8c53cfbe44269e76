"""Every fault at once: one folder, one run, and each is told with the case that has it."""

import pytest
import yaml
from own_data import write_project
from planted_cohort import CARD, Cohort
from planted_faults import PLANTS

from radflow.check.run import check
from radflow.datasets.checks.finding import Level

AS_ROW = {7: 6}
"""Rows that the catalogue answers as another one."""
STUDY = {"title": "Planted", "question": "What?", "dataset": "planted", "task": "description"}


def plant(cohort: Cohort) -> None:
    """Write three sound cases and every faulty one, and the sheet that lists them."""
    for number in range(1, 4):
        cohort.add(f"sound-{number}")
    for each in PLANTS:
        if each.case != "dataset":
            cohort.add(each.case)
        each.make(cohort, each.case)
    cohort.write_sheet()


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    root = write_project(tmp_path_factory.mktemp("planted"))
    plant(Cohort(root / "own"))
    card = CARD | {"sources": [{"path": str(root / "own")}]}
    for kind, record in (("datasets", card), ("studies", STUDY)):
        (root / "config" / kind).mkdir(exist_ok=True)
        (root / "config" / kind / "planted.yaml").write_text(yaml.safe_dump(record))
    return check("planted", root=root, mirror=None).findings


def test_there_are_at_least_sixty_planted_faults_in_57_rows_of_the_catalogue():
    assert len(PLANTS) >= 60
    assert len({each.fault for each in PLANTS}) == 57


@pytest.mark.parametrize("planted", PLANTS, ids=lambda each: f"{each.fault}-{each.case}")
def test_a_planted_fault_is_told_with_its_row_and_its_case(findings, planted):
    names = (planted.case, ascii(planted.case).strip("'"))
    about = [f for f in findings if any(name in f"{f.case} {f.message}" for name in names)]
    row = AS_ROW.get(planted.fault, planted.fault)
    told = [finding for finding in about if finding.fault == row]
    assert told, list(map(str, about))
    assert all(finding.remedy for finding in told)


def test_sound_cases_are_refused_for_nothing(findings):
    refused = [f for f in findings if f.level in (Level.STOP, Level.QUAR)]
    assert [f for f in refused if f.case in ("sound-2", "sound-3")] == []

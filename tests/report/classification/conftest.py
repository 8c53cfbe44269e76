"""Made-up classifications, shared by all tests of this folder: don't write to them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from classified_study import ClassifiedBuilder

from radflow.report.classification.answers import ClassifiedStudy, read_study
from radflow.report.classification.page import write_report
from radflow.report.inputs import ClassifiedInputs


@pytest.fixture(scope="session")
def classified(tmp_path_factory: pytest.TempPathFactory) -> ClassifiedInputs:
    """Give a study of 30 pictures of three classes whose test part is open."""
    return ClassifiedBuilder(tmp_path_factory.mktemp("classified")).build()


@pytest.fixture(scope="session")
def by_column(tmp_path_factory: pytest.TempPathFactory) -> ClassifiedInputs:
    """Give a study whose parts a column fixes, without a test part; look-alikes lie across them."""
    twins = [
        {
            "cases": [f"p{n:03d}", f"p{n + 3:03d}"],
            "part": "fold-0",
            "other_part": "fold-1",
            "subjects": [f"p{n:03d}", f"p{n + 3:03d}"],
            "similarity": 0.99,
        }
        for n in range(0, 24, 6)
    ]
    return ClassifiedBuilder(tmp_path_factory.mktemp("column")).build(
        column="fold", control=False, record={"near_duplicates": twins}
    )


@pytest.fixture
def study(classified: ClassifiedInputs) -> ClassifiedStudy:
    """Give the shared study, read."""
    return read_study(classified)


@pytest.fixture(scope="session")
def written(classified: ClassifiedInputs, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the report of the shared study."""
    output = tmp_path_factory.mktemp("page") / "report.html"
    write_report(classified, output)
    return output.read_text(encoding="utf-8")


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., ClassifiedInputs]:
    """Give the function that builds a study of one's own, which may be changed."""
    return ClassifiedBuilder(tmp_path / "own").build

"""A small study of synthetic cases, with every file that a report is made of."""

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from study_builder import Builder

from radflow.config.phantom import PhantomRules
from radflow.files import write_json
from radflow.report.inputs import TrainedInputs
from radflow.report.segmentation.page import write_report


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> TrainedInputs:
    """Give a study of 12 cases whose test part is open. Shared by all tests: don't write to it."""
    return Builder(tmp_path_factory.mktemp("study")).build()


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> TrainedInputs:
    """Give a study whose test part is locked. Shared by all tests: don't write to it."""
    return Builder(tmp_path_factory.mktemp("locked")).build(cases=9, opened=False)


@pytest.fixture(scope="session")
def simulated(inputs: TrainedInputs, tmp_path_factory: pytest.TempPathFactory) -> TrainedInputs:
    """Give the shared study as if its subjects were simulated."""
    phantom = PhantomRules(subjects=14, seed=4711, diagnoses={"tumour": 1})
    card = {"layout": "phantom", "sources": (), "phantom": phantom}
    source = tmp_path_factory.mktemp("simulated") / "ellipsoids.source.json"
    archives = [{"archive": f"ellipsoids/{n:03d}.tar"} for n in range(2)]
    write_json(source, {"archives": archives, "bytes": 2_000_000, "sha256": "5" * 64})
    return replace(inputs, card=inputs.card.model_copy(update=card), source_json=source)


class Page(HTMLParser):
    """What a test asks of a page.

    Attributes
    ----------
    tags
        Every element: its name and attributes, in order.
    text
        All text outside style sheets.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._in_style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.text += data

    def values(self, attribute: str) -> list[str]:
        """All values of an attribute."""
        return [value for _, found in self.tags if (value := found.get(attribute)) is not None]


@pytest.fixture(scope="session")
def parse() -> Callable[[str], Page]:
    """Give the parser of pages."""
    return Page


@pytest.fixture(scope="session")
def html(inputs: TrainedInputs, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the report of the shared study."""
    output = tmp_path_factory.mktemp("report") / "report.html"
    write_report(inputs, output)
    return output.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def page(html: str) -> Page:
    """Give the report of the shared study, parsed."""
    return Page(html)


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., TrainedInputs]:
    """Give the function that builds a study of one's own, which may be changed."""
    return Builder(tmp_path / "own").build

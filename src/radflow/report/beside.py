"""Other studies whose headline numbers stand in a report, and why (`beside` of the study)."""

from collections.abc import Iterator, Mapping
from typing import Any

from radflow.files import read_json
from radflow.report.headlines import (
    Metrics,
    headline_cells,
    headline_part,
    headline_titles,
    ordered_models,
    task_of,
)
from radflow.report.load import AnyTrained
from radflow.report.sections import OptionalSection
from radflow.report.tables import Cell, Table, table

Named = tuple[str, Metrics]


def beside(data: AnyTrained) -> Mapping[str, Any] | None:
    """Bring the headline numbers of this study and of those beside it together; None without any.

    Returns
    -------
    mapping
        ``reasons``: study, title, why; ``tables``: one for each family of tasks.
    """
    others = data.inputs.beside
    if not others:
        return None
    studies = [(each.study, read_json(each.metrics_json)) for each in others]
    named = [(data.inputs.study, data.metrics), *studies]
    tasks = dict.fromkeys(task_of(metrics) for _, metrics in named)
    return {
        "reasons": tuple((each.study, each.title, each.why) for each in others),
        "tables": tuple(
            _table(task, [each for each in named if task_of(each[1]) == task]) for task in tasks
        ),
    }


BESIDE = OptionalSection("beside", "Beside other studies", after="results", context=beside)


def _table(task: str, studies: list[Named]) -> Table:
    titles = headline_titles(task)
    return table(
        f"Headline numbers of {task}: estimate with its interval",
        ("Study", "Model", "Part", *titles, "n"),
        [row for name, metrics in studies for row in _rows(name, metrics)],
        numeric=range(3, 4 + len(titles)),
        note="Each study has cases, parts and models of its own, so rows of different studies are "
        "not paired, and no difference between them is tested.",
    )


def _rows(name: str, metrics: Metrics) -> Iterator[tuple[str | int | Cell, ...]]:
    for model in ordered_models(metrics):
        part = headline_part(metrics, model)
        n = int(metrics["models"][model].get(part, {}).get("n_cases", 0))
        yield name, model, part, *headline_cells(metrics, model), n

"""What the reports of all studies with models show of their split, plan and models."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from radflow.report.cohort import counts_table
from radflow.report.inputs import TEST
from radflow.report.leakage import leakage_rows, near_duplicates
from radflow.report.load import AnyTrained
from radflow.report.methods import (
    Line,
    Network,
    architecture_table,
    augmentation_table,
    plan_table,
)
from radflow.report.names import part_title
from radflow.report.numbers import count, short
from radflow.report.tables import Table, table


def shared_context(
    data: AnyTrained,
    networks: Mapping[str, Network],
    *,
    chosen: str,
    lines: tuple[Line, ...] = (),
) -> dict[str, Any]:
    """Build what the templates of every study with models name.

    Parameters
    ----------
    data
        The study.
    networks
        How the family's networks are explained.
    chosen
        What the family selects, and on which cases, for the table of leakage.
    lines
        What the family says of every network: what, value, meaning.
    """
    return {
        "test_open": TEST in data.parts,
        "test_exists": data.has_test_part,
        "chosen_on_tuning": data.chosen_on_tuning,
        "headline_part": part_title(data.headline_part),
        "division": division(data),
        "counts": counts_table(data),
        "leakage": leakage_rows(data, chosen=chosen),
        "near_duplicates": near_duplicates(data),
        "ledger": _ledger(data),
        "plan": plan_table(data),
        "networks": _joined(
            (model.name, architecture_table(model, networks, lines=lines)) for model in data.models
        ),
        "augmentations": _joined(
            (model.name, found)
            for model in data.models
            if (found := augmentation_table(model, networks))
        ),
    }


def _joined(tables: Iterable[tuple[str, Table]]) -> tuple[Table, ...]:
    """Draw tables that say the same of several models once, with the names of all."""
    same: dict[Table, list[str]] = {}
    for name, found in tables:
        same.setdefault(replace(found, caption=found.caption.removeprefix(name)), []).append(name)
    return tuple(
        replace(found, caption=", ".join(names) + found.caption) for found, names in same.items()
    )


def shared_card(data: AnyTrained) -> Iterator[tuple[str, str]]:
    """Yield the lines of the card that all studies with models have: label, text."""
    record = data.split_record
    folds = int(record["folds"])
    development = sum(record["cases"].get(f"fold-{fold}", 0) for fold in range(folds))
    trained = ", ".join(map(str, data.trained_folds))
    yield "Channels", ", ".join(data.inputs.card.channels)
    yield "Dataset", data.inputs.card.title
    yield (
        "Cases",
        f"{development} development ({count(folds, 'fold')}; trained: {trained}), "
        + (f"{record['cases'].get(TEST, 0)} test" if data.has_test_part else "no test part"),
    )
    yield "Models", ", ".join(model.name for model in data.models)
    yield "Test part", _test_part(data)


def division(data: AnyTrained) -> str:
    """Say how subjects were divided."""
    record = data.split_record
    if not record.get("column"):
        return (
            "Subjects, not cases, were divided: a keyed hash of the subject's name decides its "
            "part, so a part depends on no other subject and on no order. Expected share of the "
            f"test part: {record['test_share']:.0%}; the rest falls into {record['folds']} folds "
            "of equal expected size. The split was frozen before the first training."
        )
    tested = record.get("test_values") or []
    test = (
        f"cases with {' or '.join(map(str, tested))} in it are the test part"
        if tested
        else "none of its values stands for a test part, so there is no locked test part, and "
        "models are judged by cross-validation alone"
    )
    return (
        f"The parts are those of the column {record['column']!r} of the table of cases, one fold "
        f"for each of its {count(int(record['folds']), 'value')}; {test}. Whether it keeps what "
        "belongs together in one part is for those to say who made it. The split was frozen before "
        "the first training."
    )


def _test_part(data: AnyTrained) -> str:
    if not data.has_test_part:
        return (
            "none: every subject takes part in the cross-validation, and all results are internal"
        )
    if TEST not in data.parts:
        return "locked: not evaluated"
    times = sum(row["model"] == data.primary.name for row in data.accesses)
    return f"evaluated {count(times, 'time')} with {data.primary.name}"


def _ledger(data: AnyTrained) -> Table | None:
    if not data.accesses:
        return None
    return table(
        f"Ledger: {count(len(data.accesses), 'access', 'accesses')}",
        ("Access", "Model", "Folds", "Weights", "Split", "Settings"),
        [
            (
                int(row["access"]),
                str(row["model"]),
                str(row["folds"]),
                *(short(str(row[f"{key}_sha256"])) for key in ("weights", "split", "settings")),
            )
            for row in data.accesses
        ],
        numeric=(0,),
        note="Weights, split and settings by the first digits of their SHA-256. An identical "
        "evaluation is the same access.",
    )

"""Write what `dvc.yaml` says of the studies and datasets of `config/`.

The stages that are alike for all of them are written by hand; DVC reads for which they stand, and
which files the list of reports is made from, at the end of the file, which `python -m
radflow.config.stages [ROOT]` writes. So no study and no dataset is entered by hand.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from radflow.config import strict_yaml
from radflow.config.dataset import INTAKE_KEYS, DatasetCard
from radflow.config.layouts import SECTION_LAYOUTS
from radflow.config.load import load_card, load_project, load_studies, load_study
from radflow.config.origins import MOST_STUDIES, apart_datasets
from radflow.config.root import project_root
from radflow.config.study import Study
from radflow.config.training import SIMPLE
from radflow.errors import ConfigError, RadflowError

COMMAND = "python -m radflow.config.stages"
MARK = f"# From here on written by `{COMMAND}`, from the files in config/.\n"

OPTIONAL_KEYS = tuple(
    key
    for key in INTAKE_KEYS
    if key not in (*SECTION_LAYOUTS, "phantom") and not DatasetCard.model_fields[key].is_required()
)
"""Keys of a card that intake depends on and that a card may leave out; its layout's section apart.

DVC refuses to watch a key that is not in the file.
"""

OPTIONAL_STUDY_KEYS = ("target", "input", "curve", "search")
"""Keys of a study that stages watch and that a study may leave out, say one of another task."""

_ALWAYS = "layout"
_CURVE_RULES = "workflow/rules/curve.smk"
_SEARCH_RULES = "workflow/rules/search.smk"
_RUN = "snakemake --cores all --allowed-rules"


@dataclass(frozen=True)
class _Configured:
    """What `config/` holds: studies, their cards, the keys of both, and the studies that run."""

    studies: Mapping[str, Study]
    cards: Mapping[str, DatasetCard]
    keys: Mapping[str, frozenset[str]]
    study_keys: Mapping[str, frozenset[str]]
    running: tuple[str, ...]


def write_stages(root: Path) -> None:
    """Bring the end of `dvc.yaml` in step with the studies and datasets of a project.

    Parameters
    ----------
    root
        The project's folder, with `dvc.yaml` and `config`.

    Raises
    ------
    ConfigError
        When a file of `config` is wrong, or `dvc.yaml` has no place for what is written.
    """
    from radflow.files import write_text  # noqa: PLC0415 (pandas is slow to import)

    write_text(root / "dvc.yaml", stages_text(root))


def stages_text(root: Path) -> str:
    """Give the text that `dvc.yaml` should have; see `write_stages`."""
    path = root / "dvc.yaml"
    written, mark, _ = path.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        message = f"{path} has no line {MARK.strip()!r}: get the file of the repository again"
        raise ConfigError(message)
    found = _read(root / "config")
    index = _dumped({"index": _index(found)})
    end = "".join(f"  {line}\n" for line in index.splitlines())
    end += "\n" + _dumped({"vars": _variables(found)})
    if plots := _plots(found):
        end += "\n" + _dumped({"plots": plots})
    return written + mark + end


def _read(folder: Path) -> _Configured:
    names = sorted(file.stem for file in (folder / "studies").glob("*.yaml"))
    studies = load_studies(folder / "studies", names)
    datasets = sorted({study.dataset for study in studies.values()})
    cards = {name: load_card(folder / "datasets", name) for name in datasets}
    keys = {name: _keys(folder / "datasets" / f"{name}.yaml") for name in datasets}
    study_keys = {name: _keys(folder / "studies" / f"{name}.yaml") for name in names}
    running = load_project(folder / "config.yaml").studies
    for name in running:
        if name not in studies:
            load_study(folder / "studies", name)  # says which studies there are
    return _Configured(studies, cards, keys, study_keys, running)


def _keys(file: Path) -> frozenset[str]:
    return frozenset(strict_yaml.parse(file.read_text(encoding="utf-8"))[0])


def _variables(found: _Configured) -> list[dict[str, Any]]:
    trained = {name: study for name, study in found.studies.items() if not study.describes}
    explained = {name: study for name, study in trained.items() if study.explained_models}
    described = {name: study for name, study in found.studies.items() if study.describes}
    return [
        {"run": _RUN},
        {
            "downloaded": {
                name: {"archive": "archive" if "archive" in found.keys[name] else "sources"}
                for name, card in found.cards.items()
                if not card.simulated
            }
        },
        {"simulated": [name for name, card in found.cards.items() if card.simulated]},
        {"datasets": {name: _dataset(name, found) for name in found.cards}},
        {"studies": {name: _trained(name, found) for name in trained}},
        {"curved": {name: _curved(name, found) for name in trained if trained[name].curve}},
        {"searched": {name: _trained(name, found) for name in trained if trained[name].search}},
        {"explained": {name: {"dataset": study.dataset} for name, study in explained.items()}},
        {"described": {name: {"dataset": study.dataset} for name, study in described.items()}},
    ]


def _dataset(name: str, found: _Configured) -> dict[str, str]:
    """Say where a dataset's archives lie, and which keys its card has; `_ALWAYS` for the others."""
    card, keys = found.cards[name], found.keys[name]
    watched = {key: key if key in keys else _ALWAYS for key in OPTIONAL_KEYS}
    return {
        "archives": f"data/raw/{name}" + ("" if card.simulated else ".tar"),
        "section": card.layout if card.layout in keys else _ALWAYS,
        **watched,
    }


def _trained(name: str, found: _Configured) -> dict[str, str]:
    """Say a study's dataset and task, and which optional keys it has; `task` for the others."""
    study, keys = found.studies[name], found.study_keys[name]
    watched = {key: key if key in keys else "task" for key in OPTIONAL_STUDY_KEYS}
    return {
        "dataset": study.dataset,
        "task": study.task,
        **watched,
        **_started(name, found),
        # The report needs the explanations where there are any; DVC can't be told of an option.
        "explained": f"results/{name}/{'explain' if study.explained_models else 'headline.json'}",
        # A report without a learning curve or a search has nothing more to watch than their rules.
        "curve_json": f"results/{name}/curve/curve.json" if study.curve else _CURVE_RULES,
        "found": f"results/{name}/search/search.json" if study.search else _SEARCH_RULES,
    }


def _started(name: str, found: _Configured) -> dict[str, str]:
    """Say which studies a study needs: what it starts from, their datasets, and those beside it.

    DVC takes no list here, so there is a fixed number of places; own files stand in empty ones.
    """
    study = found.studies[name]
    origins = list(dict.fromkeys(origin for origin, _ in study.origins))
    models = [f"results/{origin}/models" for origin in origins]
    apart = [f"data/cases/{dataset}" for dataset in apart_datasets(name, found.studies)]
    beside = [f"results/{other}/metrics.json" for other in study.beside]
    plan, cases = f"results/{name}/plan.json", f"data/cases/{study.dataset}"
    return {
        f"{key}_{place + 1}": files[place] if place < len(files) else empty
        for key, files, empty in (
            ("start", models, plan),
            ("apart", apart, cases),
            ("beside", beside, plan),
        )
        for place in range(MOST_STUDIES)
    }


def _curved(name: str, found: _Configured) -> dict[str, str]:
    trained = _trained(name, found)
    not_watched = ("curve_", "apart_", "beside_")
    return {key: trained[key] for key in trained if not key.startswith(not_watched)}


def _index(found: _Configured) -> dict[str, Any]:
    chosen = {name: found.studies[name] for name in found.running}
    return {
        "cmd": "${run} index all_index -- all_index",
        "deps": [
            *("workflow/rules/report.smk", "workflow/scripts/index.py"),
            *_once(file for name, study in chosen.items() for file in _files(name, study)),
        ],
        "params": [
            {"config/config.yaml": ["studies"]},
            *({f"config/studies/{name}.yaml": ["title", "question", "task"]} for name in chosen),
            *(
                {f"config/datasets/{dataset}.yaml": ["layout"]}
                for dataset in _once(study.dataset for study in chosen.values())
            ),
            {"results/versions.json": ["index"]},
        ],
        "outs": ["results/index.html"],
    }


def _files(name: str, study: Study) -> tuple[str, str]:
    """Name what the list of reports takes from a study: its report, and its numbers."""
    numbers = (
        f"data/cases/{study.dataset}/intake.json"
        if study.describes
        else f"results/{name}/metrics.json"
    )
    return f"results/{name}/report.html", numbers


def _plots(found: _Configured) -> list[dict[str, Any]]:
    histories = [
        f"results/{name}/models/{model}/fold-0/history.csv"
        for name, study in found.studies.items()
        for model, rules in study.models.items()
        if rules.network.name not in SIMPLE
    ]
    return [
        {title: {"x": "epoch", "y": {file: [column] for file in histories}, **labels}}
        for title, column, labels in (
            ("learning curve", "score", {"x_label": "epoch", "y_label": "tuning score"}),
            ("loss", "loss", {}),
        )
        if histories
    ]


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _dumped(record: Mapping[str, Any]) -> str:
    """Write YAML: what holds no further lists and mappings on one line."""
    return yaml.safe_dump(dict(record), sort_keys=False, default_flow_style=None, width=100)


def main(root: Path) -> None:
    """Write the end of `dvc.yaml`; what is wrong with the configuration is one message."""
    from radflow.progress import say  # noqa: PLC0415

    try:
        write_stages(root)
    except RadflowError as error:
        sys.exit(f"dvc.yaml is left as it is: {error}")
    say(f"wrote the studies of {root / 'config'} into {root / 'dvc.yaml'}")


if __name__ == "__main__":
    main(project_root(COMMAND))

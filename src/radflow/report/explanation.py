"""The section that shows why networks said so, from what the step explain wrote."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from radflow.files import read_json, read_tsv
from radflow.report.numbers import count, estimate, number
from radflow.report.scatter import Dot, Sheet, scatter
from radflow.report.tables import Table, table

METHODS = {"grad-cam": "Grad-CAM", "occlusion": "Occlusion"}
_TEXTS = ("case", "part", "reference", "answer", "shown", "method", "path", "image", "picture")
_NONE = "none"


@dataclass(frozen=True)
class Shown:
    """A case of the gallery: what it is, its picture, and each map over it with a caption."""

    title: str
    image: str
    maps: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Stage:
    """The patches that excite units of a stage: name, what a unit sees, the sheet, its rows."""

    name: str
    field: str
    sheet: str
    units: str


@dataclass(frozen=True)
class ModelExplained:
    """What the section shows of a model.

    Attributes
    ----------
    name, stage
        Of the model; whose maps Grad-CAM weighs.
    part
        Whose cases are explained, for readers.
    pointing
        The pointing game; None where no case has a lesion.
    right, wrong
        Cases of the gallery.
    sheets
        Elements with the small images of the scatter plots.
    scatters
        Their plots, one row per network.
    stages
        Patches.
    sanity
        The check with randomised weights, and whether it is passed; None without a case.
    """

    name: str
    stage: str
    part: str
    pointing: Table | None
    right: tuple[Shown, ...]
    wrong: tuple[Shown, ...]
    sheets: tuple[Markup, ...]
    scatters: tuple[Markup, ...]
    stages: tuple[Stage, ...]
    sanity: Table | None
    changed: bool


def explanation_context(
    folder: Path, *, models: Sequence[str], classes: Sequence[str]
) -> dict[str, Any] | None:
    """Build what the section's template finds under the name ``explanation``.

    Parameters
    ----------
    folder
        ``results/STUDY/explain``, with a folder per model.
    models
        Of the study, in order; those without an explanation are left out.
    classes
        Names, in order.

    Returns
    -------
    dict or None
        ``models``: a `ModelExplained` of each; ``headline``: the pointing game in one sentence per
        model. None where there is no explanation.
    """
    found = tuple(
        _model(folder / name, name, classes)
        for name in models
        if (folder / name / "explained.tsv").is_file()
    )
    if not found:
        return None
    return {"models": found, "headline": tuple(_headlines(folder, found))}


def _headlines(folder: Path, models: Sequence[ModelExplained]) -> Iterator[str]:
    for model in models:
        for method, record in read_json(folder / model.name / "pointing.json").items():
            if record["n"]:
                yield (
                    f"{model.name}: in {record['inside']} of {record['n']} correctly classified "
                    f"cases with a lesion the maximum of {METHODS[method]} lies inside it: "
                    f"{_share(record)}; by chance {_percent(record['chance'])}."
                )


def _model(folder: Path, name: str, classes: Sequence[str]) -> ModelExplained:
    rows = read_tsv(folder / "explained.tsv", _TEXTS).fillna(dict.fromkeys(_TEXTS, ""))
    features = read_tsv(folder / "features.tsv", ("case", "part", "reference", "answer"))
    sanity = read_json(folder / "sanity.json")
    sheets, scatters = _scatters(folder, features.fillna({"reference": ""}), name, classes)
    test = set(rows["part"]) == {"test"}
    return ModelExplained(
        name=name,
        stage=str(sanity["stage"]),
        part="test cases" if test else "tuning cases, each by the network that did not train on it",
        pointing=_pointing(read_json(folder / "pointing.json")),
        right=tuple(_gallery(folder, rows, "right")),
        wrong=tuple(_gallery(folder, rows, "wrong")),
        sheets=sheets,
        scatters=scatters,
        stages=tuple(_stages(folder)),
        sanity=_sanity(sanity),
        changed=bool(sanity["changed"]),
    )


def _pointing(record: dict[str, Any]) -> Table | None:
    rows = [
        (
            METHODS[method],
            name,
            str(own["inside"]),
            str(own["n"]),
            _share(own),
            _percent(own["chance"]),
        )
        for method, found in record.items()
        for name, own in (("all", found), *found["classes"].items())
        if found["n"]
    ]
    if not rows:
        return None
    return table(
        "Pointing game: is the maximum of the map inside the lesion?",
        ("Map", "Class", "Inside", "Cases", "Share (95 % interval)", "By chance"),
        rows,
        numeric=(2, 3, 4, 5),
        note="A random sample of each class; of it, the cases that are classified correctly and "
        "have a lesion. Nothing is added around a lesion. By chance: the share of the lesion in "
        "what the network saw. Wilson's interval.",
    )


def _gallery(folder: Path, rows: pd.DataFrame, kind: str) -> Iterator[Shown]:
    own = pd.DataFrame(rows[rows["shown"] == kind])
    for case, maps in own.groupby("case", sort=True):
        first = maps.iloc[0]
        answer = f"answer {first['answer']} ({_percent(float(first['probability']))})"
        yield Shown(
            title=f"{case}: {first['reference'] or _NONE}, {answer}",
            image=_address(folder / str(first["image"])),
            maps=tuple(
                (_caption(row), _address(folder / str(row["picture"])))
                for row in maps.to_dict(orient="records")
            ),
        )


def _caption(row: dict[Any, Any]) -> str:
    name = METHODS[str(row["method"])]
    if pd.isna(row["i"]):
        return f"{name}: nothing speaks for the class"
    if not row["lesion"]:
        return name
    return f"{name}: maximum {'inside' if row['inside'] else 'outside'} the lesion"


def _scatters(
    folder: Path, features: pd.DataFrame, model: str, classes: Sequence[str]
) -> tuple[tuple[Markup, ...], tuple[Markup, ...]]:
    sheets: list[str] = []
    drawn: list[str] = []
    for part, record in read_json(folder / "embedding.json").items():
        own = pd.DataFrame(features[features["part"] == part])
        side, columns = int(record["tile"]), int(record["columns"])
        rows = -(-len(own) // columns)
        sheet = Sheet(f"{model}-{part}-cases", folder / record["sheet"], side, columns, rows)
        sheets.append(sheet.svg)
        first, second = (_percent(share) for share in record["explained"])
        titles = {
            "pca": f"PCA, {part}: {first} and {second} of the variance",
            "tsne": f"t-SNE, {part}, perplexity {number(record['perplexity'], 1)}",
        }
        names = [*classes, *sorted(set(own["reference"]) - set(classes))]
        for method, title in titles.items():
            dots = list(_dots(own, method))
            if dots:
                text = f"{title}: {count(len(dots), 'case')} by the features of {model}"
                drawn.append(scatter(dots, sheet, names=names, title=title, description=text))
    # Numbers and escaped text.
    return tuple(map(Markup, sheets)), tuple(map(Markup, drawn))


def _dots(features: pd.DataFrame, method: str) -> Iterator[Dot]:
    for row in features.to_dict(orient="records"):
        if not pd.isna(row[f"{method}_x"]):
            reference = str(row["reference"])
            yield Dot(
                x=float(row[f"{method}_x"]),
                y=float(row[f"{method}_y"]),
                name=reference,
                lines=(str(row["case"]), f"is: {reference or _NONE}", f"answer: {row['answer']}"),
                right=bool(row["right"]),
                tile=int(row["tile"]),
            )


def _stages(folder: Path) -> Iterator[Stage]:
    record = read_json(folder / "activating.json")
    for stage in record["stages"]:
        if not stage["units"]:
            continue
        sizes = [
            "the whole image" if size is None else f"{size}" for size in stage["receptive_field"]
        ]
        alike = sizes[:1] if len(set(sizes)) == 1 else sizes
        field = " \N{MULTIPLICATION SIGN} ".join(alike)
        beyond = all(
            size is not None and size >= n
            for size, n in zip(stage["receptive_field"], record["grid"], strict=True)
        )
        side = (
            ""
            if stage["receptive_field"][0] is None
            else " voxels a side"
            if len(alike) == 1
            else " voxels"
        )
        yield Stage(
            name=str(stage["stage"]),
            field=field + side + (", more than the image" if beyond else ""),
            sheet=_address(folder / stage["sheet"]),
            units=", ".join(str(unit["unit"]) for unit in stage["units"]),
        )


def _sanity(record: dict[str, Any]) -> Table | None:
    if not record["steps"]:
        return None
    return table(
        f"Grad-CAM of {count(len(record['cases']), 'case')} against that of randomised networks",
        ("Drawn anew, from here to the answer", "Rank correlation", "SSIM"),
        [
            (step["part"], number(step["rank_correlation"], 2), number(step["ssim"], 2))
            for step in record["steps"]
        ],
        numeric=(1, 2),
        note=f"1: the same map. In the last row no learnt weight is left; there, the map counts as "
        f"changed where the rank correlation is below {record['bound']:g}.",
    )


def _share(record: dict[str, Any]) -> str:
    ends = {
        key: None if record[key] is None else 100 * record[key] for key in ("share", "low", "high")
    }
    return f"{estimate(ends, 0, key='share')} %"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _address(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"

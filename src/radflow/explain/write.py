"""The workflow's step: explain one model of a study."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radflow.config.explain import ExplainRules, Method
from radflow.datasets.cases import Case
from radflow.errors import LeakError
from radflow.explain.activating import write_activating
from radflow.explain.case_views import FoldNetwork, load_fold_networks
from radflow.explain.features import drawn, write_features
from radflow.explain.gallery import draw_case
from radflow.explain.maps import case_map
from radflow.explain.placement import maximum, to_source, write_map
from radflow.explain.pointing import Mask, Pointed, game, lesion_mask
from radflow.explain.sanity import check_sanity
from radflow.explain.selection import Answered, answers_of, choose
from radflow.explain.units import Peaks
from radflow.files import read_tsv, sha256_file, write_json, write_tsv
from radflow.patches.store import ShardSet
from radflow.progress import track
from radflow.randomness import keyed_generator

EXPLAINED, POINTING, FEATURES = "explained.tsv", "pointing.json", "features.tsv"
EMBEDDING, ACTIVATING, SANITY = "embedding.json", "activating.json", "sanity.json"

COLUMNS = (
    *("case", "part", "reference", "answer", "probability", "right", "sampled", "shown", "method"),
    *("path", "sha256", "i", "j", "k", "lesion", "inside", "lesion_share", "image", "picture"),
)


@dataclass(frozen=True)
class Explained:
    """What a model is explained from.

    Attributes
    ----------
    folders
        Of its trained folds.
    shards
        Files of preprocessed cases.
    cases
        Part to its cases.
    scores
        The tables of the model's evaluation on these parts.
    """

    folders: Sequence[Path]
    shards: Sequence[Path]
    cases: Mapping[str, Sequence[Case]]
    scores: Sequence[Path]


def explain_model(inputs: Explained, rules: ExplainRules, output: Path) -> None:
    """Write why a model says what it says, into a folder.

    ``explained.tsv``
        A row per case and method: case, part, reference, answer (the class explained),
        probability, right, sampled (counts in the pointing game), shown (``right``, ``wrong`` or
        empty), method, path and sha256 of the map (float32 NIfTI on the source's grid), i, j, k
        (voxel of its maximum; empty where the map is the same everywhere), lesion (has one),
        inside (empty without a lesion), lesion_share (of what the network saw), image and picture
        (PNG; of the cases shown).
    ``pointing.json``
        Method to `radflow.explain.pointing.game`, of the sampled cases that are right.
    ``features.tsv``, ``embedding.json``
        See `radflow.explain.features.write_features`; parts stand below each other.
    ``activating.json``, ``sanity.json``
        See `write_activating` and `check_sanity`; of the first part's network.

    Parameters
    ----------
    inputs
        Model, cases and scores.
    rules
        What is explained.
    output
        Folder to write.

    Raises
    ------
    LeakError
        When a case of the scores is not one of its part.
    ModelError
        When the model is no network, or has no such stage.
    """
    store = ShardSet(inputs.shards)
    networks = load_fold_networks(inputs.folders, store)
    target = next(iter(networks.values())).target
    answers = answers_of(
        [read_tsv(path, ("case", "part", "reference")) for path in inputs.scores], target
    )
    cases = _by_id(inputs.cases, answers)
    chosen = choose(answers, rules, target)
    step = _Step(networks, cases, rules, output)
    rows = [row for each in track(chosen, "explain") for row in step.explain(each)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    write_json(output / POINTING, _pointing(rows, rules))
    step.describe(answers, chosen)
    # Last, as the table names the other files.
    write_tsv(output / EXPLAINED, table)


@dataclass(frozen=True)
class _Step:
    networks: Mapping[int, FoldNetwork]
    cases: Mapping[str, Case]
    rules: ExplainRules
    output: Path

    def explain(self, each: Answered) -> Iterator[dict[str, Any]]:
        """Write the maps of a case, and give their rows."""
        own = self._networks(each)
        case = self.cases[each.case]
        lesion = lesion_mask(case, self.rules.lesion_labels)
        rows: list[dict[str, Any]] = []
        maps: dict[Method, np.ndarray] = {}
        for method in self.rules.methods:
            row, maps[method] = self._map(own, each, case, method=method, lesion=lesion)
            rows.append(row)
        if each.shown:
            names = draw_case(case, maps, rows, self.output, view=own[0].card.view, lesion=lesion)
            for row in rows:
                row |= {"image": names["image"], "picture": names[row["method"]]}
        yield from rows

    def describe(self, answers: Sequence[Answered], chosen: Sequence[Answered]) -> None:
        """Write features, the patches that excite units, and the check with random weights."""
        parts = sorted({each.part for each in answers})
        tables: list[pd.DataFrame] = []
        records: dict[str, Any] = {}
        for part in parts:
            own = self._networks(next(each for each in answers if each.part == part))[0]
            table, records[part], peaks = write_features(
                own,
                drawn(answers, part, self.rules),
                self.cases,
                sheet_png=self.output / f"features-{part}.png",
                rules=self.rules,
            )
            tables.append(table)
            if part == parts[0]:
                self._inspect(own, peaks, part, chosen)
        write_tsv(self.output / FEATURES, pd.concat(tables, ignore_index=True))
        write_json(self.output / EMBEDDING, records)

    def _inspect(
        self, own: FoldNetwork, peaks: Peaks, part: str, chosen: Sequence[Answered]
    ) -> None:
        folder, rules = self.output / "activating", self.rules
        found = write_activating(own, peaks, self.cases, folder=folder, rules=rules)
        write_json(self.output / ACTIVATING, found)
        checked = [each for each in chosen if each.part == part and each.right and each.sampled]
        # Ids may be in the order of the classes.
        order = keyed_generator(rules.seed, "checked", part).permutation(len(checked)).tolist()
        pairs = [(self.cases[checked[at].case], checked[at].answer) for at in order]
        write_json(self.output / SANITY, check_sanity(own, pairs, rules))

    def _networks(self, each: Answered) -> list[FoldNetwork]:
        """Give the networks that answered for a case."""
        return list(self.networks.values()) if each.fold is None else [self.networks[each.fold]]

    def _map(
        self,
        own: Sequence[FoldNetwork],
        each: Answered,
        case: Case,
        *,
        method: Method,
        lesion: Mask | None,
    ) -> tuple[dict[str, Any], np.ndarray]:
        canvas = case_map(own, case, each.answer, method=method, rules=self.rules)
        geometry = own[0].shards.geometry(each.case)
        values = to_source(canvas.map, geometry)
        seen = to_source(canvas.seen.astype(np.float32), geometry) >= 0.5
        at = maximum(values, seen)
        path = self.output / "overlays" / f"{each.case}.{method}.nii.gz"
        write_map(path, values, geometry)
        return {
            **{key: getattr(each, key) for key in COLUMNS[:5]},
            **{"right": int(each.right), "sampled": int(each.sampled), "shown": each.shown},
            **{"method": method, "path": path.relative_to(self.output).as_posix()},
            "sha256": sha256_file(path),
            **dict(zip("ijk", at or ("", "", ""), strict=True)),
            "lesion": int(lesion is not None),
            "inside": "" if lesion is None else int(at is not None and bool(lesion[at])),
            "lesion_share": "" if lesion is None else float(lesion[seen].mean()),
            **{"image": "", "picture": ""},
        }, values


def _by_id(parts: Mapping[str, Sequence[Case]], answers: Sequence[Answered]) -> dict[str, Case]:
    found = {part: {case.case: case for case in cases} for part, cases in parts.items()}
    strangers = [each for each in answers if each.case not in found.get(each.part, {})]
    if strangers:
        message = (
            f"{len(strangers)} of {len(answers)} scored cases are not in the part that the scores "
            f"name (first: {strangers[0].case}, {strangers[0].part}): run the rule evaluate again"
        )
        raise LeakError(message)
    return {each.case: found[each.part][each.case] for each in answers}


def _pointing(rows: Sequence[Mapping[str, Any]], rules: ExplainRules) -> dict[str, Any]:
    return {
        method: game(
            [
                Pointed(row["reference"], bool(row["inside"]), row["lesion_share"])
                for row in rows
                if row["method"] == method and row["right"] and row["sampled"] and row["lesion"]
            ]
        )
        for method in rules.methods
    }

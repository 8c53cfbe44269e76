"""One simulated subject: anatomy, disease and scans, of the seed and the number alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from radflow.config.phantom import REFERENCE_CLASSES, PhantomRules
from radflow.phantom.atlas import load_atlas
from radflow.phantom.deform import atlas_points
from radflow.phantom.fields import Floats
from radflow.phantom.head import Head, build_head
from radflow.phantom.lesions import Painted, paint_lesions
from radflow.phantom.person import Person, draw_person
from radflow.phantom.raters import outline
from radflow.phantom.scanner import Scan, draw_scanner
from radflow.randomness import keyed_generator

Labels = npt.NDArray[np.uint8]

_MIMICS = frozenset({"calcification", "vein"})
_TISSUES_OF = {
    "grey-matter": ("grey",),
    "white-matter": ("white",),
    "core": ("core-grey", "core-white"),
    "penumbra": ("penumbra-grey", "penumbra-white"),
    "lesion": (
        "oedema",
        "enhancing",
        "necrosis",
        "core-grey",
        "core-white",
        "haematoma",
        "microbleed",
    ),
}
_OF_DIAGNOSIS = {
    "tumour": ("tumour",),
    "stroke": ("stroke", "infarct"),
    "haemorrhage": ("haemorrhage",),
    "microbleeds": ("microbleeds",),
}


@dataclass(frozen=True)
class PhantomSubject:
    """What is known of a simulated subject.

    Attributes
    ----------
    name
        Its number, five digits.
    affine
        ``(4, 4)``, RAS+, mm; the origin is the middle of the brain's bounding box.
    images
        Channel to ``(i, j, k)`` float32, in the order asked for.
    references
        Name to label map ``(i, j, k)``; ``"tissue"`` is the anatomy under any lesion,
        ``"lesions"`` the number of the lesion in `lesions`.
    lesions
        One row per lesion: see `radflow.phantom.lesions.LESION_COLUMNS`.
    facts
        Row of the table of participants.
    raters
        ``"rater-1"`` to the lesions as this rater outlines them, mimics left out.
    """

    name: str
    affine: npt.NDArray[np.float64]
    images: dict[str, Floats]
    references: dict[str, Labels]
    lesions: pd.DataFrame
    facts: dict[str, str | float | int]
    raters: dict[str, Labels]


def simulate(rules: PhantomRules, number: int, channels: Sequence[str]) -> PhantomSubject:
    """Make one subject of a cohort.

    Its bytes depend on the seed, the number, the grid, the shares of diagnoses and the count of
    scanners; not on how many subjects there are, nor on which channels are asked for.

    Parameters
    ----------
    rules
        The cohort.
    number
        Of the subject, from 1.
    channels
        Names of `radflow.config.phantom.SEQUENCES`.
    """
    person = draw_person(rules, number)
    head = _head(rules, number, person)
    volumes = _volumes(head)
    tissue = head.labels([["csf"], ["grey"], ["white"]])
    rng = keyed_generator(rules.seed, "phantom", number, "lesions")
    painted = paint_lesions(head, person.lesions, rng)
    affine = np.diag([rules.spacing_mm] * 3 + [1.0])
    affine[:3, 3] = [axis[0] for axis in head.grid]
    draw = keyed_generator(rules.seed, "phantom", number, "scanner")
    scanner = draw_scanner(rules.seed, int(draw.integers(rules.scanners)) + 1)
    scan = Scan(head.shares, scanner, rules.spacing_mm, (rules.seed, "phantom scan", number))
    table = painted.table(affine)
    return PhantomSubject(
        name=f"{number:05d}",
        affine=affine,
        images={channel: scan.image(channel) for channel in channels},
        references=_references(rules, person, head, painted=painted, tissue=tissue),
        lesions=table,
        facts=_facts(person, scanner.name, volumes, table),
        raters=_raters(rules, number, painted),
    )


def grid_of(rules: PhantomRules) -> list[npt.NDArray[np.float32]]:
    """Coordinates of a cohort's voxels along the RAS axes, mm from the brain's centre."""
    return [
        ((np.arange(size) - (size - 1) / 2) * rules.spacing_mm).astype(np.float32)
        for size in rules.shape
    ]


def _head(rules: PhantomRules, number: int, person: Person) -> Head:
    grid = grid_of(rules)
    rng = keyed_generator(rules.seed, "phantom", number, "shape")
    points = atlas_points(person.shape, grid, rng)
    return build_head(points, grid, person.skull, cortex_loss=person.atrophy.cortex)


def _volumes(head: Head) -> dict[str, float]:
    """Measure the anatomy before disease: ml, 0.1 ml exact."""
    atlas, voxel_ml = load_atlas(), head.spacing_mm**3 / 1000
    grey = head.share("grey")
    ventricles = atlas.sample(atlas.ventricles, head.points, outside=0.0)
    hippocampi = atlas.sample(atlas.hippocampi, head.points, outside=0.0) * grey
    measured = {
        "grey_matter_ml": grey,
        "white_matter_ml": head.share("white"),
        "ventricles_ml": ventricles,
        "hippocampi_ml": hippocampi,
    }
    return {name: round(float(map_.sum()) * voxel_ml, 1) for name, map_ in measured.items()}


def _references(
    rules: PhantomRules, person: Person, head: Head, *, painted: Painted, tissue: Labels
) -> dict[str, Labels]:
    """Make the label maps of the diagnosis, and the one the cohort asks for, empty or not."""
    found = {"tissue": tissue, "lesions": painted.lesions}
    found["infarct"] = painted.infarct.astype(np.uint8)
    wanted = {*_OF_DIAGNOSIS.get(person.diagnosis, ()), rules.reference}
    for name in sorted(wanted - set(found)):
        classes = REFERENCE_CLASSES[name][1:]
        found[name] = head.labels([_TISSUES_OF.get(label, (label,)) for label in classes])
    kept = {"tissue", "lesions", *wanted}
    return {name: found[name] for name in sorted(found) if name in kept}


def _raters(rules: PhantomRules, number: int, painted: Painted) -> dict[str, Labels]:
    kept = [n for n, kind in enumerate(painted.kinds, start=1) if kind not in _MIMICS]
    truth = np.isin(painted.lesions, kept)
    return {
        f"rater-{rater}": outline(
            truth, rater, spacing_mm=rules.spacing_mm, seed=rules.seed, number=number
        )
        for rater in range(1, rules.raters + 1)
    }


def _facts(
    person: Person, scanner: str, volumes: dict[str, float], table: pd.DataFrame
) -> dict[str, str | float | int]:
    treated = "n/a" if person.treated is None else "yes" if person.treated else "no"
    own = table.loc[~table["kind"].isin(sorted(_MIMICS)), "volume_ml"].to_numpy(np.float64)
    return {
        "diagnosis": person.diagnosis,
        "age": person.age,
        "sex": person.sex,
        "scanner": scanner,
        "treated": treated,
        "lesions": len(own),
        "lesion_ml": round(float(own.sum()), 2),
        **volumes,
    }

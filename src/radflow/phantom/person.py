"""Who a subject is: diagnosis, age, the shape of the head, and what is wrong with the brain."""

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from radflow.config.phantom import Diagnosis, PhantomRules
from radflow.phantom.deform import Shape
from radflow.phantom.head import Skull
from radflow.phantom.lesions import Lesion, deep_point
from radflow.randomness import keyed_generator

_SPREAD = (0.5, 1.5)  # of the severity of a disease about its mean
_MOST_VENTRICLES = 6.0  # mm; beyond about 8 the deformation would fold


@dataclass(frozen=True)
class Atrophy:
    """Loss of tissue: mm by which ventricle walls recede, and shares of hippocampus and cortex."""

    ventricles: float
    hippocampus: float
    cortex: float


@dataclass(frozen=True)
class Person:
    """A simulated subject before the scan.

    Attributes
    ----------
    diagnosis
        One of `radflow.config.phantom.Diagnosis`.
    age
        Years.
    sex
        ``"F"`` or ``"M"``.
    treated
        Whether a stroke was treated; None without a stroke.
    """

    diagnosis: Diagnosis
    age: int
    sex: str
    shape: Shape
    skull: Skull
    atrophy: Atrophy
    lesions: tuple[Lesion, ...]
    treated: bool | None


def draw_person(rules: PhantomRules, number: int) -> Person:
    """Draw the subject of a number: of the seed, the number and the shares of diagnoses alone."""
    rng = keyed_generator(rules.seed, "phantom", number, "person")
    diagnosis = _diagnosis(rules, rng)
    age = int(rng.integers(45, 86))
    sex = "F" if rng.random() < 0.5 else "M"
    atrophy = _atrophy(diagnosis, age, rng)
    # Another stream: the same number is the same head, whatever is wrong with it.
    disease = keyed_generator(rules.seed, "phantom", number, "disease")
    treated = bool(disease.random() < 0.5)
    lesions = _lesions(diagnosis, disease, treated=treated)
    return Person(
        diagnosis=diagnosis,
        age=age,
        sex=sex,
        shape=_shape(sex, atrophy, lesions, rng),
        skull=Skull(
            fluid=rng.uniform(1.5, 3),
            bone=rng.uniform(5, 8),
            fat=rng.uniform(2, 5),
            skin=rng.uniform(2, 4),
        ),
        atrophy=atrophy,
        lesions=lesions,
        treated=treated if diagnosis == "stroke" else None,
    )


def _diagnosis(rules: PhantomRules, rng: np.random.Generator) -> Diagnosis:
    """Draw a diagnosis; the order in which a card lists the shares makes no difference."""
    names: list[Diagnosis] = [name for name in get_args(Diagnosis) if name in rules.diagnoses]
    shares = np.cumsum([rules.diagnoses[name] for name in names])
    return names[int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))]


def _atrophy(diagnosis: Diagnosis, age: int, rng: np.random.Generator) -> Atrophy:
    """Draw the loss of tissue: a little with age, more with disease, with overlap between them."""
    years = (age - 45) / 40
    normal = Atrophy(
        ventricles=max(0.9 * years + rng.normal(0, 0.3), -0.4),
        hippocampus=max(0.05 * years + rng.normal(0, 0.02), 0.0),
        cortex=max(0.12 * years + rng.normal(0, 0.03), 0.0),
    )
    extra = {"intermediate": (1.4, 0.14, 0.18), "alzheimer": (3.4, 0.30, 0.40)}.get(diagnosis)
    spread = float(np.clip(rng.normal(1, 0.25), *_SPREAD))
    if extra is None:
        return normal
    ventricles, hippocampus, cortex = (spread * value for value in extra)
    return replace(
        normal,
        ventricles=min(normal.ventricles + ventricles, _MOST_VENTRICLES),
        hippocampus=normal.hippocampus + hippocampus,
        cortex=normal.cortex + cortex,
    )


def _shape(
    sex: str, atrophy: Atrophy, lesions: tuple[Lesion, ...], rng: np.random.Generator
) -> Shape:
    size = (1.0 if sex == "M" else 0.96) * rng.normal(1, 0.025)
    x, y, z = size * rng.normal(1, 0.015, 3)
    i, j, k = rng.uniform(-6, 6, 3)
    right, front, up = rng.uniform(-4, 4, 3)
    return Shape(
        size=(x, y, z),
        rotation_degrees=(i, j, k),
        shift_mm=(right, front, up),
        asymmetry=rng.normal(1.2, 0.8),
        ventricles=atrophy.ventricles,
        hippocampus=atrophy.hippocampus,
        masses=tuple(lesion.mass for lesion in lesions if lesion.mass is not None),
    )


def _lesions(
    diagnosis: Diagnosis, rng: np.random.Generator, *, treated: bool
) -> tuple[Lesion, ...]:
    if diagnosis == "tumour":
        return _tumours(rng)
    if diagnosis == "stroke":
        return (_stroke(rng, treated=treated),)
    if diagnosis == "haemorrhage":
        return (_haematoma(rng),)
    if diagnosis == "microbleeds":
        return _spots(rng)
    return ()


def _tumours(rng: np.random.Generator) -> tuple[Lesion, ...]:
    """One large tumour, or two to four small ones as metastases are."""
    many = rng.random() < 0.3
    count = int(rng.integers(2, 5)) if many else 1
    found: list[Lesion] = []
    for _ in range(count):
        radius = rng.uniform(5, 9) if many else rng.uniform(10, 20)
        rim = rng.uniform(2.5, 4.5) if rng.random() < 0.8 else radius
        centre = deep_point(rng, white=0.5)
        oedema = rng.uniform(5, 16)
        found.append(Lesion("tumour", centre, radius, rim_mm=rim, oedema_mm=oedema))
    return tuple(found)


def _stroke(rng: np.random.Generator, *, treated: bool) -> Lesion:
    side = 1 if rng.random() < 0.5 else -1
    centre = np.array([side * rng.uniform(38, 48), rng.uniform(-28, 8), rng.uniform(4, 26)])
    growth = rng.uniform(0.02, 0.3) if treated else rng.uniform(0.45, 0.95)
    radius, core = rng.uniform(24, 36), rng.uniform(0.3, 0.65)
    return Lesion("stroke", centre, radius, core=core, growth=growth)


def _haematoma(rng: np.random.Generator) -> Lesion:
    """Draw a bleeding: two in three deep (putamen, thalamus), the others lobar."""
    side = 1 if rng.random() < 0.5 else -1
    lobar = deep_point(rng, white=0.3)
    putamen = np.array([side * 27.0, 2.0, 3.0])
    thalamus = np.array([side * 14.0, -18.0, 8.0])
    place = rng.random()
    centre = putamen if place < 0.45 else thalamus if place < 0.67 else lobar
    return Lesion("haematoma", centre, rng.uniform(8, 19), oedema_mm=rng.uniform(2, 5))


def _spots(rng: np.random.Generator) -> tuple[Lesion, ...]:
    """Draw microbleeds, and what is taken for them: calcified pallida, veins."""
    bleeds = [
        Lesion("microbleed", deep_point(rng), rng.uniform(1.8, 3.6))
        for _ in range(int(rng.integers(1, 11)))
    ]
    veins: list[Lesion] = []
    for _ in range(int(rng.integers(1, 5))):
        course = rng.normal(size=3)
        x, y, z = course / np.linalg.norm(course)
        place = deep_point(rng, white=0.3)
        veins.append(Lesion("vein", place, rng.uniform(2.6, 3.6), direction=(x, y, z)))
    calcified = rng.random() < 0.6
    pallida = [
        Lesion("calcification", np.array([side * 19.0, -3.0, -1.0]), rng.uniform(2.2, 4))
        for side in (-1, 1)
    ]
    return (*bleeds, *veins, *(pallida if calcified else ()))

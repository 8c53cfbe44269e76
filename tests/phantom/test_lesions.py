"""Lesions: the table tells what the maps show, and each kind lies where it must."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from radflow.config.phantom import REFERENCE_CLASSES
from radflow.phantom.lesions import deep_point
from radflow.phantom.subject import PhantomSubject
from radflow.randomness import keyed_generator

Make = Callable[..., PhantomSubject]

_WITH_LESIONS = ("tumour", "stroke", "haemorrhage", "microbleeds")


def _named(subject: PhantomSubject, reference: str, name: str) -> npt.NDArray[np.bool_]:
    return subject.references[reference] == REFERENCE_CLASSES[reference].index(name)


@pytest.mark.parametrize("diagnosis", _WITH_LESIONS)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_table_agrees_with_the_map_of_lesions(
    subject: Make, diagnosis: str, number: int
) -> None:
    made = subject(diagnosis, number)
    numbers = made.references["lesions"]
    assert made.lesions["lesion"].tolist() == list(range(1, int(numbers.max()) + 1))
    voxel_ml = float(np.linalg.det(made.affine[:3, :3])) / 1000
    for row in made.lesions.itertuples(index=False):
        mask = numbers == row.lesion
        centre = ndimage.center_of_mass(mask) @ made.affine[:3, :3].T + made.affine[:3, 3]
        away = np.abs(centre - [row.x_mm, row.y_mm, row.z_mm])
        assert away.max() < 0.5 * made.affine[0, 0]
        assert row.volume_ml == pytest.approx(mask.sum() * voxel_ml, rel=0.01)
        assert np.pi / 6 * (row.diameter_mm / 10) ** 3 == pytest.approx(row.volume_ml, rel=0.01)


def test_the_lesions_of_a_tumour_are_its_rim_and_its_necrosis(subject: Make) -> None:
    made = subject("tumour")
    solid = _named(made, "tumour", "enhancing") | _named(made, "tumour", "necrosis")
    lesions = made.references["lesions"] > 0
    assert (solid & lesions).sum() > 0.95 * max(solid.sum(), lesions.sum())


def test_a_necrosis_is_enclosed_by_the_rim_and_oedema_lies_outside(subject: Make) -> None:
    made = next(
        each
        for each in (subject("tumour", n) for n in range(1, 9))
        if _named(each, "tumour", "necrosis").sum() > 20
    )
    necrosis = _named(made, "tumour", "necrosis")
    around = ndimage.binary_dilation(necrosis) & ~necrosis
    assert _named(made, "tumour", "enhancing")[around].mean() > 0.6
    white = made.references["tissue"] == 3
    assert white[_named(made, "tumour", "oedema")].mean() > 0.9


def test_a_penumbra_surrounds_the_core_on_one_side_of_the_brain(subject: Make) -> None:
    made = subject("stroke")
    core, penumbra = (_named(made, "stroke", name) for name in ("core", "penumbra"))
    assert core.any()
    assert penumbra.any()
    sides = np.argwhere(core | penumbra)[:, 0] - core.shape[0] / 2
    assert (np.abs(np.sign(sides).mean())) > 0.99


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_final_infarct_holds_the_core_and_stays_in_the_hypoperfused_part(
    subject: Make, number: int
) -> None:
    made = subject("stroke", number)
    infarct = made.references["infarct"] > 0
    core = _named(made, "stroke", "core")
    reach = ndimage.binary_dilation(core | _named(made, "stroke", "penumbra"))
    assert infarct[core].mean() > 0.95
    assert reach[infarct].mean() > 0.99


def test_treatment_saves_tissue(subject: Make) -> None:
    saved: dict[str, list[float]] = {"yes": [], "no": []}
    for number in range(1, 7):
        made = subject("stroke", number)
        core, penumbra = (_named(made, "stroke", name) for name in ("core", "penumbra"))
        infarct = made.references["infarct"] > 0
        saved[str(made.facts["treated"])].append(float((infarct & penumbra).sum() / penumbra.sum()))
        assert core.any()
    assert max(saved["yes"]) < min(saved["no"])


def test_mimics_are_listed_but_are_no_microbleeds(subject: Make) -> None:
    made = subject("microbleeds")
    bleeds = made.references["microbleeds"] > 0
    kinds = made.lesions.set_index("lesion")["kind"]
    listed = {kinds[number] for number in np.unique(made.references["lesions"][bleeds]) if number}
    assert listed == {"microbleed"}
    assert set(kinds) > {"microbleed"}
    assert made.facts["lesions"] == (kinds == "microbleed").sum()


@pytest.mark.parametrize("diagnosis", ["control", "intermediate", "alzheimer"])
def test_other_subjects_have_no_lesion(subject: Make, diagnosis: str) -> None:
    made = subject(diagnosis)
    assert made.lesions.empty
    assert not made.references["lesions"].any()


def test_deep_points_lie_in_the_cerebrum_off_the_midline() -> None:
    points = np.array([deep_point(keyed_generator(seed)) for seed in range(200)])
    assert np.abs(points[:, 0]).min() > 12
    assert points[:, 2].min() > -12
    assert len(np.unique(points, axis=0)) > 150

"""A subject is the same bytes whoever asks, and every disease looks as it should."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from radflow.config.phantom import REFERENCE_CLASSES, SEQUENCES
from radflow.phantom.subject import PhantomSubject, simulate

from .conftest import DIAGNOSES, rules_of

Make = Callable[..., PhantomSubject]

_CHANNELS = ("T1w", "FLAIR")


def _digest(made: PhantomSubject) -> str:
    digest = sha256(repr((made.facts, made.lesions.to_csv(), made.affine.tolist())).encode())
    for arrays in (made.images, made.references, made.raters):
        for name in sorted(arrays):
            digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _small(**changes: object) -> dict[str, object]:
    return {"spacing_mm": 5.0, "shape": (38, 46, 40), "raters": 1, **changes}


def test_subject_7_is_the_same_bytes_alone_and_among_a_thousand_in_any_order() -> None:
    alone = _digest(simulate(rules_of("tumour", **_small(subjects=7)), 7, _CHANNELS))
    many = rules_of("tumour", **_small(subjects=1000, shards=10))
    numbers = [9, 7, 1000, 7, 2]
    among = {number: _digest(simulate(many, number, _CHANNELS)) for number in numbers}
    assert among[7] == alone
    assert len(set(among.values())) == 4


def test_subjects_made_on_two_threads_are_those_made_on_one() -> None:
    rules = rules_of("stroke", **_small())

    def make(number: int) -> str:
        return _digest(simulate(rules, number, _CHANNELS))

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(make, range(1, 7)))
    assert together == [make(number) for number in range(1, 7)]


def test_an_image_does_not_depend_on_which_others_are_made() -> None:
    rules = rules_of("tumour", **_small())
    alone = simulate(rules, 2, ["FLAIR"]).images["FLAIR"]
    among = simulate(rules, 2, SEQUENCES).images
    assert tuple(among) == SEQUENCES
    np.testing.assert_array_equal(alone, among["FLAIR"])


def _core(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Leave out the rim, where voxels are mixtures; small masks stay whole."""
    inner = ndimage.binary_erosion(mask)
    return inner if inner.sum() >= 10 else mask


def _mean(made: PhantomSubject, sequence: str, mask: npt.NDArray[np.bool_]) -> float:
    return float(made.images[sequence][_core(mask)].mean())


def _tissues(made: PhantomSubject) -> Mapping[str, npt.NDArray[np.bool_]]:
    names = REFERENCE_CLASSES["tissue"]
    free = ~ndimage.binary_dilation(made.references["lesions"] > 0, iterations=6)
    return {name: (made.references["tissue"] == n) & free for n, name in enumerate(names)}


@pytest.mark.parametrize("diagnosis", DIAGNOSES)
def test_tissues_have_the_order_of_brightness_that_textbooks_give(
    subject: Make, diagnosis: str
) -> None:
    made = subject(diagnosis)
    tissue = _tissues(made)
    order = {
        "T1w": ("white-matter", "grey-matter", "csf"),
        "T2w": ("csf", "grey-matter", "white-matter"),
        "FLAIR": ("grey-matter", "white-matter", "csf"),
        "ADC": ("csf", "grey-matter", "white-matter"),
        "CBF": ("grey-matter", "white-matter", "csf"),
        "CT": ("grey-matter", "white-matter", "csf"),
    }
    for sequence, names in order.items():
        means = [_mean(made, sequence, tissue[name]) for name in names]
        assert means == sorted(means, reverse=True), sequence


@pytest.mark.parametrize(
    ("diagnosis", "reference", "label", "sequence", "sign"),
    [
        ("tumour", "tumour", "oedema", "FLAIR", 1),
        ("tumour", "tumour", "oedema", "T2w", 1),
        ("tumour", "tumour", "oedema", "T1w", -1),
        ("tumour", "tumour", "enhancing", "T1c", 1),
        ("tumour", "tumour", "enhancing", "CBF", 1),
        ("stroke", "stroke", "core", "b1000", 1),
        ("stroke", "stroke", "core", "ADC", -1),
        ("stroke", "stroke", "core", "CBF", -1),
        ("stroke", "stroke", "core", "CT", -1),
        ("stroke", "stroke", "penumbra", "CBF", -1),
        ("haemorrhage", "haemorrhage", "haematoma", "CT", 1),
        ("haemorrhage", "haemorrhage", "haematoma", "T2starw", -1),
        ("microbleeds", "microbleeds", "microbleed", "T2starw", -1),
    ],
)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_lesions_stand_out_from_white_matter_as_textbooks_say(  # noqa: PLR0917 - a table
    subject: Make, diagnosis: str, reference: str, label: str, sequence: str, sign: int, number: int
) -> None:
    made = subject(diagnosis, number)
    mask = made.references[reference] == REFERENCE_CLASSES[reference].index(label)
    assert mask.any()
    white = _mean(made, sequence, _tissues(made)["white-matter"])
    assert sign * (_mean(made, sequence, mask) - white) > 0.03 * abs(white)


def _lesion(diagnosis: str) -> tuple[PhantomSubject, npt.NDArray[np.bool_]]:
    made = simulate(rules_of(diagnosis, reference="lesion", **_small()), 3, ["T1w"])
    return made, made.references["lesion"] == 1


@pytest.mark.parametrize("diagnosis", ["tumour", "stroke", "haemorrhage"])
def test_the_reference_lesion_outlines_whatever_the_disease_changed(diagnosis: str) -> None:
    made, lesion = _lesion(diagnosis)
    kinds = ("tumour", "core", "haematoma")
    numbers = [n for n, kind in enumerate(made.lesions["kind"], start=1) if kind in kinds]
    changed = np.isin(made.references["lesions"], numbers)
    assert changed.any()
    assert np.count_nonzero(lesion & changed) > 0.8 * np.count_nonzero(changed)
    assert not (lesion & (ndimage.distance_transform_edt(~changed) * 5 > 25)).any()


@pytest.mark.parametrize("diagnosis", ["control", "intermediate", "alzheimer"])
def test_the_reference_lesion_is_empty_where_there_is_none(diagnosis: str) -> None:
    assert not _lesion(diagnosis)[1].any()


def test_a_penumbra_is_seen_in_perfusion_and_not_in_diffusion(subject: Make) -> None:
    made = subject("stroke")
    penumbra, core = (made.references["stroke"] == label for label in (2, 1))
    tissue = _tissues(made)
    brain = tissue["grey-matter"] | tissue["white-matter"]
    normal = _mean(made, "ADC", brain)
    assert abs(_mean(made, "ADC", penumbra) - normal) < 0.15 * normal
    assert _mean(made, "ADC", core) < 0.75 * normal


def test_calcifications_are_dense_on_ct_and_microbleeds_are_not(subject: Make) -> None:
    made = next(
        each
        for each in (subject("microbleeds", n) for n in range(1, 9))
        if "calcification" in set(each.lesions["kind"])
    )
    density = {
        kind: np.mean(
            [
                made.images["CT"][made.references["lesions"] == number].mean()
                for number in made.lesions["lesion"][made.lesions["kind"] == kind]
            ]
        )
        for kind in ("calcification", "microbleed")
    }
    assert density["calcification"] > 100
    assert density["microbleed"] < 60


def test_alzheimers_disease_widens_ventricles_and_shrinks_hippocampi(subject: Make) -> None:
    control, ill = subject("control").facts, subject("alzheimer").facts
    assert float(ill["ventricles_ml"]) > 1.2 * float(control["ventricles_ml"])
    assert float(ill["hippocampi_ml"]) < 0.92 * float(control["hippocampi_ml"])
    assert float(ill["grey_matter_ml"]) < 0.97 * float(control["grey_matter_ml"])


def test_the_reference_that_is_asked_for_is_there_even_if_empty() -> None:
    rules = rules_of("control", **_small(reference="haemorrhage"))
    made = simulate(rules, 1, ["T1w"])
    assert not made.references["haemorrhage"].any()
    assert made.references["tissue"].any()


def test_the_classes_of_a_tumour_lie_over_those_of_the_tissue() -> None:
    made = simulate(rules_of("tumour", **_small(reference="tissue-and-tumour")), 1, ["T1w"])
    both, tumour = made.references["tissue-and-tumour"], made.references["tumour"]
    np.testing.assert_array_equal(both[tumour > 0], tumour[tumour > 0] + 3)
    rest = both[tumour == 0]
    assert (rest == made.references["tissue"][tumour == 0]).mean() > 0.999


def test_scanners_are_shared_between_subjects() -> None:
    rules = rules_of("control", **_small(scanners=2))
    names = {simulate(rules, number, []).facts["scanner"] for number in range(1, 9)}
    assert names == {"scanner-1", "scanner-2"}


def test_raters_leave_mimics_out(subject: Make) -> None:
    made = subject("microbleeds")
    assert list(made.raters) == ["rater-1", "rater-2"]
    mimics = made.lesions["lesion"][made.lesions["kind"] != "microbleed"]
    far = ndimage.binary_dilation(made.references["microbleeds"] > 0, iterations=3)
    for mask in made.raters.values():
        outside = np.isin(made.references["lesions"], mimics.to_list()) & ~far
        assert not mask[outside].any()

"""Who is drawn depends on the seed and the number, and diseases have their severity."""

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from radflow.phantom.person import Person, draw_person

from .conftest import DIAGNOSES, rules_of


def _persons(diagnosis: str, count: int = 60) -> list[Person]:
    return [draw_person(rules_of(diagnosis), number) for number in range(1, count + 1)]


def test_a_person_depends_on_seed_and_number_alone() -> None:
    one = draw_person(rules_of("tumour"), 4)
    same = draw_person(rules_of("tumour", subjects=900, shards=9, reference="tumour"), 4)
    assert repr(one) == repr(same)
    assert repr(one) != repr(draw_person(rules_of("tumour"), 5))
    assert repr(one) != repr(draw_person(rules_of("tumour", seed=2), 4))


def test_the_same_number_is_the_same_head_whatever_is_wrong_with_it() -> None:
    people = [draw_person(rules_of(diagnosis), 9) for diagnosis in DIAGNOSES]
    assert len({(p.age, p.sex, p.shape.size, p.skull) for p in people}) <= 2


def test_diagnoses_have_their_shares_in_whatever_order_they_are_listed() -> None:
    shares = {"tumour": 3.0, "control": 1.0}
    drawn = [draw_person(rules_of("control", diagnoses=shares), n).diagnosis for n in range(400)]
    turned = dict(reversed(shares.items()))
    again = [draw_person(rules_of("control", diagnoses=turned), n).diagnosis for n in range(400)]
    assert drawn == again
    assert stats.binomtest(Counter(drawn)["tumour"], 400, 0.75).pvalue > 1e-3


def test_atrophy_grows_from_control_over_intermediate_to_alzheimer() -> None:
    for part in ("ventricles", "hippocampus", "cortex"):
        means = [
            np.mean([getattr(person.atrophy, part) for person in _persons(diagnosis)])
            for diagnosis in ("control", "intermediate", "alzheimer")
        ]
        assert means == sorted(means)
        assert means[2] > 2 * means[0]


def test_treated_strokes_grow_less() -> None:
    people = _persons("stroke")
    treated = [person.lesions[0].growth for person in people if person.treated]
    untreated = [person.lesions[0].growth for person in people if not person.treated]
    assert max(treated) < min(untreated)


@pytest.mark.parametrize("diagnosis", ["control", "tumour", "microbleeds"])
def test_only_a_stroke_is_treated(diagnosis: str) -> None:
    assert {person.treated for person in _persons(diagnosis, 5)} == {None}


def test_some_subjects_have_several_lesions_and_mimics() -> None:
    assert max(len(person.lesions) for person in _persons("tumour")) > 1
    kinds = {lesion.kind for person in _persons("microbleeds") for lesion in person.lesions}
    assert kinds == {"microbleed", "vein", "calcification"}

"""One subject of each diagnosis on a coarse grid, shared by the tests of this folder."""

from collections.abc import Callable
from functools import cache
from typing import get_args

import pytest

from radflow.config.phantom import SEQUENCES, Diagnosis, PhantomRules
from radflow.phantom.subject import PhantomSubject, simulate

DIAGNOSES = get_args(Diagnosis)


def rules_of(diagnosis: str, **changes: object) -> PhantomRules:
    settings = {
        "diagnoses": {diagnosis: 1.0},
        "subjects": 5,
        "seed": 1,
        "spacing_mm": 3.0,
        "shape": (66, 76, 66),
    }
    return PhantomRules.model_validate(settings | changes)


@cache
def _subject(diagnosis: str, number: int) -> PhantomSubject:
    return simulate(rules_of(diagnosis, raters=2), number, SEQUENCES)


@pytest.fixture(scope="session")
def subject() -> Callable[..., PhantomSubject]:
    """Make subject 3 (or another) of a diagnosis, once."""
    return lambda diagnosis, number=3: _subject(diagnosis, number)

"""Every channel and reference has one place in the archive."""

import pytest

from radflow.config.phantom import REFERENCE_CLASSES, SEQUENCES
from radflow.phantom.paths import image_path, plain, reference_path


def test_every_sequence_has_a_place_of_its_own() -> None:
    places = {image_path("sub-00001", channel) for channel in SEQUENCES}
    assert len(places) == len(SEQUENCES)
    assert {place.parts[0] for place in places} == {"sub-00001"}


def test_a_sequence_that_is_not_simulated_has_none() -> None:
    with pytest.raises(KeyError, match="PET"):
        image_path("sub-00001", "PET")


def test_references_keep_apart_without_their_hyphens() -> None:
    assert len({reference_path("sub-00001", name) for name in REFERENCE_CLASSES}) == len(
        REFERENCE_CLASSES
    )
    assert plain("tissue-and-tumour") == "tissueandtumour"

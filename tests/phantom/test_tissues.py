"""The table of tissues holds what nature allows."""

import pytest

from radflow.phantom.tissues import TISSUES, Tissue


@pytest.mark.parametrize("tissue", TISSUES.values(), ids=TISSUES)
def test_relaxation_times_are_ordered_and_shares_are_shares(tissue: Tissue) -> None:
    assert tissue.t1 >= tissue.t2 >= tissue.t2star > 0
    assert 0 <= tissue.pd <= 1
    assert tissue.adc >= 0
    assert tissue.cbf >= 0
    assert tissue.hu >= -1000

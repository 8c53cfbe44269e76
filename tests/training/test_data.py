"""The order of samples: keyed by epoch, disjoint over devices."""

from hypothesis import given
from hypothesis import strategies as st

from radflow.training.data import EpochSamples


@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(0, 4))
def test_devices_share_an_epoch_without_overlap(
    steps: int, batch: int, world: int, epoch: int
) -> None:
    drawn: list[int] = []
    for rank in range(world):
        samples = EpochSamples(steps, batch, rank=rank, world=world)
        samples.set_epoch(epoch)
        own = list(samples)
        assert len(own) == len(samples)
        drawn += own
    first = epoch * steps * batch * world
    assert sorted(drawn) == list(range(first, first + steps * batch * world))


def test_a_resumed_epoch_draws_what_it_would_have_drawn() -> None:
    going, resumed = EpochSamples(3, 2), EpochSamples(3, 2)
    going.set_epoch(0)
    list(going)
    going.set_epoch(1)
    resumed.set_epoch(1)
    assert list(going) == list(resumed) == [6, 7, 8, 9, 10, 11]

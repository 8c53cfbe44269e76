"""A shard of a simulated cohort: the subjects with consecutive numbers that share an archive."""

from collections.abc import Sequence
from pathlib import Path

from radflow.config.phantom import PhantomRules
from radflow.phantom.bids import write_bids
from radflow.phantom.subject import simulate


def write_shard(path: Path, rules: PhantomRules, shard: int, *, channels: Sequence[str]) -> None:
    """Simulate the subjects of a shard and write their archive.

    A subject's files depend on the rules of anatomy and image, its number and the channels; not on
    the size of the cohort, nor on how many archives it is cut into.

    Parameters
    ----------
    path
        Tar to write.
    rules
        The cohort.
    shard
        Counted from 0.
    channels
        Sequences to simulate.
    """
    numbers = shard_numbers(rules.subjects, shards=rules.shards, shard=shard)
    subjects = (simulate(rules, number, channels) for number in numbers)
    write_bids(path, subjects, total=len(numbers))


def shard_numbers(subjects: int, *, shards: int, shard: int) -> range:
    """Give the numbers, from 1, of a shard's subjects; shards differ by one subject at most."""
    return range(1 + subjects * shard // shards, 1 + subjects * (shard + 1) // shards)

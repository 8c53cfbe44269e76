"""Damage to the bytes of a file, drawn from a generator."""

import numpy as np

_LENGTHS = (b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0")


def mutated(content: bytes, rng: np.random.Generator, *, head: int | None = None) -> bytes:
    """Damage a file in one to four places: flipped bits, other bytes, lengths, cuts and copies.

    `head` limits most damage to the first bytes, where formats keep what they declare.
    """
    damaged = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if not damaged:
            break
        end = len(damaged) if head is None or rng.random() < 0.2 else min(head, len(damaged))
        place = int(rng.integers(end))
        _DAMAGES[int(rng.integers(len(_DAMAGES)))](damaged, place, rng)
    return bytes(damaged)


def _flip(damaged: bytearray, place: int, rng: np.random.Generator) -> None:
    damaged[place] ^= 1 << int(rng.integers(8))


def _replace(damaged: bytearray, place: int, rng: np.random.Generator) -> None:
    count = int(rng.integers(1, 9))
    damaged[place : place + count] = rng.bytes(len(damaged[place : place + count]))


def _length(damaged: bytearray, place: int, rng: np.random.Generator) -> None:
    length = _LENGTHS[int(rng.integers(len(_LENGTHS)))]
    damaged[place : place + 4] = length[: len(damaged[place : place + 4])]


def _cut(damaged: bytearray, place: int, rng: np.random.Generator) -> None:
    if rng.random() < 0.5:
        del damaged[place:]
    else:
        del damaged[place : place + int(rng.integers(1, 33))]


def _copy(damaged: bytearray, place: int, rng: np.random.Generator) -> None:
    damaged[place:place] = damaged[place : place + int(rng.integers(1, 65))]


_DAMAGES = (_flip, _flip, _replace, _length, _cut, _copy)

"""Damage of the kind that disks, networks and hostile hands do to files."""

import numpy as np


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Change a file's bytes in one to three places: flip, cut off, repeat, blank or replace."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        changed = _mutate(changed, rng)
    return bytes(changed)


def _mutate(data: bytearray, rng: np.random.Generator) -> bytearray:
    # Half of the damage hits the first 600 bytes, where headers are.
    end = len(data) if rng.random() < 0.5 else min(len(data), 600)
    if end == 0:
        return data
    start = int(rng.integers(end))
    stop = min(end, start + int(rng.choice([1, 2, 4, 8, 64, 500])))
    block = data[start:stop]
    match rng.integers(6):
        case 0:
            data[start] ^= 1 << int(rng.integers(8))
        case 1:
            del data[start:]
        case 2:
            data[start:start] = block
        case 3:
            data[start:stop] = bytes(len(block))
        case 4:
            data[start:stop] = rng.bytes(len(block))
        case _:
            data[start:stop] = b"\xff" * len(block)
    return data

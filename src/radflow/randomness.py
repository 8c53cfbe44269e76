"""Keyed randomness: what is drawn depends on the key alone, never on what was drawn before."""

import hashlib

import numpy as np


def keyed_seed(*key: str | int) -> int:
    """Turn a key, e.g. ``(seed, "augment", sample)``, into a 128-bit seed.

    The hash is SHA-256, so the seed does not depend on the machine, the Python version or
    ``PYTHONHASHSEED``.
    """
    digest = hashlib.sha256(repr(key).encode()).digest()
    return int.from_bytes(digest[:16], "little")


def keyed_generator(*key: str | int) -> np.random.Generator:
    """Make a generator for a key, e.g. ``(seed, "augment", sample)``."""
    return np.random.Generator(np.random.Philox(key=keyed_seed(*key)))

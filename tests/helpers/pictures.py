"""Grey pictures for tests, and what becomes of them."""

import numpy as np

ROWS, COLUMNS = 40, 60


def grey(dtype=np.uint8, top=256):
    """Noise of values below `top`, rows by columns."""
    return np.random.default_rng(0).integers(0, top, (ROWS, COLUMNS)).astype(dtype)


def refused(result):
    """Give the one finding of a picture that was not converted."""
    array, (finding,) = result
    assert array is None
    assert finding.message.startswith("case_1 (image): ")
    return finding


def fixed(result, rule):
    """Give the pixels of a picture that was converted with one repair."""
    array, findings = result
    assert [(f.rule, f.level) for f in findings] == [(rule, "FIX")]
    return array

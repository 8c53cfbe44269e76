"""The folder of real archives, where the machine has one."""

import os
from pathlib import Path

import pytest


def mirrored(name: str) -> Path:
    """Give an archive of the folder in RADFLOW_MIRROR; skip the test where none is named."""
    folder = os.environ.get("RADFLOW_MIRROR")
    if not folder:
        pytest.skip("RADFLOW_MIRROR names no folder of archives")
    return Path(folder, name)

"""Records of metrics, made once: comparing is the slow part."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from simulated_answers import LEVELS, SEVERAL, THREE, TWO, Sizes, write_metrics

TARGETS = {"three": THREE, "two": TWO, "levels": LEVELS, "several": SEVERAL}


@pytest.fixture(scope="session")
def metrics_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Compare simulated models of a kind of target, and give the record."""

    @cache
    def make(kind: str, sizes: Sizes | None = None, points: str = "{}") -> dict[str, Any]:
        folder = tmp_path_factory.mktemp(kind)
        path: Path = write_metrics(folder, TARGETS[kind], sizes=sizes, points=json.loads(points))
        return json.loads(path.read_text()) | {"folder": str(folder)}

    return make

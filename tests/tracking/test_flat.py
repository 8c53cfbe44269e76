import math

import numpy as np

from radflow.tracking.flat import flat_metrics, flat_params


def test_nested_parameters_get_dotted_names() -> None:
    record = {"network": {"name": "unet", "sizes": [1, 2]}, "seed": 0, "patience": None}
    expected = {"network.name": "unet", "network.sizes": "[1, 2]", "seed": "0", "patience": ""}
    assert flat_params(record) == expected


def test_long_values_and_names_are_cut() -> None:
    flat = flat_params({"x" * 400: "y" * 9000})
    [(name, value)] = flat.items()
    assert len(name) == 250
    assert len(value) == 500
    assert value.endswith("...")


def test_letters_that_mlflow_refuses_in_names_are_replaced() -> None:
    assert list(flat_params({"left (lung)": 1})) == ["left _lung_"]


def test_only_finite_numbers_are_metrics() -> None:
    row = {"loss": 0.5, "dice": np.float32(0.25), "bad": math.nan, "worse": math.inf, "note": "a"}
    assert flat_metrics({**row, "nested": {"n": 3}, "none": None}) == {
        "loss": 0.5,
        "dice": 0.25,
        "nested.n": 3.0,
    }

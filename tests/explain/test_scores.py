import pytest
import torch

from radflow.config.classification import TargetRules
from radflow.explain.scores import class_score
from radflow.targets import Target


@pytest.mark.parametrize(
    ("kind", "place", "expected"),
    [
        ("multi-class", 1, 2.0),
        ("multi-label", 2, -1.0),
        ("ordinal", 0, -4.0),
        ("ordinal", 1, 2.0),
        ("ordinal", 2, 2.0),
    ],
)
def test_the_number_of_a_class(kind, place, expected):
    target = Target(TargetRules(kind=kind, classes=("a", "b", "c")))
    logits = torch.tensor([[4.0, 2.0]] if kind == "ordinal" else [[4.0, 2.0, -1.0]])
    assert class_score(logits, place, target).tolist() == [expected]

import pytest
import torch

from radflow.errors import ModelError
from radflow.networks.classifiers import build_classifier
from radflow.networks.forest import Forest

RECORD = {
    "name": "forest",
    "kind": "multi-class",
    "classes": 2,
    "trees": 2,
    "nodes": 6,
    "tree_depth": 2,
}


def two_trees(**changes: object) -> Forest:
    """Make a tree of two steps (feature 0 at 0, then feature 1 at 1), and one of a single leaf."""
    forest = build_classifier(RECORD | changes)
    assert isinstance(forest, Forest)
    forest.roots[:] = torch.tensor([0, 5])
    forest.feature[:] = torch.tensor([0, 0, 1, 0, 0, 0])
    forest.threshold[:] = torch.tensor([0.0, 0, 1, 0, 0, 0])
    forest.below[:] = torch.tensor([1, 1, 3, 3, 4, 5])
    forest.above[:] = torch.tensor([2, 1, 4, 3, 4, 5])
    forest.value[:, 1] = torch.tensor([0.0, 1, 0, 0.5, 0, 0.5])
    forest.value[:, 0] = 1 - forest.value[:, 1]
    return forest


def test_views_go_down_each_tree_and_leaves_are_averaged() -> None:
    features = torch.tensor([[-1.0, 9.0], [0.0, 9.0], [0.5, 1.0], [0.5, 1.5]])
    found = two_trees().probabilities(features)[:, 1]
    torch.testing.assert_close(found, torch.tensor([0.75, 0.75, 0.5, 0.25]).double())


@pytest.mark.parametrize("kind", ["multi-class", "multi-label", "ordinal"])
def test_logits_are_finite_where_all_trees_agree(kind: str) -> None:
    forest = two_trees(kind=kind)
    logits = forest.logits(torch.tensor([[0.0, 1.0], [1.0, 0.0]]).double())
    assert logits.dtype == torch.float32
    assert logits.shape == (2, 1 if kind == "ordinal" else 2)
    assert torch.isfinite(logits).all()


def test_a_view_is_answered_from_its_own_features() -> None:
    forest = two_trees()
    views = torch.stack([torch.full((1, 8, 8), -1.0), torch.full((1, 8, 8), 2.0)])
    found = forest(views).exp()[:, 1]
    torch.testing.assert_close(found, torch.tensor([0.75, 0.5]))


def test_a_record_without_the_shapes_is_refused() -> None:
    with pytest.raises(ModelError, match="classifier 'forest' lacks 'nodes'"):
        build_classifier({key: value for key, value in RECORD.items() if key != "nodes"})

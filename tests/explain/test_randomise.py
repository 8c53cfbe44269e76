import torch
from bright_square import square_network

from radflow.explain.randomise import cascade


def test_parts_are_drawn_from_the_last_to_the_first():
    original = square_network()
    before = {name: value.clone() for name, value in original.state_dict().items()}
    found = list(cascade(original, seed=3))
    assert [name for name, _ in found] == ["head", "level1", "level0"]
    for place, (_, network) in enumerate(found):
        changed = {
            name.removeprefix("stages.").split(".")[0]
            for name, value in network.state_dict().items()
            if name.endswith("weight") and value.ndim > 1 and not value.equal(before[name])
        }
        assert changed == {name for name, _ in found[: place + 1]}
    assert all(value.equal(before[name]) for name, value in original.state_dict().items())


def test_the_same_seed_draws_the_same_weights_and_another_draws_others():
    one, same, other = (list(cascade(square_network(), seed=s))[-1][1] for s in (1, 1, 2))
    image = torch.rand(1, 1, 16, 16)
    assert one(image).equal(same(image))
    assert not one(image).equal(other(image))

import numpy as np
import pytest
import torch
from bright_square import square_network
from monai.visualize import GradCAM

from radflow.errors import ModelError
from radflow.explain.grad_cam import grad_cam
from radflow.networks.image_classifier import build_image_classifier


def network_of(name: str, dimensions: int, pooling: str = "mean"):
    torch.manual_seed(0)
    record = {
        "name": name,
        "depth": 10 if name == "resnet" else None,
        "dimensions": dimensions,
        "inputs": 1,
        "outputs": 3,
        "channels": [4, 6],
        "dropout": 0.3,
        "pooling": pooling,
        "stem": 4,
        "shortcut": "strided",
    }
    return build_image_classifier(record).eval().requires_grad_(requires_grad=False)


@pytest.mark.parametrize("pooling", ["mean", "top"])
@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize(
    ("name", "stage"), [("cnn", "level0"), ("cnn", "level1"), ("resnet", "layer2")]
)
def test_it_agrees_with_monai(name, stage, dimensions, pooling):
    network = network_of(name, dimensions, pooling)
    images = torch.randn(2, 1, *(20, 24, 16)[:dimensions])
    ours = [
        grad_cam(network, images, lambda logits, n=n: logits[:, n], stage=stage) for n in range(3)
    ]
    reference = GradCAM(
        network_of(name, dimensions, pooling).requires_grad_(),
        target_layers=f"stages.{stage}",
        postprocessing=lambda maps: maps,
    )
    for place, found in enumerate(ours):
        theirs = [reference(image[None].requires_grad_(), class_idx=place)[0] for image in images]
        assert found.shape == (2, *images.shape[2:])
        torch.testing.assert_close(found, torch.cat(theirs).detach(), atol=1e-5, rtol=1e-5)
    assert max(found.max() for found in ours) > 0


@pytest.mark.parametrize("stage", ["", "level0"])
def test_the_only_unit_looks_at_a_bright_square(stage):
    images = torch.zeros(1, 1, 32, 24)
    images[0, 0, 18:23, 6:11] = 4
    found = grad_cam(square_network(), images, lambda logits: logits[:, 1], stage=stage)[0]
    i, j = np.unravel_index(int(found.argmax()), found.shape)
    assert 18 <= i < 23
    assert 6 <= j < 11
    assert found[:12].max() == 0
    # The other class has nothing that speaks for it.
    assert grad_cam(square_network(), images, lambda logits: logits[:, 0]).max() == 0


def test_mirrored_maps_are_mirrored_back_and_averaged():
    network, images = network_of("cnn", 2), torch.randn(1, 1, 16, 16)

    def score(logits):
        return logits[:, 0]

    both = grad_cam(network, images, score, mirror_axes=[0])
    plain = grad_cam(network, images, score)
    mirrored = grad_cam(network, images.flip(2), score).flip(1)
    torch.testing.assert_close(both, (plain + mirrored) / 2)


def test_a_stage_that_there_is_not_is_refused():
    with pytest.raises(ModelError, match=r"no stage 'layer9'; explain.stage may be level0, level1"):
        grad_cam(square_network(), torch.zeros(1, 1, 8, 8), lambda x: x[:, 0], stage="layer9")

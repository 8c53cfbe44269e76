import pytest
import torch

from radflow.explain.receptive_field import Field, receptive_fields
from radflow.networks.image_classifier import ImageClassifier, build_image_classifier


def build(name, *, depth=None, dimensions=2):
    record = {
        "name": name,
        "depth": depth,
        "dimensions": dimensions,
        "inputs": 1,
        "outputs": 2,
        "channels": [2, 3, 4],
        "dropout": 0.0,
        "pooling": "mean",
        "stem": 4,
        "shortcut": "strided",
    }
    return build_image_classifier(record).eval()


def support(network, stage, shape, unit):
    """Find which voxels have a gradient to a unit, with weights that can't cancel each other.

    Largest values are averages here, so that every voxel of a window counts.
    """
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            torch.nn.init.constant_(parameter, 0.1 if name == "weight" else 0.01)
        for name, child in list(module.named_children()):
            kind = type(child).__name__
            if kind.startswith("MaxPool"):
                pool = torch.nn.AvgPool3d if kind.endswith("3d") else torch.nn.AvgPool2d
                setattr(module, name, pool(child.kernel_size, child.stride, child.padding))
    image = torch.rand(1, 1, *shape).requires_grad_()
    maps = image
    for name, module in network.stages.items():
        maps = module(maps)
        if name == stage:
            break
    maps.sum(1)[(0, *unit)].backward()
    places = image.grad[0, 0].nonzero()
    return list(zip(places.amin(0).tolist(), (places.amax(0) + 1).tolist(), strict=True))


@pytest.mark.parametrize(
    ("network", "stage", "shape", "unit"),
    [
        (build("cnn"), "level0", (24, 20), (9, 10)),
        (build("cnn"), "level2", (64, 60), (7, 8)),
        (build("cnn", dimensions=3), "level1", (24, 20, 22), (5, 4, 5)),
        (build("resnet", depth=18), "stem", (64, 64), (7, 8)),
        (build("resnet", depth=18), "layer2", (192, 160), (10, 9)),
        (build("resnet", depth=50), "layer1", (96, 96), (11, 12)),
        (build("resnet", depth=10, dimensions=3), "layer1", (48, 48, 48), (6, 5, 6)),
        (build("densenet", depth=121), "transition1", (128, 128), (7, 8)),
        (build("densenet", depth=121), "denseblock1", (128, 128), (1, 8)),
        (build("efficientnet", depth=0), "stem", (32, 32), (7, 8)),
    ],
)
def test_it_is_where_a_unit_has_a_gradient(network, stage, shape, unit):
    fields = receptive_fields(network, (1, *shape))[stage]
    boxes = [field.box(at) for field, at in zip(fields, unit, strict=True)]
    clipped = [(max(a, 0), min(b, n)) for (a, b), n in zip(boxes, shape, strict=True)]
    assert support(network, stage, shape, unit) == clipped


def test_squeeze_and_excitation_sees_the_whole_image():
    found = receptive_fields(build("efficientnet", depth=0), (1, 64, 64))
    assert found["stem"][0].size == 3
    assert found["blocks0"][0].box(0) is None


def test_a_resnet_18_has_the_fields_that_the_literature_gives():
    found = receptive_fields(build("resnet", depth=18), (1, 64, 64))
    assert [fields[0].size for fields in found.values()] == [11, 43, 99, 211, 435]
    assert [fields[0].step for fields in found.values()] == [4, 4, 8, 16, 32]


def test_dilation_widens_and_padding_shifts():
    stage = torch.nn.Conv2d(1, 1, 3, stride=2, padding=(2, 0), dilation=(2, 1))
    network = ImageClassifier({"only": stage}, features=1, outputs=1, dropout=0.0)
    assert receptive_fields(network, (1, 16, 16))["only"] == (Field(-2, 5, 2), Field(0, 3, 2))
    assert Field(-2, 5, 2).box(3) == (4, 9)

import numpy as np
import torch
from bright_square import RECORD, square_network

from radflow.explain.receptive_field import receptive_fields
from radflow.explain.units import Peaks, cut, field_box, most_varied, stage_maxima, strongest
from radflow.networks.image_classifier import build_image_classifier


def test_the_patch_that_excites_the_unit_holds_the_square():
    network, peaks = square_network(), Peaks()
    images = {name: np.zeros((32, 24), np.float32) for name in ("a", "b", "c")}
    images["b"][20:23, 6:9] = 5
    images["c"][2:5, 16:19] = 4
    for name, image in images.items():
        features, maxima = stage_maxima(network, torch.from_numpy(image)[None, None])
        peaks.add(name, maxima)
        assert features.shape == (1, 2)
    assert most_varied(peaks, "level0", 1) == [0]
    found = strongest(peaks, "level0", 0, 2)
    assert [(peak.case, round(peak.value, 2)) for peak in found] == [("b", 3.0), ("c", 2.0)]
    fields = receptive_fields(network, (1, 32, 24))["level0"]
    box = field_box(fields, found[0].place, (32, 24))
    assert cut(images["b"], box).sum() == 9 * 5
    assert cut(images["b"], box).shape == (5, 5)


def test_of_several_views_the_one_with_the_highest_place_counts():
    network, peaks = square_network(), Peaks()
    views = torch.zeros(3, 1, 16, 16)
    views[1, 0, 4:7, 9:12] = 6
    peaks.add("a", stage_maxima(network, views)[1])
    (peak,) = strongest(peaks, "level0", 0, 5)
    assert (peak.view, peak.place) == (1, (5, 10))


def test_a_field_larger_than_the_image_is_the_image():
    fields = receptive_fields(square_network(), (1, 8, 40))["level1"]
    (first, second) = field_box(fields, (0, 0), (8, 40))
    assert first == (0, 8)
    assert second == (-6, 8)


def test_beyond_the_edge_stands_the_lowest_value():
    image = np.arange(9, dtype=np.float32).reshape(3, 3) + 1
    assert cut(image, ((-1, 1), (2, 4))).tolist() == [[1, 1], [3, 1]]
    assert cut(image, ((5, 7), (0, 2))).tolist() == [[1, 1], [1, 1]]


def test_features_are_those_that_the_network_pools():
    torch.manual_seed(0)
    network = build_image_classifier({**RECORD, "pooling": "top"}).eval()
    views = torch.randn(2, 1, 64, 48)
    features, _ = stage_maxima(network, views)
    with torch.inference_mode():
        torch.testing.assert_close(features, network.features(views))
        assert not torch.allclose(features, network.maps(views).mean((2, 3)))

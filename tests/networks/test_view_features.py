import numpy as np
import pytest
import torch
from scipy.stats import skew

from radflow.networks.view_features import feature_count, feature_names, view_features


def named(views: torch.Tensor, inputs: tuple[str, ...] = ("T1",)) -> dict[str, float]:
    names = feature_names(inputs, views.ndim - 2)
    return dict(zip(names, view_features(views)[0].tolist(), strict=True))


def noise(*shape: int) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.gamma(2, 1, shape).astype(np.float32) - 1.5)


@pytest.mark.parametrize("shape", [(2, 1, 17, 20), (2, 3, 9, 11, 7), (1, 2, 2, 3)])
def test_each_feature_has_one_name(shape: tuple[int, ...]) -> None:
    names = feature_names([f"input {n}" for n in range(shape[1])], len(shape) - 2)
    assert len(set(names)) == len(names) == feature_count(shape[1], len(shape) - 2)
    features = view_features(noise(*shape))
    assert features.shape == (shape[0], len(names))
    assert features.dtype == torch.float64
    assert torch.isfinite(features).all()


def test_statistics_agree_with_numpy_and_scipy() -> None:
    views = noise(1, 1, 16, 12)
    voxels = views.numpy().ravel().astype(np.float64)
    found = named(views)
    assert found["T1: mean"] == pytest.approx(voxels.mean())
    assert found["T1: sd"] == pytest.approx(voxels.std())
    assert found["T1: skewness"] == pytest.approx(skew(voxels))
    for percent in (1, 5, 25, 50, 75, 95, 99):
        expected = np.percentile(voxels, percent)
        assert found[f"T1: percentile {percent}"] == pytest.approx(expected)
    assert found["T1: share above 1"] == pytest.approx((voxels > 1).mean())
    assert found["T1: share below -1"] == pytest.approx((voxels < -1).mean())


def test_the_histogram_is_that_of_numpy_and_leaves_no_voxel_out() -> None:
    views = noise(1, 1, 16, 12) * 3
    found = named(views)
    shares = [value for name, value in found.items() if "histogram" in name]
    edges = [-np.inf, *np.arange(-2, 4.5, 0.5), np.inf]
    expected = np.histogram(views.numpy(), edges)[0] / views.numel()
    np.testing.assert_allclose(shares, expected, atol=1e-12)
    assert sum(shares) == pytest.approx(1)


def test_cells_say_where_it_is_bright() -> None:
    views = torch.zeros(1, 1, 16, 12)
    views[0, 0, 4:8, 9:12] = 2
    found = named(views)
    cells = {name: value for name, value in found.items() if "cell" in name and value}
    assert cells == {"T1: mean at cell 1-3": 2.0}


def test_asymmetry_is_that_of_the_first_axis() -> None:
    one_sided = torch.zeros(1, 1, 8, 8)
    one_sided[0, 0, 0] = 1
    symmetric = one_sided + one_sided.flip(2)
    found = named(one_sided)
    assert found["T1: asymmetry"] == pytest.approx(2 / 8)
    assert found["T1: asymmetry of means"] == pytest.approx(1 / 4)
    assert named(symmetric)["T1: asymmetry"] == 0
    assert named(one_sided.transpose(2, 3))["T1: asymmetry"] == 0


def test_gradient_energy_is_told_along_each_axis() -> None:
    slope = torch.arange(6.0)[:, None].expand(6, 4)[None, None] * 0.5
    found = named(slope)
    assert found["T1: gradient energy 1"] == pytest.approx(0.25)
    assert found["T1: gradient energy 2"] == 0


def test_a_view_without_contrast_has_no_skewness() -> None:
    found = named(torch.full((1, 1, 8, 8), 0.1))
    assert found["T1: skewness"] == pytest.approx(0, abs=1e-6)
    assert found["T1: sd"] == pytest.approx(0, abs=1e-9)


def test_features_do_not_depend_on_the_batch() -> None:
    views = noise(5, 2, 16, 16)
    alone = torch.cat([view_features(view[None]) for view in views])
    torch.testing.assert_close(view_features(views), alone, rtol=0, atol=1e-12)

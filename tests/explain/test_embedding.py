import numpy as np
import pytest
from sklearn.decomposition import PCA

from radflow.explain.embedding import embed


def groups():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(5 * n, 1, (12, 6)) for n in range(2)])


def test_pca_is_that_of_standardised_features():
    features = groups()
    found = embed(features, perplexity=30, seed=0)
    reference = PCA(2).fit((features - features.mean(0)) / features.std(0))
    standard = (features - features.mean(0)) / features.std(0)
    np.testing.assert_allclose(abs(found.pca), abs(reference.transform(standard)), atol=1e-6)
    np.testing.assert_allclose(found.explained, reference.explained_variance_ratio_)


def test_neighbours_stay_neighbours_and_the_seed_decides():
    found = embed(groups(), perplexity=30, seed=4)
    assert found.perplexity == pytest.approx(23 / 3)
    centres = found.tsne[:12].mean(0), found.tsne[12:].mean(0)
    nearer = [np.linalg.norm(point - centres[0]) for point in found.tsne[:12]]
    assert max(nearer) < np.linalg.norm(centres[0] - centres[1])
    np.testing.assert_array_equal(found.tsne, embed(groups(), perplexity=30, seed=4).tsne)


@pytest.mark.parametrize(("n", "width"), [(1, 5), (2, 5), (3, 1)])
def test_few_cases_and_features_that_do_not_vary_are_no_error(n, width):
    found = embed(np.ones((n, width)), perplexity=30, seed=0)
    assert found.pca.shape == (n, 2)
    assert np.isfinite(found.pca).all()
    assert np.isnan(found.tsne).all()

"""Features before the last layer, on a plane: PCA and t-SNE."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FEWEST = 4
_MOST_COMPONENTS = 50  # PCA before t-SNE, as van der Maaten & Hinton (2008) advise


@dataclass(frozen=True)
class Embedding:
    """Points of cases on planes.

    Attributes
    ----------
    pca, tsne
        ``(n, 2)``; t-SNE is NaN for fewer than 4 cases, or where no feature varies.
    explained
        Share of the features' variance along the two axes of PCA, ``(2,)``.
    perplexity
        That t-SNE was given; NaN where it was not made.
    """

    pca: Floats
    tsne: Floats
    explained: Floats
    perplexity: float


def embed(features: Floats, *, perplexity: float, seed: int) -> Embedding:
    """Place cases on a plane by their features.

    The features are standardised first. Distances between groups in t-SNE mean nothing, only which
    points are neighbours does (van der Maaten & Hinton 2008, JMLR 9).

    Parameters
    ----------
    features
        ``(n, features)``, of one network.
    perplexity
        Of t-SNE; lowered to a third of the other cases.
    seed
        Of t-SNE.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415
    from sklearn.manifold import TSNE  # noqa: PLC0415

    n = len(features)
    spread = features.std(0)
    standard = (features - features.mean(0)) / np.where(spread > 0, spread, 1.0)
    if not spread.any():
        return Embedding(np.zeros((n, 2)), np.full((n, 2), np.nan), np.zeros(2), np.nan)
    kept = min(n, features.shape[1], _MOST_COMPONENTS)
    pca = PCA(kept, svd_solver="full")
    parts = pca.fit_transform(standard)
    explained = pca.explained_variance_ratio_
    if kept < 2:
        parts, explained = np.pad(parts, ((0, 0), (0, 1))), np.pad(explained, (0, 1))
    tsne, used = np.full((n, 2), np.nan), np.nan
    if n >= _FEWEST:
        used = min(perplexity, (n - 1) / 3)
        model = TSNE(2, perplexity=used, init="pca", random_state=seed, n_jobs=1)
        tsne = model.fit_transform(parts).astype(np.float64)
    return Embedding(parts[:, :2], tsne, explained[:2], float(used))

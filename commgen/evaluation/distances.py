"""Distances of two sets of samples, from POT, scikit-learn and SciPy.

Samples are rows [n, features]; complex ones are flattened to real and imaginary parts
(:func:`~commgen.evaluation.as_features`). Distances that see means and covariances only
(:func:`frechet_distance`) or projections (:func:`sliced_wasserstein`, on which a sum of
many entries looks Gaussian) cannot tell a channel from a Gaussian of its covariance;
the others can.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import rbf_kernel

from commgen._checks import check_int
from commgen.evaluation._pot import pot
from commgen.evaluation._sets import check_groups, features_of_pair


def frechet_distance(x: Any, y: Any) -> float:
    r"""Squared Frechet distance of the Gaussians with the moments of two sets.

    .. math:: |\mu_x - \mu_y|^2 + \operatorname{tr}\left(\Sigma_x + \Sigma_y
        - 2 (\Sigma_x^{1/2} \Sigma_y \Sigma_x^{1/2})^{1/2}\right)

    (Dowson and Landau, J. Multivar. Anal. 12, 1982, 450-455; the formula of FID.) It
    sees two moments only.

    Parameters
    ----------
    x, y : [n, ...], [m, ...], real or complex
        Samples.

    Returns
    -------
    float
        In units of |x|^2, at least 0. Of two finite sets of one law it is above 0.

    Raises
    ------
    ValueError
        If the samples differ in shape, are not finite, or are fewer than two.
    """
    a, b = features_of_pair(x, y)
    # The trace of the root is the nuclear norm of a product of factors, which needs no
    # root of a matrix: sets of fewer samples than features are as good.
    factor_a, factor_b = _factor(a), _factor(b)
    singular: Any = linalg.svdvals(factor_a @ factor_b.T)
    spread = np.sum(factor_a**2) + np.sum(factor_b**2) - 2 * np.sum(singular)
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + max(float(spread), 0.0))


def _factor(x: np.ndarray) -> np.ndarray:
    """Return R with the sample covariance as R^T R, [min(n, features), features]."""
    centred = (x - x.mean(axis=0)) / np.sqrt(len(x) - 1)
    upper: Any = linalg.qr(centred, mode="r")[0]
    return upper[: x.shape[1]]


def sliced_wasserstein(x: Any, y: Any, *, seed: int, num_projections: int = 200):
    r"""Sliced 2-Wasserstein distance, by Monte Carlo over directions.

    .. math:: \left(E_\theta\, W_2^2(\theta^T x, \theta^T y)\right)^{1/2}

    (Bonneel et al., J. Math. Imaging Vis. 51, 2015, 22-45.)

    Parameters
    ----------
    x, y : [n, ...], [m, ...], real or complex
        Samples.
    seed
        Seed of the directions.
    num_projections
        Number of directions.

    Returns
    -------
    float
        In units of |x|.

    Raises
    ------
    ValueError
        As :func:`frechet_distance`.
    """
    a, b = features_of_pair(x, y)
    check_int("num_projections", num_projections, low=1)
    check_int("seed", seed, low=0)
    distance = pot().sliced.sliced_wasserstein_distance(
        a, b, n_projections=num_projections, seed=seed
    )
    return float(distance)


def mmd(x: Any, y: Any) -> float:
    r"""Squared maximum mean discrepancy under a Gaussian kernel, unbiased.

    .. math:: E\,k(x, x') + E\,k(y, y') - 2 E\,k(x, y), \quad
        k(x, y) = e^{-|x - y|^2 / (2 \sigma^2)}

    with sigma the median distance of two pooled samples (Gretton et al., JMLR 13, 2012,
    eq. (3) and sec. 8).

    Parameters
    ----------
    x, y : [n, ...], [m, ...], real or complex
        Samples.

    Returns
    -------
    float
        Of two sets of one law it is around 0, and may be below.

    Raises
    ------
    ValueError
        As :func:`frechet_distance`; or if more than half of the pairs coincide.
    """
    a, b = features_of_pair(x, y)
    pooled = np.concatenate([a, b])
    distances = pairwise_distances(pooled)
    median = np.median(distances[np.triu_indices(len(pooled), 1)])
    if median == 0:
        raise ValueError(
            "x and y must hold different samples, got one again and again."
        )
    gamma = 1 / (2 * median**2)
    within = 0.0
    for z in (a, b):
        kernel = rbf_kernel(z, gamma=gamma)
        within += (kernel.sum() - len(z)) / (len(z) * (len(z) - 1))
    return float(within - 2 * rbf_kernel(a, b, gamma=gamma).mean())


@dataclass(frozen=True)
class ManifoldScores:
    """How two sets lie in each other.

    Parameters
    ----------
    precision
        Share of candidates within the neighbourhood of a true sample.
    recall
        Share of true samples within the neighbourhood of a candidate.
    density
        Mean number of such neighbourhoods that a candidate lies in, over k.
    coverage
        Share of true samples with a candidate in their neighbourhood.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_scores(
    truth: Any,
    candidate: Any,
    *,
    k: int = 5,
    groups: Any = None,
    candidate_groups: Any = None,
) -> ManifoldScores:
    """Precision, recall, density and coverage by k-nearest neighbours.

    The neighbourhood of a sample is the ball to its k-th neighbour in its own set
    (Kynkäänniemi et al., NeurIPS 2019; Naeem et al., ICML 2020). Equal laws give about
    a density of 1, and a coverage of 1 - 2^-k for equal sizes; precision and recall
    depend on the dimension, so that only the row of the floor tells what is good.

    Parameters
    ----------
    truth, candidate : [n, ...], [m, ...], real or complex
        Samples.
    k
        Neighbours.
    groups, candidate_groups : [n], [m], optional
        Which samples are near-copies of each other: none is a neighbour of its own
        group.

    Returns
    -------
    ManifoldScores

    Raises
    ------
    ValueError
        As :func:`frechet_distance`; or if a sample has less than k neighbours.
    """
    a, b = features_of_pair(truth, candidate)
    check_int("k", k, low=1)
    radius_a = _radii("truth", a, k, check_groups("groups", groups, len(a)))
    own = check_groups("candidate_groups", candidate_groups, len(b))
    radius_b = _radii("candidate", b, k, own)
    across = pairwise_distances(a, b)
    inside_a, inside_b = across <= radius_a[:, None], across <= radius_b
    return ManifoldScores(
        precision=float(inside_a.any(axis=0).mean()),
        recall=float(inside_b.any(axis=1).mean()),
        density=float(inside_a.sum(axis=0).mean() / k),
        coverage=float(inside_a.any(axis=1).mean()),
    )


def _radii(name: str, x: np.ndarray, k: int, groups: np.ndarray) -> np.ndarray:
    """Distance of each sample to its k-th neighbour outside its own group, [n]."""
    others = len(x) - np.bincount(groups).max()
    if others < k:
        raise ValueError(
            f"{name} must hold at least k = {k} samples outside each group, got "
            f"{others}."
        )
    distances = pairwise_distances(x)
    distances[groups[:, None] == groups] = np.inf
    return np.partition(distances, k - 1, axis=1)[:, k - 1]

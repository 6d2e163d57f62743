"""Where federated EM begins: k-means over the nodes, by sums of features alone."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from commgen.federated.mixture.messages import Ask, structure_settings
from commgen.generative.mixture.em import Structure

# Finer clusters, of which those of the mixture are made, for each of these.
_FINER = 4
# Steps after each doubling of the finer clusters.
_STEPS_A_SPLIT = 2
# How far two halves of a cluster begin from its middle, in its deviations.
_APART = 0.5
# k-means over the finer clusters begins so many times; the best is taken.
_RESTARTS = 20


def first_centers(
    ask: Ask,
    structure: Structure,
    num_components: int,
    *,
    seed: int,
    num_starts: int = 1,
    num_steps: int = 10,
) -> list[np.ndarray]:
    """Cluster the channels of all nodes by their spectra, where they are.

    No node tells a channel, only sums over clusters. The server doubles the clusters
    along their deviations (Linde, Buzo and Gray, IEEE Trans. Commun. 28 (1980)) until
    there are several for each component; by these alone, weighted by their channels,
    it runs k-means from many starts, and the nodes refine the best.

    Parameters
    ----------
    ask
        Asks all nodes.
    structure
        Of the mixture.
    num_components
        Clusters.
    seed
        Of the splits and the starts.
    num_starts
        Results, to choose from by what EM makes of them.
    num_steps
        Steps of k-means over all nodes at the end.

    Returns
    -------
    list of [num_components, size], float
        Centers of clusters of features.
    """
    rng = np.random.default_rng(seed)
    settings = structure_settings(structure)
    total = ask("cluster", {}, {**settings, "step": "moments"})
    centers, spread, counts = _refreshed(
        {k: np.asarray(v)[None] for k, v in total.items()}
    )
    if num_components == 1:
        return [centers]
    # Few channels, or equal ones, may leave fewer clusters than that.
    for _ in range(int(np.ceil(np.log2(_FINER * num_components)))):
        centers = _split(rng, centers, spread, counts)
        for _ in range(_STEPS_A_SPLIT):
            centers, spread, counts = _step(ask, settings, centers)
    starts = []
    for start in _coarse(rng, centers, counts, num_components, num_starts):
        for _ in range(num_steps):
            start, _, _ = _step(ask, settings, start)
        starts.append(start)
    return starts


def _step(ask, settings, centers):
    total = ask("cluster", {"weights/centers": centers}, {**settings, "step": "assign"})
    return _refreshed(total, centers)


def _refreshed(total: Mapping[str, np.ndarray], centers=None):
    """Return means, deviations and channels of clusters; empty ones stay."""
    counts = np.asarray(total["counts"], np.float64)
    n = np.maximum(counts, 1)[:, None]
    mean = np.asarray(total["first"], np.float64) / n
    variance = np.maximum(np.asarray(total["second"], np.float64) / n - mean**2, 0)
    if centers is not None:
        mean = np.where(counts[:, None] > 0.5, mean, centers)
    return mean, np.sqrt(variance), counts


def _split(rng, centers, spread, counts):
    """Return two centers for a cluster of several channels, one for that of one."""
    shift = _APART * spread * rng.choice([-1.0, 1.0], size=centers.shape)
    alive, single = counts > 1.5, np.abs(counts - 1) <= 0.5
    return np.concatenate(
        [centers[alive] - shift[alive], centers[alive] + shift[alive], centers[single]]
    )


def _coarse(rng, centers, counts, num_clusters, num_starts) -> list[np.ndarray]:
    """Return clusters of weighted centers, the best of many starts and others."""
    from sklearn.cluster import KMeans

    found: list[tuple[float, int, np.ndarray]] = []
    alive = counts > 0.5
    for i in range(max(_RESTARTS, num_starts)):
        means: Any = KMeans(
            min(num_clusters, int(alive.sum())),
            n_init=1,  # pyright: ignore[reportArgumentType]
            random_state=int(rng.integers(2**31)),
        )
        means.fit(centers[alive], sample_weight=counts[alive])
        found.append((float(means.inertia_), i, means.cluster_centers_))
    best = [centers for _, _, centers in sorted(found, key=lambda start: start[:2])]
    return [_filled(rng, start, num_clusters) for start in best[:num_starts]]


def _filled(rng, centers, num_clusters):
    """Repeat centers, a little apart, where there are too few of them."""
    more = rng.integers(len(centers), size=num_clusters - len(centers))
    apart = 1e-3 * rng.normal(size=(len(more), centers.shape[1]))
    return np.concatenate([centers, centers[more] + apart])

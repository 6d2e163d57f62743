"""Two-sample tests: whether two sets can be told apart, sample by sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from commgen._checks import check_int
from commgen.evaluation._sets import check_groups, features_of_pair
from commgen.evaluation.statistics import invariant_features


@dataclass(frozen=True)
class Accuracy:
    """Share of samples that a test tells apart; 0.5 is chance.

    Parameters
    ----------
    value
        The share.
    low, high
        Its interval of 95 %.
    """

    value: float
    low: float
    high: float


def nearest_neighbour_accuracy(
    truth: Any, candidate: Any, *, groups: Any = None, candidate_groups: Any = None
) -> Accuracy:
    r"""Accuracy of the leave-one-out nearest-neighbour classifier.

    0.5 for sets of one law. Above: the candidates keep to themselves. Below: they sit
    on top of the true samples (Lopez-Paz and Oquab, ICLR 2017; Xu et al., 2018).
    Channels are scaled to unit norm first, and compared by the Euclidean distance of
    real and imaginary parts: power has measures of its own, and would drown this one.

    Neighbours hang together, so that the interval is Jeffreys' for fewer trials: their
    number is divided by the variance that random labels would have on this graph of
    neighbours, relative to independent trials, in closed form (as in Schilling, J. Am.
    Stat. Assoc. 81, 1986, 799-806); and by that between groups, where there are any.

    Parameters
    ----------
    truth, candidate : [n, ...], complex
        As many samples of each.
    groups, candidate_groups : [n], optional
        Which samples are near-copies of each other: none is a neighbour of its own
        group.

    Returns
    -------
    Accuracy

    Raises
    ------
    ValueError
        If the sets differ in size or shape, or a set is one group.
    """
    a, b = features_of_pair(truth, candidate, unit_norm=True)
    if len(a) != len(b):
        raise ValueError(
            f"truth and candidate must be equally many, got {len(a)} and {len(b)}."
        )
    own = _joined(groups, candidate_groups, len(a), len(b))
    distances = pairwise_distances(np.concatenate([a, b]))
    distances[own[:, None] == own] = np.inf
    if not np.isfinite(distances).any(axis=1).all():
        raise ValueError("groups must be at least two, got one.")
    nearest = distances.argmin(axis=1)
    label = np.arange(len(own)) < len(a)
    right = label == label[nearest]
    return _accuracy(right, own, design_effect(nearest))


def design_effect(nearest: np.ndarray) -> float:
    """Variance of the number of like neighbours, over that of independent trials.

    Half of the labels are one and half the other, shuffled over a fixed graph.

    Parameters
    ----------
    nearest : [n], int
        Neighbour of each sample, n even and at least 4.
    """
    num, half = len(nearest), len(nearest) / 2
    degree = 1 + np.bincount(nearest, minlength=num)
    mutual = np.count_nonzero(nearest[nearest] == np.arange(num)) // 2
    touching = float(np.sum(degree * (degree - 1) / 2)) - 2 * mutual
    apart = num * (num - 1) / 2 - mutual - touching
    p = (half - 1) / (num - 1)  # two samples alike
    p_three = p * (half - 2) / (num - 2)
    like = (half - 2) * (half - 3) + half * (half - 1)
    p_four = p * like / ((num - 2) * (num - 3))  # alike, and two others alike
    covariance = mutual * (p - p**2)
    covariance += touching * (p_three - p**2) + apart * (p_four - p**2)
    return float(1 + 2 * covariance / (num * p * (1 - p)))


def classifier_accuracy(
    truth: Any,
    candidate: Any,
    layout: Sequence[str],
    *,
    seed: int,
    groups: Any = None,
    candidate_groups: Any = None,
    num_folds: int = 4,
) -> Accuracy:
    """Accuracy of a trained classifier on samples that it has not seen.

    Gradient-boosted trees on :func:`~commgen.evaluation.invariant_features`, which a
    common phase does not change. It sees what neighbours miss, such as a floor between
    the beams; 0.5 for sets of one law (Lopez-Paz and Oquab, ICLR 2017).

    Parameters
    ----------
    truth, candidate : [n, *event_shape], complex
        As many channels of each.
    layout
        Axes of an event, of "rx", "tx", "time", "subcarrier".
    seed
        Seed of folds and trees.
    groups, candidate_groups : [n], optional
        Channels of one group stay in one fold, and count as one in the interval.
    num_folds
        Each fold is tested with a classifier trained on the others.

    Returns
    -------
    Accuracy
        With Jeffreys' interval of the held-out samples, for 1 + k / (k - 1) times
        fewer trials: the k classifiers share their training samples (Nadeau and
        Bengio, Mach. Learn. 52, 2003, 239-281, sec. 3).

    Raises
    ------
    ValueError
        If the sets differ in size, or ``num_folds`` is below 2 or above the groups.
    """
    if len(truth) != len(candidate):
        raise ValueError(
            "truth and candidate must be equally many, got "
            f"{len(truth)} and {len(candidate)}."
        )
    check_int("seed", seed, low=0)
    own = _joined(groups, candidate_groups, len(truth), len(candidate))
    check_int("num_folds", num_folds, low=2, high=len(np.unique(own)))
    x = np.concatenate([invariant_features(h, layout) for h in (truth, candidate)])
    label = np.arange(len(x)) < len(truth)
    folds = StratifiedGroupKFold(num_folds, shuffle=True, random_state=seed)
    right = np.empty(len(x), bool)
    no_stopping: Any = False  # typed as str by mistake
    # Sets are small: threads that wait for each other on a busy machine cost more.
    with threadpool_limits(1):
        for rows, held_out in folds.split(x, label, own):
            trees = HistGradientBoostingClassifier(
                max_iter=60,
                max_leaf_nodes=15,
                early_stopping=no_stopping,
                random_state=seed,
            )
            trees.fit(x[rows], label[rows])
            right[held_out] = trees.predict(x[held_out]) == label[held_out]
    return _accuracy(right, own, 1 + num_folds / (num_folds - 1))


def _joined(groups, candidate_groups, n: int, m: int) -> np.ndarray:
    """Labels of both sets together, distinct between them."""
    first = check_groups("groups", groups, n)
    second = check_groups("candidate_groups", candidate_groups, m)
    return np.concatenate([first, second + first.max() + 1])


def _accuracy(right: np.ndarray, groups: np.ndarray, effect: float) -> Accuracy:
    """Jeffreys' interval for trials that hang together."""
    n, value = len(right), float(right.mean())
    spread = float(np.sum(np.bincount(groups, right - value) ** 2))
    if 0 < value < 1:
        effect *= max(1.0, spread / (n * value * (1 - value)))
    trials = n / max(effect, 1e-6)
    hits, misses = trials * value, trials * (1 - value)
    low, high = stats.beta.ppf([0.025, 0.975], hits + 0.5, misses + 0.5)
    return Accuracy(value, min(float(low), value), max(float(high), value))

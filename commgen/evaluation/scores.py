"""All measures of one candidate set against the truth: one row of the report."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.datasets.events import check_layout
from commgen.evaluation._sets import check_groups, check_set, features_of_pair, subset
from commgen.evaluation.distances import (
    frechet_distance,
    manifold_scores,
    mmd,
    sliced_wasserstein,
)
from commgen.evaluation.memorisation import memorisation
from commgen.evaluation.statistics import autocorrelation, channel_statistics, ks
from commgen.evaluation.two_sample import (
    classifier_accuracy,
    nearest_neighbour_accuracy,
)


def score_set(
    truth: Any,
    candidate: Any,
    *,
    layout: Sequence[str],
    seed: int,
    groups: Any = None,
    candidate_groups: Any = None,
    train: Any = None,
    max_samples: int = 2000,
    snr_db: float = 10.0,
) -> dict[str, float]:
    """Measure one set of channels against held-out truth.

    Both sets are cut to the size of the smaller one. MMD, neighbours and manifold see
    channels of unit norm; Frechet and sliced Wasserstein distance see them as they are.

    Parameters
    ----------
    truth : [n, *event_shape], complex
        Channels that no model has seen.
    candidate : [m, *event_shape], complex
        Channels to judge.
    layout
        Axes of an event, of "rx", "tx", "time", "subcarrier".
    seed
        Seed of subsets, directions, folds and trees.
    groups, candidate_groups : [n], [m], optional
        Which channels are near-copies, such as packets of one visit: no channel finds
        its neighbour in its own group.
    train : [num_train, *event_shape], complex, optional
        What the model was fitted to; adds ``memorisation_ratio``, ``memorised_share``.
    max_samples
        Channels of each set that are looked at.
    snr_db
        SNR of the capacity [dB].

    Returns
    -------
    dict
        ``num_samples``; ``frechet``, ``sliced_w2``, ``mmd``, ``precision``, ``recall``,
        ``density``, ``coverage``, ``nn_accuracy`` and ``classifier_accuracy`` with
        ``_low`` and ``_high`` of 95 %; ``ks_<statistic>`` for those of
        :func:`~commgen.evaluation.channel_statistics` that the layout has, without
        their ``_db``;
        ``autocorrelation_error``, the greatest difference over the lags, where there
        is a time axis.

    Raises
    ------
    ValueError, TypeError
        As :func:`~commgen.evaluation.check_set` and
        :func:`~commgen.datasets.check_layout`.
    """
    truth = check_set("truth", truth)
    candidate = check_set("candidate", candidate, truth.shape[1:])
    layout = check_layout(layout, truth.shape[1:])
    check_int("max_samples", max_samples, low=20)
    check_int("seed", seed, low=0)
    size = min(len(truth), len(candidate), max_samples)
    rng = np.random.default_rng(seed)
    own = check_groups("groups", groups, len(truth))
    other = check_groups("candidate_groups", candidate_groups, len(candidate))
    rows, drawn = (subset(len(h), size, rng) for h in (truth, candidate))
    truth, candidate, own, other = (
        truth[rows],
        candidate[drawn],
        own[rows],
        other[drawn],
    )
    grouped: dict[str, Any] = {"groups": own, "candidate_groups": other}
    row = {"num_samples": float(size)}
    row |= _distances(truth, candidate, grouped, seed)
    neighbours = nearest_neighbour_accuracy(truth, candidate, **grouped)
    row |= _accuracy("nn_accuracy", neighbours)
    trained = classifier_accuracy(truth, candidate, layout, seed=seed, **grouped)
    row |= _accuracy("classifier_accuracy", trained)
    known = [channel_statistics(h, layout, snr_db=snr_db) for h in (truth, candidate)]
    # The distance is the same on any scale: the columns need no unit.
    row |= {f"ks_{k.removesuffix('_db')}": value for k, value in ks(*known).items()}
    if "time" in layout:
        curves = [autocorrelation(h, layout) for h in (truth, candidate)]
        row["autocorrelation_error"] = float(np.abs(curves[1] - curves[0]).max())
    if train is not None:
        train = check_set("train", train, truth.shape[1:])
        copied = memorisation(train, candidate, truth)
        row |= {"memorisation_ratio": copied.ratio, "memorised_share": copied.share}
    return row


def _distances(truth, candidate, grouped, seed: int) -> dict[str, float]:
    unit = features_of_pair(truth, candidate, unit_norm=True)
    return {
        "frechet": frechet_distance(truth, candidate),
        "sliced_w2": sliced_wasserstein(truth, candidate, seed=seed),
        "mmd": mmd(*unit),
        **asdict(manifold_scores(*unit, **grouped)),
    }


def _accuracy(name: str, accuracy) -> dict[str, float]:
    return {
        name: accuracy.value,
        f"{name}_low": accuracy.low,
        f"{name}_high": accuracy.high,
    }

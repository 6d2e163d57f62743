"""Whether a model gives its training channels back."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen._checks import check_finite

_CHUNK = 500
_QUANTILE = 0.01


@dataclass(frozen=True)
class Memorisation:
    """Distances of candidates to the training set, beside those of held-out truth.

    Parameters
    ----------
    ratio
        Median distance of the candidates over that of the truth: 1 is best, near 0
        are copies, above 1 are channels unlike any in training.
    share
        Share of candidates closer than all but 1 % of the truth: 0.01 is best.
    """

    ratio: float
    share: float


def memorisation(train: Any, candidate: Any, truth: Any) -> Memorisation:
    """Compare nearest-training-neighbour distances of candidates and of held-out truth.

    A copy that was turned in phase or scaled is still a copy: see
    :func:`nearest_distance`.

    Parameters
    ----------
    train : [num_train, *event_shape], complex
        What the model was fitted to.
    candidate, truth : [n, *event_shape], [m, *event_shape], complex
        What it draws, and truth that it has not seen.

    Returns
    -------
    Memorisation
        With a ratio of infinity where more than half of the truth lies in ``train``.

    Raises
    ------
    ValueError
        If shapes differ or entries are not finite.
    """
    drawn = nearest_distance(candidate, train)
    held_out = nearest_distance(truth, train)
    median = float(np.median(held_out))
    ratio = float(np.median(drawn)) / median if median > 0 else float("inf")
    return Memorisation(ratio, float(np.mean(drawn < np.quantile(held_out, _QUANTILE))))


def nearest_distance(h: Any, others: Any) -> np.ndarray:
    r"""Distance to the nearest of ``others``, over a common phase and scale.

    .. math:: \min_{b,\,\varphi} |\hat a - e^{j\varphi} \hat b|
        = \min_b \sqrt{2 - 2 |\hat b^\mathsf{H} \hat a|}

    with a and b of unit norm.

    Parameters
    ----------
    h, others : [n, *event_shape], [m, *event_shape], complex
        Channels; an all-zero one has the greatest distance to all.

    Returns
    -------
    distance : [n], float
        From 0 to the square root of 2.

    Raises
    ------
    ValueError
        If shapes differ or entries are not finite.
    """
    a, b = (_directions(name, x) for name, x in (("h", h), ("others", others)))
    if np.shape(h)[1:] != np.shape(others)[1:]:
        raise ValueError(
            f"h and others must hold channels of one shape, got {np.shape(h)} and "
            f"{np.shape(others)}."
        )
    best = [
        np.abs(a[i : i + _CHUNK] @ b.conj().T).max(axis=1)
        for i in range(0, len(a), _CHUNK)
    ]
    return np.sqrt(np.maximum(2 - 2 * np.concatenate(best), 0))


def _directions(name: str, h: Any) -> np.ndarray:
    h = np.asarray(h)
    if h.ndim < 2 or h.size == 0:
        raise ValueError(f"{name} must be [n, *event_shape], got {h.shape}.")
    check_finite(name, h)
    h = h.reshape(len(h), -1).astype(np.complex128)
    norm = np.linalg.norm(h, axis=1, keepdims=True)
    return h / np.where(norm > 0, norm, 1)

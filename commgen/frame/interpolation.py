"""Weights that spread values at pilots over a grid."""

import numpy as np
from scipy.interpolate import CubicSpline

_LEAST_SEEN = 0.1


def linear_weights(points, targets) -> np.ndarray:
    """Weights of piecewise linear interpolation, held constant outside the points.

    Parameters
    ----------
    points : [num_points], int or float, ascending
        Where values are known.
    targets : [num_targets], int or float
        Where they are wanted.

    Returns
    -------
    weights : [num_points, num_targets], float32
        Column sums are 1.

    Examples
    --------
    >>> linear_weights([0, 2], [0, 1, 2, 3]).tolist()
    [[1.0, 0.5, 0.0, 0.0], [0.0, 0.5, 1.0, 1.0]]
    """
    eye = np.eye(len(points))
    rows = [np.interp(targets, points, row) for row in eye]
    return np.stack(rows).astype(np.float32)


def spline_weights(points, targets) -> np.ndarray:
    """Weights of the natural cubic spline, held constant outside the points.

    Parameters
    ----------
    points, targets
        As in :func:`linear_weights`; a single point is held everywhere.

    Returns
    -------
    weights : [num_points, num_targets], float32
        Column sums are 1.

    Examples
    --------
    >>> (32 * spline_weights([0, 2, 4], [0, 1, 2])[:, 1]).tolist()
    [13.0, 22.0, -3.0]
    """
    points = np.asarray(points, float)
    if len(points) == 1:
        return np.ones((1, len(targets)), np.float32)
    inside = np.clip(targets, points[0], points[-1])
    spline = CubicSpline(points, np.eye(len(points)), bc_type="natural")
    return spline(inside).T.astype(np.float32)


def dft_weights(points, targets, fft_size: int, max_delay: float) -> np.ndarray:
    r"""Weights of the least-squares fit of taps at the sampling times.

    .. math:: \hat h = F_t\,F_p^{+}\,y, \quad
        (F_p)_{k l} = e^{-j 2 \pi k l / N}, \quad 0 \le l \le L

    the estimator of van de Beek et al. (*On channel estimation in OFDM systems*, IEEE
    VTC 1995, sec. III). With pilots on all N subcarriers it is the DFT, a window of
    L + 1 taps and the DFT back. Combinations of taps that the pilots see with less
    than a tenth of the amplitude of the best one (:data:`_LEAST_SEEN`) are left out:
    they would blow up noise where a band has guards.

    Parameters
    ----------
    points, targets
        As in :func:`linear_weights`, in subcarriers.
    fft_size
        The N.
    max_delay
        Greatest delay L in samples; rounded up, to at most one tap a pilot.

    Returns
    -------
    weights : [num_points, num_targets], complex64
    """
    points, targets = np.asarray(points, float), np.asarray(targets, float)
    taps = np.arange(min(int(np.ceil(max_delay - 1e-9)) + 1, len(points)))
    F_p, F_t = (
        np.exp(-2j * np.pi / fft_size * np.outer(k, taps)) for k in (points, targets)
    )
    W = F_t @ np.linalg.pinv(F_p, rcond=_LEAST_SEEN)
    return W.T.astype(np.complex64)

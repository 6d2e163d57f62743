"""Interpolation of estimates and of their error variances, by weights."""

import numpy as np
import tensorflow as tf
from scipy.interpolate import CubicSpline

_LEAST_SEEN = 0.1
_MAX_DENSE = 48  # points up to which a product with all weights is as fast


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


class SeparableInterpolator:
    r"""Spread values at pilot symbols x pilot subcarriers over the whole grid.

    The error of an estimate has a part that is noise, independent from pilot to pilot,
    and a part that is shrinkage towards the prior, nearly the same at neighbouring
    pilots. Under weights :math:`w` the first adds in power, the second in amplitude:

    .. math:: v = \sum_i w_i^2 f_i v_i + \Big(\sum_i w_i \sqrt{(1-f_i) v_i}\Big)^2

    (with :math:`|w_i|` where weights are complex), where :math:`f_i` is the share of
    noise. The variation of the channel between the
    pilots is not in :math:`v`: put the pilots closer than it.

    Parameters
    ----------
    frequency_weights : [num_streams, num_pilot_subcarriers, num_subcarriers]
        Weights of each stream, float or complex; see :func:`linear_weights`.
    time_weights : [num_streams, num_pilot_symbols, num_ofdm_symbols]
        Likewise over OFDM symbols.

    Input
    -----
    h_hat : [batch, num_rx, num_rx_ant, num_streams, num_pilot_symbols, num_pilot_subcarriers], complex
    err_var : the same shape (or broadcastable to it), float
    noise_share : the same shape as ``err_var``, float in [0, 1]

    Output
    ------
    h_hat : [batch, num_rx, num_rx_ant, num_streams, num_ofdm_symbols, num_subcarriers], complex
    err_var : the same shape, or broadcastable to it, float
    """  # noqa: E501

    def __init__(self, frequency_weights, time_weights):
        #: [num_streams, num_pilot_symbols, num_ofdm_symbols], float
        self.time_weights = np.asarray(time_weights, np.float32)
        kind = np.complex64 if np.iscomplexobj(frequency_weights) else np.float32
        self._weights = [
            _Axis("brasqp,spf->brasqf", np.asarray(frequency_weights, kind), 5),
            _Axis("brasqf,sqt->brastf", self.time_weights, 4),
        ]

    def __call__(self, h_hat, err_var, noise_share):
        """Return both on the whole grid."""
        noise = err_var * noise_share
        bias = tf.sqrt(tf.maximum(err_var - noise, 0.0))
        for axis in self._weights:
            h_hat = axis.apply(h_hat)
            noise = axis.apply(noise, squared=True)
            bias = axis.apply(bias)
        return h_hat, noise + bias**2


class _Axis:
    """Weights along one axis; trivial cases cost nothing, and sparse ones little."""

    def __init__(self, equation, weights, axis):
        self._equation = equation
        self._weights = weights
        self._axis = axis
        num_points, num_targets = weights.shape[1:]
        self._identity = num_points == num_targets and bool(
            np.all(weights == np.eye(num_points))
        )
        # Between lines there are two weights a target: gathered where there are many.
        sparse = np.all(np.count_nonzero(weights, axis=1) <= 2)
        self._gathered = num_points > _MAX_DENSE and bool(sparse)

    def apply(self, x, *, squared=False):
        if self._identity:
            return x
        weights = self._weights
        if np.iscomplexobj(weights) and not x.dtype.is_complex:
            weights = np.abs(weights)
        weights = weights**2 if squared else weights
        if self._gathered:
            streams = [
                self._gather(x[:, :, :, min(s, x.shape[3] - 1)], w)
                for s, w in enumerate(weights)
            ]
            return tf.stack(streams, axis=3)
        return tf.einsum(self._equation, x, tf.cast(weights, x.dtype))

    def _gather(self, x, weights):
        """Interpolate one stream with ``weights`` [num_points, num_targets]."""
        order = np.argsort(-weights, axis=0, kind="stable")[:2]
        shape = [-1, 1] if self._axis == 4 else [-1]
        total = 0
        for index in order:
            w = np.take_along_axis(weights, index[None], axis=0).reshape(shape)
            total = total + tf.gather(x, index, axis=self._axis - 1) * tf.cast(
                w, x.dtype
            )
        return total

"""Interpolation of estimates and of their error variances, by weights."""

import numpy as np
import tensorflow as tf

_MAX_DENSE = 48  # points up to which a product with all weights is as fast


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

"""LMMSE equaliser for few streams, with a diagonal noise-plus-error covariance."""

import tensorflow as tf
from sionna.phy import Block
from sionna.phy.ofdm import ResourceGrid
from sionna.phy.utils import flatten_last_dims

from commgen.phy.signal.grid import EffectiveSubcarriers

_TINY = 1e-20


def lmmse_equalize(y, h, s):
    r"""Unbiased LMMSE symbols of few streams under white-per-antenna noise.

    .. math:: y = H x + n, \quad n \sim \mathcal{CN}(0, \mathrm{diag}(s))

    With :math:`z = H^H S^{-1} y`, :math:`A = H^H S^{-1} H` and :math:`G = A + I`, the
    biased estimate is :math:`G^{-1} z`, the gain of stream i is
    :math:`d_i = 1 - [G^{-1}]_{ii}`, the unbiased estimate :math:`[G^{-1} z]_i / d_i`
    and its noise variance :math:`1 / d_i - 1` (Kay, *Estimation Theory*, 1993, ch. 12;
    the matrix inversion lemma moves everything to the streams). The antennas only
    enter as sums, so nothing of size num_rx_ant x num_rx_ant is built. One and two
    streams are closed forms without cancellation.

    Parameters
    ----------
    y : [batch, num_rx_ant, ...], complex
        Received symbols.
    h : [batch, num_rx_ant, num_streams, ...], complex
        Channel (estimates).
    s : [batch, num_rx_ant, ...], float
        Noise variance plus the channel's error variance summed over streams, > 0.

    Returns
    -------
    x_hat : [batch, num_streams, ...], complex
        Unbiased symbols. Where the channel is zero: zero.
    no_eff : [batch, num_streams, ...], float
        Variance of the noise and interference left in ``x_hat``. Where the channel is
        zero: very large, so that the bits there count as unknown.
    """
    num_streams = h.shape[2]
    y_w = y / tf.cast(s, y.dtype)
    h_streams = tf.unstack(h, axis=2)
    z = [tf.reduce_sum(tf.math.conj(g) * y_w, axis=1) for g in h_streams]
    if num_streams == 1:
        a = tf.reduce_sum(_power(h_streams[0]) / s, axis=1)
        return _divide([z[0]], [a], [tf.ones_like(a)])
    if num_streams == 2:
        return _two_streams(h_streams, s, z)
    return _many_streams(h_streams, s, z)


def _two_streams(h, s, z):
    a = tf.reduce_sum(_power(h[0]) / s, axis=1)
    b = tf.reduce_sum(_power(h[1]) / s, axis=1)
    c = tf.reduce_sum(tf.math.conj(h[0]) * h[1] / tf.cast(s, h[0].dtype), axis=1)
    cc = _power(c)
    z_0 = tf.cast(1 + b, c.dtype) * z[0] - c * z[1]
    z_1 = tf.cast(1 + a, c.dtype) * z[1] - tf.math.conj(c) * z[0]
    # det(G) [G^-1]_ii and det(G) d_i; their common factor drops out.
    return _divide([z_0, z_1], [a * (1 + b) - cc, b * (1 + a) - cc], [1 + b, 1 + a])


def _many_streams(h, s, z):
    h = tf.stack(h, axis=-1)
    h_w = h / tf.cast(s, h.dtype)[..., None]
    gram = tf.reduce_sum(tf.math.conj(h)[..., :, None] * h_w[..., None, :], axis=1)
    eye = tf.eye(h.shape[-1], dtype=h.dtype)
    inverse = tf.linalg.inv(gram + eye)
    x = tf.linalg.matvec(inverse, tf.stack(z, axis=-1))
    # A G^-1 = I - G^-1 without the subtraction.
    gain = tf.math.real(tf.linalg.diag_part(gram @ inverse))
    left = tf.math.real(tf.linalg.diag_part(inverse))
    return _divide(*(tf.unstack(v, axis=-1) for v in (x, gain, left)))


def _divide(z, gain, left):
    """Return z / gain and left / gain, stacked on axis 1, safe at zero gain."""
    gain = tf.maximum(tf.stack(gain, axis=1), _TINY)
    z = tf.stack(z, axis=1)
    return z / tf.cast(gain, z.dtype), tf.stack(left, axis=1) / gain


def _power(x):
    return tf.math.real(x) ** 2 + tf.math.imag(x) ** 2


class FewStreamsLMMSEEqualizer(Block):
    """LMMSE equaliser of an OFDM slot with one transmitter of few streams.

    Speaks the interface of Sionna's ``LMMSEEqualizer`` and gives its numbers for one
    receiver without other transmitters (see :func:`lmmse_equalize`), at a small part of
    its cost. Do not compile it with XLA on a CPU: that makes it slower.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter.
    precision
        As in Sionna's ``LMMSEEqualizer``.

    Input
    -----
    y : [batch, 1, num_rx_ant, num_ofdm_symbols, fft_size], complex
        Received grid.
    h_hat : [batch, 1, num_rx_ant, 1, num_streams, num_ofdm_symbols, num_effective_subcarriers], complex
        Channel estimate.
    err_var : broadcastable to ``h_hat``, float
        Variance of the estimate's error; it is added to the noise, summed over streams.
    no : scalar, [batch], [batch, 1] or [batch, 1, num_rx_ant], float
        Noise variance.

    Output
    ------
    x_hat, no_eff : [batch, 1, num_streams, num_data_symbols]
        Symbols (complex) and their noise variance (float).
    """  # noqa: E501

    def __init__(self, resource_grid, *, precision=None):
        super().__init__(precision=precision)
        if not isinstance(resource_grid, ResourceGrid):
            raise TypeError(
                f"resource_grid must be a ResourceGrid, got {type(resource_grid)}."
            )
        if resource_grid.num_tx != 1:
            raise ValueError(
                f"resource_grid must have num_tx = 1, got {resource_grid.num_tx}."
            )
        self._remove_nulled = EffectiveSubcarriers(resource_grid)
        mask = flatten_last_dims(resource_grid.pilot_pattern.mask[0])
        order = tf.argsort(mask, direction="ASCENDING", stable=True)
        # [num_streams, num_data_symbols], in the mapper's order
        self._data_ind = order.numpy()[:, : int(resource_grid.num_data_symbols)]

    def call(self, y, h_hat, err_var, no):
        """Return symbols and noise variances of the data elements."""
        if y.shape[1] != 1:
            raise ValueError(f"y must have one receiver on axis 1, got {y.shape}.")
        y = self._remove_nulled(y)[:, 0]
        h = h_hat[:, 0, :, 0]
        no = tf.convert_to_tensor(no, self.rdtype)
        if no.shape.rank == 2:
            no = no[:, :, None]
        shape = tf.concat([tf.shape(no), tf.ones(5 - no.shape.rank, tf.int32)], 0)
        no = tf.reshape(no, shape)[:, 0]
        s = no + self._summed(err_var, h.shape[2])
        x_hat, no_eff = lmmse_equalize(y, h, s)
        return self._data(x_hat), self._data(no_eff)

    def _summed(self, err_var, num_streams):
        """Sum ``err_var`` over streams; other axes stay broadcast."""
        err_var = tf.convert_to_tensor(err_var, self.rdtype)
        ones = tf.ones(7 - err_var.shape.rank, tf.int32)
        err_var = tf.reshape(err_var, tf.concat([ones, tf.shape(err_var)], 0))
        err_var = err_var[:, 0, :, 0]
        if err_var.shape[2] == 1:
            return num_streams * err_var[:, :, 0]
        return tf.reduce_sum(err_var, axis=2)

    def _data(self, x):
        """Gather the data elements of each stream, in the mapper's order."""
        x = flatten_last_dims(x, 2)
        streams = [
            tf.gather(x[:, i], self._data_ind[i], axis=-1)
            for i in range(len(self._data_ind))
        ]
        return tf.stack(streams, axis=1)[:, None]

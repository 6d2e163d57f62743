"""LMMSE equaliser for few streams, with a diagonal noise-plus-error covariance."""

import itertools

import tensorflow as tf
from sionna.phy import Block
from sionna.phy.ofdm import ResourceGrid
from sionna.phy.utils import flatten_last_dims

from commgen.phy.signal.grid import EffectiveSubcarriers

_TINY = 1e-20
# Least share of a stream's power that may be left beside the others: with less, what a
# Gram matrix gives in single precision errs by more than a few 6e-8 / 0.01.
_CLEAR = 0.01


def lmmse_equalize(y, h, s):
    r"""Unbiased LMMSE symbols of few streams under white-per-antenna noise.

    .. math:: y = H x + n, \quad n \sim \mathcal{CN}(0, \mathrm{diag}(s))

    With :math:`z = H^H S^{-1} y`, :math:`A = H^H S^{-1} H` and :math:`G = A + I`, the
    biased estimate is :math:`G^{-1} z`, the gain of stream i is
    :math:`d_i = 1 - [G^{-1}]_{ii}`, the unbiased estimate :math:`[G^{-1} z]_i / d_i`
    and its noise variance :math:`1 / d_i - 1` (Kay, *Estimation Theory*, 1993, ch. 12;
    the matrix inversion lemma moves everything to the streams). The antennas only
    enter as sums, so nothing of size num_rx_ant x num_rx_ant is built.

    Where streams can hardly be told apart, G loses what its inverse needs: its
    condition number is the SNR. Such elements are computed again in double precision as
    the least-squares solution of :math:`[S^{-1/2} H; I]\, x = [S^{-1/2} y; 0]`, whose
    condition number is the square root of that.

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
    gram, z = _gram(y, h, s)
    if len(z) == 1:
        a = tf.math.real(gram[0][0])[:, None]
        return _unbiased(z[0][:, None], a, tf.ones_like(a))
    solve = _two_streams if len(z) == 2 else _many_streams
    x, gain, left, clear = solve(gram, z)
    x_hat, no_eff = _unbiased(*(tf.stack(v, axis=1) for v in (x, gain, left)))
    return tf.cond(
        tf.reduce_all(clear),
        lambda: (x_hat, no_eff),
        lambda: _mend(x_hat, no_eff, tf.where(~clear), y, h, s),
    )


def _gram(y, h, s):
    """Return the rows of A and the entries of z, one tensor [batch, ...] each."""
    y_w = y / tf.cast(s, y.dtype)
    h = tf.unstack(h, axis=2)
    z = [tf.reduce_sum(tf.math.conj(g) * y_w, axis=1) for g in h]
    gram: list[list] = [[None] * len(h) for _ in h]
    for i, g in enumerate(h):
        power = tf.reduce_sum(_power(g) / s, axis=1)
        gram[i][i] = tf.cast(power, g.dtype)
        for j in range(i + 1, len(h)):
            product = tf.math.conj(g) * h[j] / tf.cast(s, g.dtype)
            gram[i][j] = tf.reduce_sum(product, axis=1)
            gram[j][i] = tf.math.conj(gram[i][j])
    return gram, z


def _two_streams(gram, z):
    a, b, c = tf.math.real(gram[0][0]), tf.math.real(gram[1][1]), gram[0][1]
    cc = _power(c)
    z_0 = tf.cast(1 + b, c.dtype) * z[0] - c * z[1]
    z_1 = tf.cast(1 + a, c.dtype) * z[1] - tf.math.conj(c) * z[0]
    # det(G) d_i and det(G) [G^-1]_ii; their common factor drops out.
    alone, left = (a * (1 + b), b * (1 + a)), [1 + b, 1 + a]
    clear = cc <= (1 - _CLEAR) * tf.minimum(*alone)
    return [z_0, z_1], [alone[0] - cc, alone[1] - cc], left, clear


def _many_streams(gram, z):
    inverse = _inverse_plus_one(gram)
    streams = range(len(z))
    x = [sum(inverse[i][j] * z[j] for j in streams) for i in streams]
    # A G^-1 = I - G^-1 without the subtraction.
    gain = [
        tf.math.real(sum(gram[i][j] * inverse[j][i] for j in streams)) for i in streams
    ]
    left = [tf.math.real(inverse[i][i]) for i in streams]
    clear = tf.ones_like(left[0], tf.bool)
    for i in streams:
        a = tf.math.real(gram[i][i])
        clear &= gain[i] >= _CLEAR * a * left[i]
        clear &= _CLEAR * (1 + a) * left[i] <= 1
    return x, gain, left, clear


def _inverse_plus_one(gram):
    """Return (A + I)^-1 by sweeps, each one over all elements at once.

    What is swept is negative: first -1 / pivot, then more for each later sweep. So an
    early pivot that cancelled stays to be seen in the result.
    """
    n = len(gram)
    g = [list(row) for row in gram]
    for k in range(n):
        g[k][k] = g[k][k] + 1
    for k in range(n):
        # What is left of a diagonal entry of A + I is at least 1, but for rounding.
        pivot = tf.cast(1 / tf.maximum(tf.math.real(g[k][k]), 1), g[k][k].dtype)
        column = [g[i][k] for i in range(n)]
        for i, j in itertools.combinations_with_replacement(range(n), 2):
            if k not in (i, j):
                g[i][j] = g[i][j] - column[i] * tf.math.conj(column[j]) * pivot
                g[j][i] = tf.math.conj(g[i][j])
        for i in range(n):
            g[i][k] = column[i] * pivot
            g[k][i] = tf.math.conj(g[i][k])
        g[k][k] = -pivot
    return [[-entry for entry in row] for row in g]


def _unbiased(x, gain, left):
    """Return x / gain and left / gain, safe at zero gain."""
    gain = tf.maximum(gain, _TINY)
    return x / tf.cast(gain, x.dtype), left / gain


def _mend(x_hat, no_eff, where, y, h, s):
    """Compute the elements ``where`` : [n, batch and element] in double precision."""
    s = tf.broadcast_to(tf.cast(s, tf.float64), tf.shape(y))
    root = tf.cast(tf.math.rsqrt(s), tf.complex128)
    y_w = tf.cast(y, tf.complex128) * root
    h_w = tf.cast(h, tf.complex128) * root[:, :, None]
    y_w, h_w = (tf.gather_nd(_last(v, axes), where) for v, axes in ((y_w, 1), (h_w, 2)))
    x, no = _least_squares(y_w, h_w)
    return _put(x_hat, where, x), _put(no_eff, where, no)


def _least_squares(y, h):
    """Solve [H; I] x = [y; 0]; y : [n, num_rx], h : [n, num_rx, num_streams]."""
    num_rx, num_streams = h.shape[1:]
    eye = tf.eye(num_streams, batch_shape=tf.shape(h)[:1], dtype=h.dtype)
    q, r = tf.linalg.qr(tf.concat([h, eye], axis=1))
    inverse = tf.linalg.triangular_solve(r, eye, lower=False)
    x = tf.linalg.matvec(inverse, tf.linalg.matvec(q[:, :num_rx], y, adjoint_a=True))
    left = tf.reduce_sum(_power(inverse), axis=-1)
    return _unbiased(x, 1 - left, left)


def _last(v, num_axes):
    """Move the axes of antennas (and streams) behind those of elements."""
    rank = v.shape.rank
    return tf.transpose(v, [0, *range(1 + num_axes, rank), *range(1, 1 + num_axes)])


def _put(v, where, values):
    """Replace elements of ``v`` : [batch, num_streams, ...]."""
    rank = v.shape.rank
    new = tf.tensor_scatter_nd_update(_last(v, 1), where, tf.cast(values, v.dtype))
    return tf.transpose(new, [0, rank - 1, *range(1, rank - 1)])


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
